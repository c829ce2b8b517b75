"""WooCommerce's prices with their dates, and its stock, which variations may share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from django.utils.translation import gettext as _

from catalog.services.importing.cells import (
    read_barcode,
    read_flag,
    read_grams,
    read_images,
    read_price,
    read_quantity,
    read_sku,
    required_price,
)
from catalog.services.importing.drafts import VariantDraft
from catalog.services.importing.reading import BadRow, Notes, Reading, all_of
from catalog.services.importing.rows import Row
from catalog.services.importing.texts import one_line

SHARED = "parent"


def read_variant(
    row: Row,
    parent: Row,
    options: tuple[str, ...],
    weight_unit: str,
    reading: Reading,
    notes: Notes,
) -> VariantDraft:
    """One simple product or variation; a blank weight is its parent's. Raises BadRow."""
    (price, former), (tracked, quantity) = all_of(
        lambda: _prices(row, reading, notes), lambda: _stock(row, notes)
    )
    pictures = [] if row is parent else read_images(row, "images", notes)
    weight = read_grams(row, "weight", weight_unit, notes)
    if weight is None and row is not parent:
        weight = read_grams(parent, "weight", weight_unit, notes)
    return VariantDraft(
        record=row.record,
        options=options,
        sku=read_sku(row, "sku", notes),
        barcode=read_barcode(row, "barcode", notes),
        price_minor=price,
        compare_at_minor=former,
        currency=reading.currency,
        tracked=tracked,
        quantity=quantity,
        weight_grams=weight,
        requires_shipping="virtual" not in one_line(row["type"]).casefold(),
        image_url=pictures[0].url if pictures else "",
    )


def _prices(row: Row, reading: Reading, notes: Notes) -> tuple[int | None, int | None]:
    """What is payable today, and the regular price if that is higher."""
    regular = required_price(row, "regular", reading, notes)
    try:
        sale = read_price(row, "sale", reading, notes)
    except BadRow as bad:
        notes.warn(row, bad.code, bad.message, bad.column)
        return regular, None
    if sale is None or regular is None or sale >= regular or not _is_on(row, reading, notes):
        return regular, None
    return sale, regular


def _is_on(row: Row, reading: Reading, notes: Notes) -> bool:
    """Whether the sale is on today; its last day counts in full."""
    today = reading.now.date()
    try:
        start, end = _day(row["sale_from"]), _day(row["sale_to"])
    except ValueError:
        message = _("The dates of the sale price can't be read; the regular price counts.")
        notes.warn(row, "bad_date", message, "sale_from")
        return False
    on = (start is None or start <= today) and (end is None or today <= end)
    if not on:
        message = _("The sale price is not in force today; the regular price counts.")
        notes.warn(row, "sale_not_on", message, "sale")
    return on


def _day(text: str) -> date | None:
    text = one_line(text)
    if not text:
        return None
    return datetime.fromisoformat(text).date()


def _stock(row: Row, notes: Notes) -> tuple[bool, int | None]:
    """Blank is not managed. Not managed and yet out of stock: none are left to sell."""
    if one_line(row["stock"]).casefold() == SHARED:
        return False, None
    quantity = read_quantity(row, "stock", notes)
    if quantity is None and not read_flag(row, "in_stock", default=True):
        return True, 0
    return quantity is not None, quantity


def share_out(
    variants: Sequence[VariantDraft], parent: Row, children: Sequence[Row], notes: Notes
) -> Iterator[VariantDraft]:
    """Stock counted on the parent goes to its variations in equal parts, the rest to the first.

    A variation shares it where its own cell says `parent`.
    """
    texts = {row.record: one_line(row["stock"]).casefold() for row in children}
    sharing = [v.record for v in variants if texts.get(v.record) == SHARED]
    total = _parents_stock(parent, notes) if sharing else None
    if total is not None:
        message = _("Its stock of %(total)d was shared out among %(count)d variations.")
        message %= {"total": total, "count": len(sharing)}
        notes.warn(parent, "shared_stock", message, "stock")
    for variant in variants:
        if variant.record not in sharing or total is None:
            yield variant
            continue
        place = sharing.index(variant.record)
        part = total // len(sharing) + (place < total % len(sharing))
        yield replace(variant, tracked=True, quantity=part)


def _parents_stock(parent: Row, notes: Notes) -> int | None:
    try:
        return read_quantity(parent, "stock", notes)
    except BadRow as bad:
        notes.warn(parent, bad.code, bad.message, bad.column)
        return None
