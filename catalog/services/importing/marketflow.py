"""MarketFlow's own CSV, which holds everything the catalogue keeps (see `marketflow_columns`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from catalog.services.importing import limits
from catalog.services.importing.assembling import assemble
from catalog.services.importing.cells import (
    former_price,
    read_barcode,
    read_condition,
    read_flag,
    read_google_category,
    read_grams,
    read_images,
    read_line,
    read_quantity,
    read_sku,
    require_currency,
    required_price,
)
from catalog.services.importing.drafts import (
    ImageDraft,
    ProductDraft,
    Status,
    TaxClass,
    VariantDraft,
)
from catalog.services.importing.marketflow_columns import COLUMNS, FIELDS
from catalog.services.importing.parsing import Parser
from catalog.services.importing.reading import BadRow, Notes, Reading, all_of
from catalog.services.importing.rows import Row
from catalog.services.importing.texts import (
    mend,
    one_line,
    slug_of,
    split_list,
    split_pairs,
    split_path,
)
from marketflow.core.html import clean_html


class MarketFlow(Parser):
    name = "marketflow"
    columns = {name: name for name in COLUMNS}
    fields = FIELDS
    required = (frozenset({"handle"}),)
    telling = frozenset({"description_html", "option1_name", "image_alts", "compare_at_price"})

    @classmethod
    def name_of(cls, title: str) -> str | None:
        return cls.columns.get(title.strip())

    @property
    def repairs(self) -> bool:
        return False  # The market writes its letters once.

    def unread(self) -> list[str]:
        return [title for title in self.titles if title and self.name_of(title) is None]

    def key_of(self, row: Row) -> str:
        return one_line(row["handle"])[: limits.MAX_KEY] or f"?{row.record}"

    def product(
        self, key: str, rows: list[Row], reading: Reading, notes: Notes
    ) -> ProductDraft | None:
        first = rows[0]
        if key.startswith("?"):
            return notes.error(first, "no_handle", _("The row has no handle."), "handle")
        names = {
            n: read_line(first, f"option{n}_name", limits.MAX_OPTION_NAME, notes) for n in "123"
        }
        slots = [number for number, name in names.items() if name]
        draft = ProductDraft(
            key=key,
            records=tuple(row.record for row in rows),
            title=read_line(first, "title", limits.MAX_TITLE, notes),
            slug=slug_of(key),
            description_html=clean_html(mend(first["description_html"])),
            brand=read_line(first, "brand", limits.MAX_BRAND, notes),
            categories=tuple(
                p for line in first["categories"].split("\n") if (p := split_path(line))
            ),
            google_category=read_google_category(first, "google_category")[0],
            tags=split_list(first["tags"]),
            status=_one_of(Status, first, "status", notes),
            listed=read_flag(first, "listed", default=True),
            tax_class=_one_of(TaxClass, first, "tax_class", notes),
            condition=read_condition(first, "condition"),
            options=tuple(names[slot] for slot in slots),
            attributes=tuple(split_pairs(first["attributes"])),
            variants=tuple(_variants(rows, slots, reading, notes)),
            images=tuple(_images(first, notes)),
            seo_title=read_line(first, "seo_title", limits.MAX_SEO_TITLE, notes),
            seo_description=read_line(first, "seo_description", limits.MAX_SEO_DESCRIPTION, notes),
        )
        return assemble(draft, rows, reading, notes)


def _one_of(words: type, row: Row, column: str, notes: Notes):
    """The word in the cell; the usual one for a blank; an unknown word makes nothing public."""
    text = one_line(row[column]).casefold()
    if text in set(words):
        return words(text)
    usual = next(iter(words))
    if not text:
        return usual
    message = _("“%(text)s” isn't known here.") % {"text": text[:40]}
    notes.warn(row, "unknown_word", message, column)
    return Status.DRAFT if words is Status else usual


def _variants(
    rows: Sequence[Row], slots: Sequence[str], reading: Reading, notes: Notes
) -> Iterator[VariantDraft]:
    for row in rows:
        try:
            yield _variant(row, slots, reading, notes)
        except BadRow as bad:
            notes.bad(row, bad)


def _variant(row: Row, slots: Sequence[str], reading: Reading, notes: Notes) -> VariantDraft:
    _currency, price, quantity = all_of(
        lambda: require_currency(row, reading),
        lambda: required_price(row, "price", reading, notes),
        lambda: read_quantity(row, "quantity", notes),
    )
    picture = read_images(row, "variant_image", notes)
    return VariantDraft(
        record=row.record,
        options=tuple(
            read_line(row, f"option{slot}_value", limits.MAX_OPTION_VALUE, notes) for slot in slots
        ),
        sku=read_sku(row, "sku", notes),
        barcode=read_barcode(row, "barcode", notes),
        price_minor=price,
        compare_at_minor=former_price(row, "compare_at_price", price, reading, notes),
        currency=reading.currency,
        tracked=read_flag(row, "tracked", default=quantity is not None),
        quantity=quantity,
        weight_grams=read_grams(row, "weight_grams", "g", notes),
        requires_shipping=read_flag(row, "requires_shipping", default=True),
        image_url=picture[0].url if picture else "",
    )


def _images(row: Row, notes: Notes) -> list[ImageDraft]:
    alts = row["image_alts"].split("\n")
    images = []
    for number, image in enumerate(read_images(row, "images", notes)):
        images.append(ImageDraft(image.url, one_line(alts[number]) if number < len(alts) else ""))
    return images
