"""Moving stock. The only code that writes `StockItem` and `StockMovement`.

Rows are always taken in primary-key order, so that two checkouts can't deadlock. Quantities
are `{stock_item_id: how_many}`. `allocated` is explained by the order lines that hold it,
`on_hand` by its movements. Every function runs in the caller's transaction or opens its own,
tells open pages on commit, and publishes `StockChanged`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import BigIntegerField, F, IntegerField
from django.db.models.functions import Now

from catalog import live
from catalog.events import StockChanged
from catalog.models import StockItem, StockMovement, Variant
from marketflow.core import guards
from marketflow.core.compiled import CompiledUpdate
from marketflow.core.errors import Refusal
from marketflow.core.events import publish
from marketflow.core.transactions import whole_unit

Kind = StockMovement.Kind
BATCH = 250


# Condition and change are one statement: no rival fits between them.
_taken = CompiledUpdate(
    lambda pk, quantity: (
        StockItem.objects.filter(pk=pk).with_at_least(quantity),
        {"allocated": F("allocated") + quantity, "changed_at": Now()},
    ),
    pk=BigIntegerField(),
    quantity=IntegerField(),
)
# What the negative control of the race tests does instead.
_taken_blindly = CompiledUpdate(
    lambda pk, quantity: (
        StockItem.objects.filter(pk=pk),
        {"allocated": F("allocated") + quantity, "changed_at": Now()},
    ),
    pk=BigIntegerField(),
    quantity=IntegerField(),
)


class OutOfStock(Refusal):
    """`items` names each short variant and how many are left of it."""

    code = "out_of_stock"
    message = "Some items sold out while you were shopping."


class BelowAllocated(Refusal):
    code = "stock_below_allocated"
    message = "More units than that are promised to orders. Cancel order lines first."


@dataclass(frozen=True)
class Sold:
    """What an order line sends off in one parcel, or gets back in one. `parcel` names it, so that
    it counts once."""

    stock_item_id: int
    quantity: int
    order_line_id: int
    parcel: str


@whole_unit
def reserve(quantities: Mapping[int, int], *, variant_ids: Iterable[int] | None = None) -> None:
    """Promise all of it, or nothing. Raises `OutOfStock` naming every short item.

    `quantities` in units, by the stock item's primary key. `variant_ids` are the variants these
    items count; who knows them spares a question.
    """
    _require_positive(quantities.values())
    short = [pk for pk in _in_order(quantities) if not _take(pk, quantities[pk])]
    if short:
        raise OutOfStock(items=_shortages(short))
    _announce(quantities, variant_ids)


@whole_unit
def release(quantities: Mapping[int, int]) -> None:
    """Take back what was promised."""
    _require_positive(quantities.values())
    for pk in _in_order(quantities):
        promised = StockItem.objects.filter(pk=pk, allocated__gte=quantities[pk])
        if not promised.update(allocated=F("allocated") - quantities[pk], changed_at=Now()):
            raise ValueError(f"stock item {pk} has not {quantities[pk]} units promised")
    _announce(quantities)


@transaction.atomic
def recount_allocated(item: StockItem, units: int) -> None:
    """Allocate exactly `units`: what order lines are known to hold. For the doctor.

    The caller holds the row's lock. Raises `BelowAllocated` where fewer are on the shelf.
    """
    if not StockItem.objects.filter(pk=item.pk, on_hand__gte=units).update(
        allocated=units, changed_at=Now()
    ):
        raise BelowAllocated(variant=str(item.variant.uuid))
    _announce([item.pk])


@transaction.atomic
def sell(goods: Iterable[Sold]) -> None:
    """Let promised goods leave the shelf, once per order line and parcel."""
    goods = sorted(goods, key=lambda sold: (sold.stock_item_id, sold.order_line_id))
    _require_positive(sold.quantity for sold in goods)
    for sold in goods:
        promised = StockItem.objects.filter(
            pk=sold.stock_item_id, allocated__gte=sold.quantity, on_hand__gte=sold.quantity
        )
        if not promised.update(
            on_hand=F("on_hand") - sold.quantity,
            allocated=F("allocated") - sold.quantity,
            changed_at=Now(),
        ):
            raise ValueError(f"stock item {sold.stock_item_id} has not that many promised")
        StockMovement.objects.create(
            stock_item_id=sold.stock_item_id,
            kind=Kind.SALE,
            delta=-sold.quantity,
            order_line_ref=sold.order_line_id,
            dedupe_key=f"sale:{sold.order_line_id}:{sold.parcel}",
        )
    _announce(sold.stock_item_id for sold in goods)


@transaction.atomic
def put_back(goods: Iterable[Sold]) -> None:
    """Put sold goods on the shelf again, once per order line and return."""
    goods = sorted(goods, key=lambda sold: (sold.stock_item_id, sold.order_line_id))
    _require_positive(sold.quantity for sold in goods)
    for sold in goods:
        StockItem.objects.filter(pk=sold.stock_item_id).update(
            on_hand=F("on_hand") + sold.quantity, changed_at=Now()
        )
        StockMovement.objects.create(
            stock_item_id=sold.stock_item_id,
            kind=Kind.RETURN,
            delta=sold.quantity,
            order_line_ref=sold.order_line_id,
            dedupe_key=f"return:{sold.order_line_id}:{sold.parcel}",
        )
    _announce(sold.stock_item_id for sold in goods)


@transaction.atomic
def receive(
    item: StockItem, quantity: int, *, key: str, kind: Kind = Kind.RECEIPT, note: str = ""
) -> None:
    """Put `quantity` new units on the shelf, once per `key`."""
    _require_positive([quantity])
    StockItem.objects.filter(pk=item.pk).update(on_hand=F("on_hand") + quantity, changed_at=Now())
    item.movements.create(kind=kind, delta=quantity, dedupe_key=f"{kind}:{key}", note=note)
    _announce([item.pk])


@transaction.atomic
def change(item: StockItem, delta: int, *, key: str, note: str = "") -> None:
    """Correct the shelf by `delta` units, once per `key`. Raises `BelowAllocated`."""
    if not delta:
        return
    rows = StockItem.objects.alias(left=F("on_hand") - F("allocated") + delta)
    if not rows.filter(pk=item.pk, left__gte=0).update(
        on_hand=F("on_hand") + delta, changed_at=Now()
    ):
        raise BelowAllocated(variant=str(item.variant.uuid))
    item.movements.create(
        kind=Kind.CORRECTION, delta=delta, dedupe_key=f"{Kind.CORRECTION}:{key}", note=note
    )
    _announce([item.pk])


@transaction.atomic
def count(item: StockItem, on_hand: int, *, key: str, note: str = "") -> None:
    """Set the shelf to what was counted, now. Raises `BelowAllocated`."""
    locked = StockItem.objects.select_for_update().select_related("variant").get(pk=item.pk)
    change(locked, on_hand - locked.on_hand, key=key, note=note)


@transaction.atomic
def track(variant: Variant, on_hand: int = 0, *, key: str = "") -> StockItem:
    """Begin to count a variant's stock, with `on_hand` units as the opening. Safe to repeat."""
    item, is_new = StockItem.objects.get_or_create(variant=variant)
    if is_new and on_hand > 0:
        receive(item, on_hand, key=key or str(variant.uuid), kind=Kind.OPENING)
        item.refresh_from_db()
    elif is_new:
        # What is not counted is in stock; from now on it is sold out.
        _announce([item.pk])
    return item


@transaction.atomic
def open_many(openings: Iterable[tuple[Variant, int]]) -> None:
    """Begin to count the stock of many new variants at once: `(variant, on_hand)` each.

    For loads of thousands: a few statements in all. A variant must not be tracked yet.
    """
    openings = [(variant, units) for variant, units in openings]
    if any(units < 0 for _, units in openings):
        raise ValueError("stock starts at 0")
    items = StockItem.objects.bulk_create(
        StockItem(variant=variant, on_hand=units) for variant, units in openings
    )
    StockMovement.objects.bulk_create(
        StockMovement(
            stock_item=item,
            kind=Kind.OPENING,
            delta=item.on_hand,
            dedupe_key=f"{Kind.OPENING}:{variant.uuid}",
        )
        for item, (variant, units) in zip(items, openings, strict=True)
        if units
    )
    # No pushes: nobody watches a variant that did not exist.
    publish(StockChanged(stock_item_ids=[item.pk for item in items]))


@transaction.atomic
def begin_to_count(variants: Iterable[Variant]) -> None:
    """Track those of `variants` that are not tracked yet, with nothing on the shelf.

    Publishes nothing: whoever puts something there does.
    """
    items = [StockItem(variant=variant) for variant in sorted(variants, key=lambda one: one.pk)]
    StockItem.objects.bulk_create(items, ignore_conflicts=True)


def lock(item_ids: Iterable[int]) -> list[StockItem]:
    """These items, in primary-key order, until the caller's transaction ends."""
    rows = StockItem.objects.select_for_update(of=["self"]).filter(pk__in=list(item_ids))
    return list(rows.select_related("variant").order_by("pk"))


@transaction.atomic
def write_together(items: Iterable[StockItem], movements: Iterable[StockMovement]) -> None:
    """Book `movements` of `items` that the caller has locked: a few statements, however many.

    The bounds of an item are the caller's to keep, and the database's to guard. `counted_at` is
    kept as it stands on the items.
    """
    items = list(items)
    movements = list(movements)
    moved: dict[int, int] = {}
    for movement in movements:
        moved[movement.stock_item_id] = moved.get(movement.stock_item_id, 0) + movement.delta
    StockMovement.objects.bulk_create(movements)
    for item in items:
        item.on_hand = F("on_hand") + moved.get(item.pk, 0)
        item.changed_at = Now()
    fields = ["on_hand", "changed_at", "counted_at"]
    StockItem.objects.bulk_update(items, fields, batch_size=BATCH)
    if moved:
        _announce(moved)


def _in_order(quantities: Mapping[int, int]) -> list[int]:
    return sorted(quantities) if guards.is_enabled("pk_order") else list(quantities)


def _take(pk: int, quantity: int) -> bool:
    take = _taken if guards.is_enabled("stock_condition") else _taken_blindly
    return take.send(pk=pk, quantity=quantity) == 1


def _shortages(stock_item_ids: list[int]) -> list[dict[str, object]]:
    items = StockItem.objects.filter(pk__in=stock_item_ids).select_related("variant__product")
    return [
        {
            "variant": str(item.variant.uuid),
            "title": str(item.variant),
            "available": max(item.available, 0),
        }
        for item in items.order_by("pk")
    ]


def _announce(stock_item_ids: Iterable[int], variant_ids: Iterable[int] | None = None) -> None:
    ids = sorted(set(stock_item_ids))
    if variant_ids is None:
        live.stock_changed(ids)
    else:
        live.stock_changed_of(variant_ids)
    publish(StockChanged(stock_item_ids=ids))


def _require_positive(quantities: Iterable[int]) -> None:
    # A negative reservation would hand out stock that others hold.
    if any(quantity < 1 for quantity in quantities):
        raise ValueError("quantities start at 1")
