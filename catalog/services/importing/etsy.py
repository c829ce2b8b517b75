"""Etsy's listings CSV: one row is one listing, and one listing becomes one variant.

The file names a listing's choices (size, colour) but not which combinations exist, what each of
them costs or how many there are: PRICE and QUANTITY are the listing's. Making variants of them
would invent prices and sell what isn't there. So a listing with choices comes in as one variant,
its choices kept as facts, and as a draft, until the seller has made the variants.

A listing has no id. Its single SKU is its key, else its title.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from catalog.services.importing import limits
from catalog.services.importing.assembling import assemble
from catalog.services.importing.cells import (
    cut,
    read_images,
    read_quantity,
    require_currency,
    required_price,
)
from catalog.services.importing.drafts import (
    ImageDraft,
    ProductDraft,
    Status,
    VariantDraft,
)
from catalog.services.importing.headers import by_word, header_word
from catalog.services.importing.parsing import Keys, Parser
from catalog.services.importing.reading import BadRow, Notes, Reading, all_of
from catalog.services.importing.rows import Row
from catalog.services.importing.texts import mend, one_line, slug_of, split_list
from marketflow.core.html import text_to_html

COLUMNS = by_word(
    {
        "title": "TITLE|TITEL|TITRE|TÍTULO|TITOLO",
        "description": "DESCRIPTION|BESCHREIBUNG|DESCRIPCIÓN|DESCRIZIONE|BESCHRIJVING|DESCRIÇÃO",
        "price": "PRICE|PREIS|PRIX|PRECIO|PREZZO|PRIJS|PREÇO",
        "currency": "CURRENCY_CODE|WÄHRUNGSCODE|WÄHRUNG|CODE DE DEVISE|CODE DEVISE|DEVISE|"
        "CÓDIGO DE MONEDA|CÓDIGO DE DIVISA|CODICE VALUTA|VALUTACODE|CÓDIGO DA MOEDA",
        "quantity": "QUANTITY|ANZAHL|MENGE|QUANTITÉ|CANTIDAD|QUANTITÀ|HOEVEELHEID|AANTAL|"
        "QUANTIDADE",
        "tags": "TAGS|ETIQUETTES|ETIQUETAS|TAG",
        "materials": "MATERIALS|MATERIALIEN|MATÉRIAUX|MATERIALES|MATERIALI|MATERIALEN|MATERIAIS",
        "sku": "SKU|ARTIKELNUMMER|UGS",
    }
)
_IMAGE = re.compile(r"(?:image|bild|imagen|immagine|afbeelding|imagem|foto)s?(\d+)")
_VARIATION = re.compile(r"(?:vari|opci)[a-z]*")
_KINDS = (
    ("values", re.compile(r"value|wert|valeur|valor|waarde")),
    ("name", re.compile(r"name|nom|naam|nombre|nome")),
    ("kind", re.compile(r"t[iy]p|art")),
)


class Etsy(Parser):
    name = "etsy"
    columns = COLUMNS
    fields = {
        "title": "title",
        "description": "description_html",
        "price": "price_minor",
        "quantity": "quantity",
        "tags": "tags",
        "materials": "attributes",
        "image:1": "images",
        "sku": "sku",
    }
    required = (frozenset({"title"}), frozenset({"price"}), frozenset({"quantity"}))
    telling = frozenset({"currency", "materials", "image:1", "values:1"})
    learns = True

    def __init__(self, titles: Iterable[str]) -> None:
        super().__init__(titles)
        self._keys = Keys()

    @classmethod
    def name_of(cls, title: str) -> str | None:
        word = header_word(title)
        if image := _IMAGE.fullmatch(word):
            return f"image:{int(image[1])}"
        number = re.search(r"\d", word)
        if number and _VARIATION.search(word):
            rest = _VARIATION.sub("", word, count=1)
            kind = next((name for name, spelt in _KINDS if spelt.search(rest)), None)
            return kind and f"{kind}:{number[0]}"
        return cls.columns.get(word)

    @classmethod
    def score(cls, titles: list[str]) -> int:
        has = {name for title in titles if (name := cls.name_of(title))}
        return super().score(titles) if len(has & cls.telling) >= 2 else 0

    def unread(self) -> list[str]:
        return [title for title in self.titles if title and self.name_of(title) is None]

    def learn(self, row: Row) -> None:
        self._keys.give(row.record, *_wishes(row))

    def key_of(self, row: Row) -> str:
        return self._keys.of(row.record, *_wishes(row))

    def product(
        self, key: str, rows: list[Row], reading: Reading, notes: Notes
    ) -> ProductDraft | None:
        row = rows[0]
        title = cut(one_line(html.unescape(row["title"])), limits.MAX_TITLE, row, "title", notes)
        choices = tuple(_choices(row))
        variants = tuple(_variants(row, reading, notes))
        if choices and variants:
            message = _(
                "The file doesn't say which of the listing's choices exist, what they cost and "
                "how many there are. The product is a draft until its variants have been made."
            )
            notes.warn(row, "choices_not_in_file", message)
        draft = ProductDraft(
            key=key,
            records=(row.record,),
            title=title,
            description_html=text_to_html(html.unescape(mend(row["description"]))),
            tags=tuple(" ".join(tag.replace("_", " ").split()) for tag in split_list(row["tags"])),
            status=Status.DRAFT if choices else Status.PUBLISHED,
            attributes=(*_materials(row), *choices),
            variants=variants,
            images=tuple(_images(row, notes)),
        )
        return assemble(draft, rows, reading, notes)


def _skus(row: Row) -> tuple[str, ...]:
    return split_list(row["sku"])


def _wishes(row: Row) -> tuple[str, ...]:
    skus = _skus(row)
    title = slug_of(html.unescape(row["title"])) or one_line(row["title"])[:100]
    return (skus[0][: limits.MAX_KEY], title) if len(skus) == 1 else (title or f"?{row.record}",)


def _variants(row: Row, reading: Reading, notes: Notes) -> Iterator[VariantDraft]:
    """The one variant of a listing, or none where the row is bad."""
    try:
        yield _variant(row, reading, notes)
    except BadRow as bad:
        notes.bad(row, bad)


def _variant(row: Row, reading: Reading, notes: Notes) -> VariantDraft:
    _currency, price, quantity = all_of(
        lambda: require_currency(row, reading),
        lambda: required_price(row, "price", reading, notes),
        lambda: read_quantity(row, "quantity", notes),
    )
    skus = _skus(row)
    return VariantDraft(
        record=row.record,
        sku=skus[0][: limits.MAX_SKU] if len(skus) == 1 else "",
        price_minor=price,
        currency=reading.currency,
        tracked=quantity is not None,
        quantity=quantity,
    )


def _materials(row: Row) -> Iterator[tuple[str, str]]:
    for material in split_list(row["materials"]):
        yield "Material", material.replace("_", " ")


def _choices(row: Row) -> Iterator[tuple[str, str]]:
    """The names and values of the listing's variations, as facts."""
    for number in ("1", "2"):
        values = split_list(html.unescape(row[f"values:{number}"]))
        name = one_line(html.unescape(row[f"name:{number}"])) or one_line(row[f"kind:{number}"])
        for value in values:
            yield name or f"Option {number}", value


def _images(row: Row, notes: Notes) -> list[ImageDraft]:
    numbers = sorted(int(name[6:]) for name in row.cells if name.startswith("image:"))
    return [image for number in numbers for image in read_images(row, f"image:{number}", notes)]
