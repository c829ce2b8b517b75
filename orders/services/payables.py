"""What a shop is owed, and how much of it may be paid out now.

A period ends by the database's clock (UTC). What became available before its end is due; what
came later waits for the next one, but money that went back counts at once. So a sweep that is
missed or repeated comes to the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F, Sum
from django.db.models.functions import Now, TruncDay, TruncMonth, TruncWeek

from accounts.models import Shop
from orders.models import LedgerAccount, LedgerTransfer, SellerOrder
from orders.services.ledger import Kind

_PERIODS = {
    Shop.Schedule.DAILY: TruncDay,
    Shop.Schedule.WEEKLY: TruncWeek,
    Shop.Schedule.MONTHLY: TruncMonth,
}


@dataclass(frozen=True, kw_only=True)
class Owed:
    """What a shop owes for one refund that its available balance could not bear."""

    refund_id: int | None
    seller_order_id: int | None
    amount_minor: int


@dataclass(frozen=True, kw_only=True)
class Payables:
    """A shop's available balance in one currency, sorted by when it may leave.

    The transfers bear `gain_minor`, what they bring the shop: below 0 where they take.
    """

    currency: str
    # To be paid now, together with what is taken off.
    ready: list[LedgerTransfer] = field(default_factory=list)
    # Of parts that are in dispute.
    held: list[LedgerTransfer] = field(default_factory=list)
    # Became available after the period's end.
    later: list[LedgerTransfer] = field(default_factory=list)
    owed: list[Owed] = field(default_factory=list)

    @property
    def owed_minor(self) -> int:
        return sum(owed.amount_minor for owed in self.owed)

    @property
    def amount_minor(self) -> int:
        """What a payout would pay. Below 0 where the shop owes more than is ready."""
        return _sum(self.ready) - self.owed_minor

    @property
    def held_minor(self) -> int:
        return _sum(self.held)

    @property
    def later_minor(self) -> int:
        return _sum(self.later)


def currencies_of(shop: Shop) -> list[str]:
    """Those the shop has ever had money in."""
    kinds = [Kind.SHOP_PENDING, Kind.SHOP_AVAILABLE, Kind.SHOP_RECEIVABLE]
    accounts = LedgerAccount.objects.filter(shop=shop, kind__in=kinds)
    return list(accounts.order_by("currency").values_list("currency", flat=True).distinct())


def period_end(shop: Shop) -> datetime | None:
    """When the shop's last payout period ended; None where it asks for its payouts itself."""
    truncate = _PERIODS.get(shop.payout_schedule)
    if truncate is None:
        return None
    return Shop.objects.filter(pk=shop.pk).values_list(truncate(Now()), flat=True).get()


def of(shop: Shop, currency: str, *, until: datetime | None = None) -> Payables:
    """What `shop` has available. `until` is the end of the period; without it all may leave.

    Locks nothing: who pays out has the accounts locked.
    """
    moving = LedgerTransfer.objects.moving(Kind.SHOP_AVAILABLE, shop.pk, currency)
    unpaid = list(moving.unpaid().order_by("pk"))
    frozen = _frozen(unpaid)
    found = Payables(currency=currency, owed=_owed(shop, currency))
    for batch in _batches(unpaid):
        is_late = until is not None and _sum(batch) > 0 and batch[-1].booked_at >= until
        if batch[0].seller_order_id in frozen:
            found.held.extend(batch)
        elif is_late:
            found.later.extend(batch)
        else:
            found.ready.extend(batch)
    return found


def _sum(transfers: Iterable[LedgerTransfer]) -> int:
    return sum(transfer.gain_minor for transfer in transfers)


def _frozen(unpaid: list[LedgerTransfer]) -> set[int]:
    """Parts in dispute that would bring the shop money. What one takes is never held back."""
    gains: Counter[int] = Counter()
    for transfer in unpaid:
        if transfer.seller_order_id:
            gains[transfer.seller_order_id] += transfer.gain_minor
    bringing = [part for part, gain in gains.items() if gain > 0]
    disputed = SellerOrder.objects.disputed().filter(pk__in=bringing)
    return set(disputed.values_list("pk", flat=True))


def _batches(unpaid: list[LedgerTransfer]) -> Iterable[list[LedgerTransfer]]:
    """One refund with the commission it gives back is one; everything else is its own."""
    by_fact: dict[tuple[str, int], list[LedgerTransfer]] = {}
    for transfer in unpaid:
        refund = transfer.refund_id
        fact = ("refund", refund) if refund else ("transfer", transfer.pk)
        by_fact.setdefault(fact, []).append(transfer)
    return by_fact.values()


def _owed(shop: Shop, currency: str) -> list[Owed]:
    moving = LedgerTransfer.objects.moving(Kind.SHOP_RECEIVABLE, shop.pk, currency)
    by_refund = moving.order_by("refund_id").values("refund_id", part=F("seller_order_id"))
    # What the account loses is what the shop owes: a debit.
    rows = by_refund.annotate(gain=Sum("gain_minor"))
    return [
        Owed(refund_id=row["refund_id"], seller_order_id=row["part"], amount_minor=-row["gain"])
        for row in rows
        if row["gain"]
    ]
