"""Google's product feed, as RSS, Atom or tab-separated text.

Items with one `item_group_id` are variants of one product, told apart by colour, size, gender, age
group, material and pattern: those that differ become options, at most three; the others are facts.
An item that is in stock without a count isn't tracked; one that is out of stock has 0 left, and so
has one that can only be ordered ahead.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import combinations

from django.utils.translation import gettext as _

from catalog.services.importing import limits
from catalog.services.importing.assembling import assemble
from catalog.services.importing.cells import (
    read_barcode,
    read_condition,
    read_google_category,
    read_grams,
    read_images,
    read_line,
    read_price,
    read_quantity,
    read_sku,
    required_price,
)
from catalog.services.importing.drafts import ImageDraft, ProductDraft, VariantDraft
from catalog.services.importing.headers import header_word
from catalog.services.importing.parsing import Parser
from catalog.services.importing.reading import BadRow, Notes, Reading, all_of
from catalog.services.importing.rows import Row
from catalog.services.importing.texts import mend, one_line, slug_of, split_path
from marketflow.core.html import clean_html, text_to_html

# What may tell the items of a group apart, the most telling first. Stored with the product, so in
# one language: the same file read under another must not change anything.
OPTIONS = {
    "color": "Colour",
    "size": "Size",
    "material": "Material",
    "pattern": "Pattern",
    "gender": "Gender",
    "age_group": "Age group",
}
COLUMNS = {
    header_word(name): name
    for name in [
        "id",
        "title",
        "description",
        "link",
        "image_link",
        "additional_image_link",
        "availability",
        "quantity",
        "price",
        "sale_price",
        "sale_price_effective_date",
        "brand",
        "gtin",
        "mpn",
        "condition",
        "google_product_category",
        "product_type",
        "item_group_id",
        "shipping_weight",
        "identifier_exists",
    ]
} | {header_word(name): name for name in OPTIONS}
COLUMNS |= {"selltogooglequantity": "quantity", "colour": "color", "imageurl": "image_link"}
_TAG = re.compile(r"<[a-zA-Z/][^>]*>")
_IN_STOCK, _AHEAD = ("instock",), ("preorder", "backorder")


class Google(Parser):
    name = "google"
    columns = COLUMNS
    fields = {
        "title": "title",
        "description": "description_html",
        "brand": "brand",
        "google_product_category": "google_category",
        "product_type": "categories",
        "condition": "condition",
        "id": "sku",
        "gtin": "barcode",
        "price": "price_minor",
        "sale_price": "compare_at_minor",
        "availability": "quantity",
        "shipping_weight": "weight_grams",
        "image_link": "images",
        "mpn": "attributes",
    }
    required = (frozenset({"id"}), frozenset({"title"}), frozenset({"price"}))
    telling = frozenset({"availability", "image_link", "google_product_category", "gtin"})

    @classmethod
    def name_of(cls, title: str) -> str | None:
        return super().name_of(title.strip().removeprefix("g:"))

    def field_names(self) -> frozenset[str]:
        also = {"options", "attributes", "image_url"}
        if self.has & {"availability", "quantity"}:
            also |= {"tracked", "quantity"}
        return super().field_names() | also

    def key_of(self, row: Row) -> str:
        key = one_line(row["item_group_id"]) or one_line(row["id"])
        return key[: limits.MAX_KEY] or f"?{row.record}"

    def product(
        self, key: str, rows: list[Row], reading: Reading, notes: Notes
    ) -> ProductDraft | None:
        first = rows[0]
        if key.startswith("?"):
            return notes.error(first, "no_id", _("The item has no id."), "id")
        if not one_line(first["item_group_id"]) and len(rows) > 1:
            for row in rows[1:]:
                notes.error(row, "repeated_id", _("Another item has the same id."), "id")
            rows = rows[:1]
        names = _differing(rows)
        google_id, google_path = read_google_category(first, "google_product_category")
        title = read_line(first, "title", limits.MAX_TITLE, notes)
        draft = ProductDraft(
            key=key,
            records=tuple(row.record for row in rows),
            title=title,
            slug=slug_of(title),
            description_html=_description(first),
            brand=read_line(first, "brand", limits.MAX_BRAND, notes),
            categories=_categories(first, google_path),
            google_category=google_id,
            condition=read_condition(first, "condition"),
            options=tuple(OPTIONS[name] for name in names),
            attributes=tuple(_facts(rows)),
            variants=tuple(_variants(rows, names, reading, notes)),
            images=tuple(dict.fromkeys(i for row in rows for i in _images(row, notes))),
        )
        return assemble(draft, rows, reading, notes)


def _differing(rows: Sequence[Row]) -> tuple[str, ...]:
    """The attributes in which these items differ; of more than three, the most telling."""
    differ = [name for name in OPTIONS if len({one_line(row[name]) for row in rows}) > 1]
    choices = list(combinations(differ, min(len(differ), limits.MAX_OPTIONS)))
    return max(choices, key=lambda names: len({_choice(row, names) for row in rows}))


def _choice(row: Row, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(one_line(row[name])[: limits.MAX_OPTION_VALUE] for name in names)


def _facts(rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """What all of them have in common."""
    for name, title in OPTIONS.items():
        if len({one_line(row[name]) for row in rows}) == 1:
            yield title, one_line(rows[0][name])
    if len(rows) == 1:
        yield "MPN", one_line(rows[0]["mpn"])


def _variants(
    rows: Sequence[Row], names: Sequence[str], reading: Reading, notes: Notes
) -> Iterator[VariantDraft]:
    for row in rows:
        try:
            yield _variant(row, names, len(rows) > 1, reading, notes)
        except BadRow as bad:
            notes.bad(row, bad)


def _variant(
    row: Row, names: Sequence[str], in_group: bool, reading: Reading, notes: Notes
) -> VariantDraft:
    (price, former), (tracked, quantity) = all_of(
        lambda: _prices(row, reading, notes), lambda: _stock(row, notes)
    )
    picture = read_images(row, "image_link", Notes()) if in_group else []
    return VariantDraft(
        record=row.record,
        options=_choice(row, names),
        sku=read_sku(row, "id", notes),
        barcode=read_barcode(row, "gtin", notes),
        price_minor=price,
        compare_at_minor=former,
        currency=reading.currency,
        tracked=tracked,
        quantity=quantity,
        weight_grams=read_grams(row, "shipping_weight", "kg", notes),
        image_url=picture[0].url if picture else "",
    )


def _prices(row: Row, reading: Reading, notes: Notes) -> tuple[int | None, int | None]:
    """A sale price counts if it is the lower one and its dates include now."""
    regular = required_price(row, "price", reading, notes)
    try:
        sale = read_price(row, "sale_price", reading, notes)
        on = _is_on(row["sale_price_effective_date"], reading.now)
    except BadRow as bad:
        notes.warn(row, bad.code, bad.message, bad.column)
        return regular, None
    if sale is None or regular is None or sale >= regular or not on:
        return regular, None
    return sale, regular


def _is_on(text: str, now: datetime) -> bool:
    if not text.strip():
        return True
    try:
        start, end = (datetime.fromisoformat(part.strip()) for part in text.split("/"))
    except ValueError as error:
        message = _("The dates of the sale price can't be read; the regular price counts.")
        raise BadRow("bad_date", message, "sale_price_effective_date") from error
    start, end = (day if day.tzinfo else day.replace(tzinfo=now.tzinfo) for day in (start, end))
    return start <= now <= end


def _stock(row: Row, notes: Notes) -> tuple[bool, int | None]:
    state = header_word(row["availability"])
    quantity = read_quantity(row, "quantity", notes)
    if not state or state in _IN_STOCK:
        return quantity is not None, quantity
    if state in _AHEAD:
        notes.warn(row, "not_in_stock_yet", _("What is not in stock yet isn't sold here."))
    elif state not in ("outofstock", "soldout"):
        message = _("The availability “%(text)s” isn't known; the item counts as out of stock.")
        message %= {"text": one_line(row["availability"])[:40]}
        notes.warn(row, "bad_availability", message, "availability")
    return True, 0


def _images(row: Row, notes: Notes) -> list[ImageDraft]:
    return [
        image
        for column in ("image_link", "additional_image_link")
        for image in read_images(row, column, notes)
    ]


def _description(row: Row) -> str:
    text = mend(row["description"])
    return clean_html(text) if _TAG.search(text) else text_to_html(html.unescape(text))


def _categories(row: Row, google_path: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    own = (split_path(line) for line in row["product_type"].split("\n"))
    return tuple(dict.fromkeys(path for path in (google_path, *own) if path))
