"""What a shop has with the market: available, pending until when, on hold why; what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import Max, Sum

from accounts.models import Shop
from marketflow.core.money import Money
from orders.models import Dispute, LedgerTransfer, SellerOrder
from orders.services import ledger, payables, payouts
from orders.services.bookings import shop_account
from orders.services.ledger import Kind
from orders.services.payables import Payables
from orders.services.payouts import Obstacle

MOST_PARTS = 100


@dataclass(frozen=True, kw_only=True)
class PendingPart:
    """A part that is paid and not completed. `until` is None while it has not arrived."""

    number: str
    state_label: str
    amount: Money
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class HeldPart:
    number: str
    amount: Money
    reason: str
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Balance:
    """`available` is what could be paid out if the period ended now, refunds taken off."""

    shop: Shop
    currency: str
    available: Money
    # Of `available`: due already, and what cleared in the period that runs.
    due: Money
    later: Money
    owed: Money
    pending: Money
    pending_parts: list[PendingPart]
    held: Money
    held_parts: list[HeldPart]
    # When the period ends; None where the shop asks for its payouts itself.
    next_payout_on: date | None
    # What would keep the shop from being paid; None where nothing does.
    obstacle: Obstacle | None
    # Of what may be in the way, what keeps the shop from any payout.
    problem: Obstacle | None
    may_ask: bool
    payables: Payables

    @property
    def minimum(self) -> Money:
        return Money(self.shop.payout_minimum_minor, self.currency)


def of(shop: Shop) -> list[Balance]:
    """The balances of `shop`, one for each currency; one of nothing where it never sold."""
    currencies = payables.currencies_of(shop) or [settings.MARKETPLACE_CURRENCY]
    return [of_currency(shop, currency) for currency in currencies]


def of_currency(shop: Shop, currency: str) -> Balance:
    """What `shop` has in `currency`."""
    period = payables.period_end(shop)
    found = payables.of(shop, currency, until=period)
    now_asked = payouts.look(shop, currency, asked=True)
    owed, held = Money(found.owed_minor, currency), Money(found.held_minor, currency)
    due, later = Money(found.amount_minor, currency), Money(found.later_minor, currency)
    pending = -ledger.balance(shop_account(Kind.SHOP_PENDING, shop.pk, currency))
    is_manual = shop.payout_schedule == Shop.Schedule.MANUAL
    return Balance(
        shop=shop,
        currency=currency,
        available=due + later,
        due=due,
        later=later,
        owed=owed,
        pending=Money(pending, currency),
        pending_parts=_pending_parts(shop, currency),
        held=held,
        held_parts=_held_parts(found),
        next_payout_on=_next(shop, period),
        obstacle=now_asked.obstacle,
        problem=payouts.problem(shop),
        may_ask=is_manual and now_asked.obstacle is None,
        payables=found,
    )


def _next(shop: Shop, period: datetime | None) -> date | None:
    """The day on which the running period ends."""
    if period is None:
        return None
    began = period.date()
    match shop.payout_schedule:
        case Shop.Schedule.DAILY:
            return began + timedelta(days=1)
        case Shop.Schedule.WEEKLY:
            return began + timedelta(days=7)
    return (began + timedelta(days=32)).replace(day=1)


def _pending_parts(shop: Shop, currency: str) -> list[PendingPart]:
    moving = LedgerTransfer.objects.moving(Kind.SHOP_PENDING, shop.pk, currency)
    under_way = moving.filter(seller_order__state__in=["paid", "shipped", "delivered"])
    gains = dict(
        under_way.order_by()
        .values("seller_order")
        .annotate(gain=Sum("gain_minor"))
        .order_by("seller_order")
        .values_list("seller_order", "gain")[:MOST_PARTS]
    )
    parts = SellerOrder.objects.filter(pk__in=gains).order_by("pk")
    parts = parts.annotate(arrived=Max("shipments__delivered_at"))
    wait = timedelta(days=settings.AUTO_COMPLETE_DAYS)
    return [
        PendingPart(
            number=part.number,
            state_label=part.state_label,
            amount=Money(gains[part.pk], currency),
            until=part.arrived + wait if part.state == "delivered" and part.arrived else None,
        )
        for part in parts
    ]


def _held_parts(found: Payables) -> list[HeldPart]:
    gains: dict[int, int] = {}
    for transfer in found.held:
        gains[transfer.seller_order_id] = (
            gains.get(transfer.seller_order_id, 0) + transfer.gain_minor
        )
    if not gains:
        return []
    disputes = Dispute.objects.open().filter(seller_order__in=gains).select_related("seller_order")
    return [
        HeldPart(
            number=dispute.seller_order.number,
            amount=Money(gains[dispute.seller_order_id], found.currency),
            reason=dispute.reason,
            since=dispute.opened_at,
        )
        for dispute in disputes.order_by("pk")
    ]
