"""What another system says is on the shelf: counts of an hour, and changes with a key.

A count says how many units lay there at `as_of`, those promised to orders included. What was
booked since (sales, returns, receipts, corrections) is added again, so a count never forgets what
was sold after it was taken:

    on hand = counted + what moved after `as_of`

A correction by a count counts from that count's own hour: so the same count again changes nothing.
An older count than the last is refused: what it could say is known better. What orders hold is
untouched, and a count below it is refused, for people to solve.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Shop
from catalog.models import StockItem, StockMovement, Variant
from catalog.services import inventory

Kind = StockMovement.Kind
OLDEST = timedelta(days=30)
# Clocks differ a little.
LEEWAY = timedelta(seconds=60)
REASONS = {
    "unknown_sku": _("The shop has no variant with this SKU."),
    "as_of_in_the_future": _("The count is of an hour that has not come yet."),
    "as_of_too_old": _("The count is more than 30 days old."),
    "count_superseded": _("A later count is known already."),
    "not_tracked": _("The stock of this variant is not counted. Send a count first."),
    "key_reused": _("The key came with another change before."),
    "stock_below_allocated": _("More units than that are promised to orders."),
}


@dataclass(frozen=True)
class Count:
    """`on_hand` units lay on the shelf at `as_of`."""

    sku: str
    on_hand: int
    as_of: datetime


@dataclass(frozen=True)
class Change:
    """`delta` units came or went, once per `key`."""

    sku: str
    delta: int
    key: str


@dataclass
class Result:
    """What became of one item: `code` says why it was refused, and is blank where it was not."""

    sku: str
    code: str = ""
    item: StockItem | None = None
    on_hand: int = 0

    @property
    def status(self) -> str:
        return "refused" if self.code else "done"

    @property
    def detail(self) -> str:
        return str(REASONS.get(self.code, ""))


@dataclass
class _Desk:
    """What is known of the items of one request, all read at once."""

    items: dict[str, StockItem]
    known: set[str]
    on_hand: dict[int, int]
    later: dict[int, list[tuple[datetime, int]]]
    keys: dict[str, int]
    movements: list[StockMovement] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)


@transaction.atomic
def sync(*, shop: Shop, entries: Sequence[Count | Change]) -> list[Result]:
    """Take over `entries`, each by itself: what is refused stops nothing else.

    Results stand in the order of `entries`. Several about one SKU follow each other. A count
    begins to track a variant that was not tracked. Locks the stock items in primary-key order;
    costs a few statements, however many entries. Publishes `StockChanged`.
    """
    # The database's clock: it decides what is past.
    clock = Shop.objects.filter(pk=shop.pk).values_list(Now(), flat=True).get()
    results = [Result(entry.sku, _problem_of_hour(entry, clock)) for entry in entries]
    sound = [e for e, result in zip(entries, results, strict=True) if not result.code]
    desk = _prepare(shop, sound)
    for entry, result in zip(entries, results, strict=True):
        if not result.code:
            result.item = desk.items.get(entry.sku)
            result.code = _apply(desk, entry)
    changed = [item for item in desk.items.values() if item.pk in desk.touched]
    inventory.write_together(changed, desk.movements)
    for result in results:
        if result.item:
            result.on_hand = desk.on_hand[result.item.pk]
    return results


def _problem_of_hour(entry: Count | Change, clock: datetime) -> str:
    if isinstance(entry, Change):
        return ""
    if entry.as_of > clock + LEEWAY:
        return "as_of_in_the_future"
    return "as_of_too_old" if entry.as_of < clock - OLDEST else ""


def _prepare(shop: Shop, entries: Sequence[Count | Change]) -> _Desk:
    counts = [entry for entry in entries if isinstance(entry, Count)]
    known = Variant.objects.filter(shop=shop, sku__in={entry.sku for entry in entries})
    variants = {variant.sku: variant for variant in known.select_related("stock")}
    new = {entry.sku for entry in counts if entry.sku in variants} & {
        sku for sku, variant in variants.items() if variant.stock_item is None
    }
    if new:
        inventory.begin_to_count(variants[sku] for sku in new)
    found = StockItem.objects.filter(variant__in=[variant.pk for variant in variants.values()])
    items = {item.variant.sku: item for item in inventory.lock(found.values_list("pk", flat=True))}
    return _Desk(
        items=items,
        known=set(variants),
        on_hand={item.pk: item.on_hand for item in items.values()},
        later=_moved_since(items, counts),
        keys=_used_keys(items, entries),
    )


def _moved_since(
    items: dict[str, StockItem], counts: Iterable[Count]
) -> dict[int, list[tuple[datetime, int]]]:
    """What moved since the earliest count, by item: when, and how many."""
    hours = [count.as_of for count in counts if count.sku in items]
    if not hours:
        return {}
    moved: dict[int, list[tuple[datetime, int]]] = {}
    rows = StockMovement.objects.filter(stock_item__in=[item.pk for item in items.values()])
    rows = rows.annotate(hour=Coalesce(F("as_of"), F("moved_at"))).filter(hour__gt=min(hours))
    for item_id, hour, delta in rows.values_list("stock_item", "hour", "delta"):
        moved.setdefault(item_id, []).append((hour, delta))
    return moved


def _used_keys(items: dict[str, StockItem], entries: Iterable[Count | Change]) -> dict[str, int]:
    wanted = [
        _dedupe_key(items[entry.sku], entry.key)
        for entry in entries
        if isinstance(entry, Change) and entry.sku in items
    ]
    if not wanted:
        return {}
    used = StockMovement.objects.filter(dedupe_key__in=wanted)
    return dict(used.values_list("dedupe_key", "delta"))


def _dedupe_key(item: StockItem, key: str) -> str:
    return f"sync:{item.pk}:{key}"


def _apply(desk: _Desk, entry: Count | Change) -> str:
    """Put the movement of one entry on the desk. Returns why not, or nothing."""
    if entry.sku not in desk.known:
        return "unknown_sku"
    item = desk.items.get(entry.sku)
    if item is None:
        return "not_tracked"
    if isinstance(entry, Count):
        return _apply_count(desk, item, entry)
    return _apply_change(desk, item, entry)


def _apply_count(desk: _Desk, item: StockItem, count: Count) -> str:
    if item.counted_at and count.as_of < item.counted_at:
        return "count_superseded"
    later = desk.later.setdefault(item.pk, [])
    since = sum(delta for hour, delta in later if hour > count.as_of)
    delta = count.on_hand + since - desk.on_hand[item.pk]
    if desk.on_hand[item.pk] + delta < item.allocated:
        return "stock_below_allocated"
    item.counted_at = count.as_of
    desk.touched.add(item.pk)
    if delta:
        _book(desk, item, delta, f"count:{item.pk}:{uuid.uuid4().hex}", count.as_of)
    return ""


def _apply_change(desk: _Desk, item: StockItem, change: Change) -> str:
    key = _dedupe_key(item, change.key)
    if key in desk.keys:
        return "" if desk.keys[key] == change.delta else "key_reused"
    if desk.on_hand[item.pk] + change.delta < item.allocated:
        return "stock_below_allocated"
    desk.keys[key] = change.delta
    _book(desk, item, change.delta, key)
    return ""


def _book(
    desk: _Desk, item: StockItem, delta: int, key: str, as_of: datetime | None = None
) -> None:
    # A count is right about its own hour; a change happened now.
    movement = StockMovement(
        stock_item=item, kind=Kind.CORRECTION, delta=delta, dedupe_key=key, as_of=as_of
    )
    desk.movements.append(movement)
    desk.touched.add(item.pk)
    desk.on_hand[item.pk] += delta
    desk.later.setdefault(item.pk, []).append((as_of or movement.moved_at, delta))
