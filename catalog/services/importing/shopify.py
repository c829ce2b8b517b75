"""Shopify's product CSV: a row is a variant, a picture, or both; one handle is one product.

What belongs to the product stands on its first row. `Title` / `Default Title` means "no options".
A repeated SKU stays with the first variant that bears it. A product is published here if it is
both published and active there.
"""

from __future__ import annotations

import re
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
    required_price,
)
from catalog.services.importing.drafts import (
    ImageDraft,
    ProductDraft,
    Status,
    TaxClass,
    VariantDraft,
)
from catalog.services.importing.parsing import Parser
from catalog.services.importing.reading import BadRow, Notes, Reading, all_of
from catalog.services.importing.rows import Row
from catalog.services.importing.shopify_columns import COLUMNS, FIELDS
from catalog.services.importing.texts import (
    mend,
    one_line,
    slug_of,
    split_list,
    split_pairs,
    split_path,
)
from marketflow.core.html import clean_loose_html

OWN_SPACE = "marketflow"  # The metafields of our own exports, for what Shopify has no column.
_METAFIELD = re.compile(r"(.+) \(product\.metafields\.([\w-]+)\.([\w-]+)\)$")
_VALUES = ("value1", "value2", "value3")


class Shopify(Parser):
    name = "shopify"
    columns = COLUMNS
    fields = FIELDS
    required = (frozenset({"handle", "title"}),)
    telling = frozenset({
        "description", "brand", "published", "type", "name1", "value1", "grams", "tracker",
        "policy", "compare_at", "image", "variant_image", "barcode", "status", "tags", "seo_title",
        "price", "sku", "quantity",
    })  # fmt: skip

    @classmethod
    def name_of(cls, title: str) -> str | None:
        found = _METAFIELD.match(title.strip())
        if not found:
            return super().name_of(title)
        if found[2] == OWN_SPACE:
            return f"own:{found[3]}"
        return None if found[2] == "shopify" else f"attribute:{found[1]}"

    @classmethod
    def score(cls, titles: Sequence[str]) -> int:
        has = {name for title in titles if (name := cls.name_of(title))}
        return super().score(titles) if "handle" in has and len(has) >= 3 else 0

    @property
    def repairs(self) -> bool:
        return not any(name.startswith("own:") for name in self.has)

    def field_names(self) -> frozenset[str]:
        own = {"own:listed": "listed", "own:tax_class": "tax_class", "own:category": "categories"}
        found = {own[name] for name in self.has if name in own}
        if any(name.startswith("attribute:") or name == "own:attributes" for name in self.has):
            found.add("attributes")
        return super().field_names() | found

    def key_of(self, row: Row) -> str:
        handle = one_line(row["handle"]) or slug_of(row["title"])
        return handle[: limits.MAX_KEY] or f"?{row.record}"

    def product(
        self, key: str, rows: list[Row], reading: Reading, notes: Notes
    ) -> ProductDraft | None:
        first = rows[0]
        if key.startswith("?"):
            return notes.error(first, "no_handle", _("The row has no handle."), "handle")
        if read_flag(first, "gift_card", default=False):
            for row in rows:
                notes.skip(row, "gift_card", _("Gift cards aren't sold here."))
            return None
        names, slots = _options(rows, notes)
        draft = ProductDraft(
            key=key,
            records=tuple(row.record for row in rows),
            title=read_line(first, "title", limits.MAX_TITLE, notes),
            slug=slug_of(key),
            description_html=clean_loose_html(mend(first["description"])),
            brand=read_line(first, "brand", limits.MAX_BRAND, notes),
            categories=_categories(first),
            google_category=read_google_category(first, "google_category")[0],
            tags=split_list(first["tags"]),
            status=_status(first),
            listed=read_flag(first, "own:listed", default=True),
            tax_class=_tax_class(rows),
            condition=read_condition(first, "condition"),
            options=names,
            attributes=tuple(self._attributes(first)),
            variants=tuple(_variants(rows, slots, reading, notes)),
            images=tuple(_images(rows, notes)),
            seo_title=read_line(first, "seo_title", limits.MAX_SEO_TITLE, notes),
            seo_description=read_line(first, "seo_description", limits.MAX_SEO_DESCRIPTION, notes),
        )
        return assemble(draft, rows, reading, notes)

    def _attributes(self, row: Row) -> Iterator[tuple[str, str]]:
        yield from split_pairs(row["own:attributes"])
        for title, column in (("Gender", "gender"), ("Age group", "age_group"), ("MPN", "mpn")):
            yield title, one_line(row[column])
        for column in row.cells:
            if column.startswith("attribute:"):
                yield column.removeprefix("attribute:"), one_line(row[column])


def _is_variant(row: Row) -> bool:
    """A row of a variant has an option value or a price; or, in a file of a few columns, a SKU."""
    return any(row[column] for column in (*_VALUES, "price", "sku", "quantity"))


def _options(rows: Sequence[Row], notes: Notes) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The options' names, and which of the three slots they stand in."""
    first, names, slots = rows[0], [], []
    for slot in (1, 2, 3):
        name = read_line(first, f"name{slot}", limits.MAX_OPTION_NAME, notes)
        values = {one_line(row[f"value{slot}"]) for row in rows} - {""}
        if not values or (slot == 1 and values == {"Default Title"}):
            continue
        names.append(name or f"Option {slot}")
        slots.append(slot)
    return tuple(names), tuple(slots)


def _variants(
    rows: Sequence[Row], slots: Sequence[int], reading: Reading, notes: Notes
) -> Iterator[VariantDraft]:
    for row in rows:
        if not _is_variant(row):
            if not row["image"] and row is not rows[0]:
                notes.skip(row, "nothing_in_row", _("The row holds no variant and no picture."))
            continue
        try:
            yield _variant(row, slots, reading, notes)
        except BadRow as bad:
            notes.bad(row, bad)


def _variant(row: Row, slots: Sequence[int], reading: Reading, notes: Notes) -> VariantDraft:
    price, (tracked, quantity) = all_of(
        lambda: required_price(row, "price", reading, notes),
        lambda: _stock(row, reading, notes),
    )
    pictures = read_images(row, "variant_image", notes)
    return VariantDraft(
        record=row.record,
        options=tuple(
            read_line(row, f"value{slot}", limits.MAX_OPTION_VALUE, notes) for slot in slots
        ),
        sku=read_sku(row, "sku", notes),
        barcode=read_barcode(row, "barcode", notes),
        price_minor=price,
        compare_at_minor=former_price(row, "compare_at", price, reading, notes),
        currency=reading.currency,
        tracked=tracked,
        quantity=quantity,
        weight_grams=read_grams(row, "grams", "g", notes),
        requires_shipping=read_flag(row, "ships", default=True),
        image_url=pictures[0].url if pictures else "",
    )


def _stock(row: Row, reading: Reading, notes: Notes) -> tuple[bool, int | None]:
    """Tracked needs a tracker and a quantity; a column that isn't in the file says nothing.

    A shop with several places keeps its quantities elsewhere: its variants are tracked, and how
    many are left is not in the file.
    """
    quantity = read_quantity(row, "quantity", notes)
    if not reading.has("tracker"):
        return quantity is not None, quantity
    tracked = bool(one_line(row["tracker"]))
    if tracked and quantity is not None and read_flag(row, "policy", default=False):
        notes.warn(row, "no_overselling", _("Nothing is sold here beyond what is in stock."))
    return tracked and (quantity is not None or not reading.has("quantity")), quantity


def _images(rows: Sequence[Row], notes: Notes) -> list[ImageDraft]:
    """The gallery by position; pictures without one come where they stand."""
    found = []
    for order, row in enumerate(rows):
        position = one_line(row["image_position"])
        place = int(position) if position.isdecimal() and len(position) < 6 else order + 1
        images = read_images(row, "image", notes, alt=row["image_alt"])
        found += [(place, order, image) for image in images]
    return [image for _place, _order, image in sorted(found, key=lambda one: one[:2])]


def _status(row: Row) -> Status:
    status = one_line(row["status"]).casefold() or "active"
    if status == "archived":
        return Status.ARCHIVED
    published = read_flag(row, "published", default=True)
    return Status.PUBLISHED if status == "active" and published else Status.DRAFT


def _tax_class(rows: Sequence[Row]) -> TaxClass:
    own = one_line(rows[0]["own:tax_class"])
    if own in set(TaxClass):
        return TaxClass(own)
    variants = [row for row in rows if _is_variant(row)]
    taxed = any(read_flag(row, "taxable", default=True) for row in variants)
    return TaxClass.STANDARD if taxed or not variants else TaxClass.ZERO


def _categories(row: Row) -> tuple[tuple[str, ...], ...]:
    """Our own paths; else the platform's category, Google's, and last the shop's own type."""
    paths = [split_path(line) for line in row["own:category"].split("\n")]
    if not any(paths):
        google = read_google_category(row, "google_category")[1]
        paths = [split_path(row["category"]), google, split_path(row["type"])]
    return tuple(dict.fromkeys(path for path in paths if path))
