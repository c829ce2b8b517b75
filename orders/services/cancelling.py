"""Cancelling what was not sent: by the buyer the whole order, by a shop its part or some units.

What is cancelled is given back in one transaction: its stock, its money, and with the last of an
order its promotions. The parts of other shops are not touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from uuid import uuid4

from django.db.models import F

from accounts.models import User
from catalog.services import inventory
from marketflow.core.errors import Refusal
from marketflow.core.events import publish
from marketflow.core.transactions import whole_unit
from orders.events import OrderCancelled, OrderCompleted, SellerOrderCancelled
from orders.models import Order, OrderLine, Payment, Refund, SellerOrder
from orders.services import bookings, closing, promotions, refunds
from orders.services.closing import NotCancellable
from orders.services.refunds import NothingToRefund
from orders.services.shares import Wanted

ENDED = [SellerOrder.State.COMPLETED, SellerOrder.State.CANCELLED]


class NothingToCancel(Refusal):
    code = "nothing_to_cancel"
    message = "Choose what is not to be sent."


class SentMeanwhile(Refusal):
    """`unshipped` is how many units of the line are still to be sent."""

    code = "too_many_units"
    message = "That is more than is still to be sent."


@whole_unit
def cancel(*, order: Order, actor: User | None = None) -> None:
    """The buyer changes their mind before anything is sent: all of it is called off.

    What was paid is refunded in full. Locks Order, SellerOrders, Payments, stock, promotions,
    accounts. Raises `NotCancellable`, `Disputed`. Publishes `OrderCancelled`.
    """
    locked = Order.objects.select_for_update().get(pk=order.pk)
    if locked.state == Order.State.AWAITING_PAYMENT:
        closing.cancel(order=locked, actor=actor)
        order.state = locked.state
        return
    parts = _locked_parts(locked)
    left = [part for part in parts if part.state != SellerOrder.State.CANCELLED]
    if locked.state != Order.State.PAID or any(_has_begun(part) for part in left):
        raise NotCancellable(state=locked.state)

    _lock_payments(locked)
    _give_stock_back(line for part in left for line in part.lines.all())
    for part in left:
        part.move_to(SellerOrder.State.CANCELLED, actor=actor)
    _close_if_over(locked, parts, told=left, reason="cancelled", actor=actor)
    bookings.lock_for_refunds(left, locked.currency)
    for part in left:
        _refund_all(part, actor=actor)
    order.state = locked.state


@whole_unit
def cancel_units(
    *,
    part: SellerOrder,
    lines: Mapping[int, int] | None = None,
    reason: str,
    actor: User | None = None,
) -> Refund | None:
    """The shop does not send `lines` ({order line id: units}), or all that is still to be sent.

    Exactly these units are refunded; the delivery too where the shop has sent nothing and now
    sends nothing more. The part is then `cancelled`, or `shipped` where the rest was sent. Locks
    as `cancel`. Raises `NotCancellable`, `NothingToCancel`, `SentMeanwhile`, `Disputed`.
    Publishes `SellerOrderCancelled`. Returns the refund, None where all had been refunded.
    """
    order = Order.objects.select_for_update().get(pk=part.order_id)
    parts = _locked_parts(order)
    part = next(one for one in parts if one.pk == part.pk)
    if part.state != SellerOrder.State.PAID:
        raise NotCancellable(state=part.state)
    chosen = _chosen(part, lines)
    part.touch()

    _lock_payments(order)
    _give_stock_back((line for line, _ in chosen), units=dict(chosen))
    is_cancelled = _end(part, actor=actor)
    publish(
        SellerOrderCancelled(
            seller_order_id=part.pk,
            cancellation_id=str(uuid4()),
            lines=[[line.pk, units] for line, units in chosen],
            shop_id=part.shop_id,
            buyer_id=order.buyer_id,
            is_complete=is_cancelled,
        )
    )
    _close_if_over(order, parts, reason="refused", actor=actor)
    if is_cancelled:
        return _refund_all(part, reason=reason, actor=actor)
    return _refund_units(part, chosen, reason=reason, actor=actor)


def call_off(*, part: SellerOrder, actor: User | None = None) -> None:
    """Send nothing more of `part`, which is paid: its money is given back by who calls.

    The caller holds Order, SellerOrder and Payments. Locks stock and promotions.
    """
    parts = _locked_parts(part.order)
    part = next(one for one in parts if one.pk == part.pk)
    _give_stock_back(part.lines.all())
    _end(part, actor=actor)
    _close_if_over(part.order, parts, reason="refused", actor=actor)


def _locked_parts(order: Order) -> list[SellerOrder]:
    parts = order.seller_orders.order_by("pk").select_for_update()
    return list(parts.prefetch_related("lines"))


def _lock_payments(order: Order) -> None:
    # Before stock, by the order of locks; the refund finds them locked.
    list(Payment.objects.filter(order=order).order_by("pk").select_for_update())


def _has_begun(part: SellerOrder) -> bool:
    is_open = part.state == SellerOrder.State.PAID
    return not is_open or any(line.shipped for line in part.lines.all())


def _chosen(part: SellerOrder, wanted: Mapping[int, int] | None) -> list[tuple[OrderLine, int]]:
    lines = {line.pk: line for line in part.lines.all()}
    if wanted is None:
        wanted = {pk: line.unshipped for pk, line in lines.items()}
    wanted = {pk: units for pk, units in wanted.items() if units}
    if not wanted:
        raise NothingToCancel
    for pk, units in wanted.items():
        if pk not in lines:
            raise LookupError(f"line {pk} is not of {part}")
        if not 0 < units <= lines[pk].unshipped:
            raise SentMeanwhile(unshipped=lines[pk].unshipped)
    return [(lines[pk], wanted[pk]) for pk in sorted(wanted)]


def _end(part: SellerOrder, *, actor: User | None) -> bool:
    """Move on a part of which nothing is left to send. Whether nothing of it was sent either."""
    if part.lines.filter(quantity__gt=F("released") + F("shipped")).exists():
        return False
    is_cancelled = not part.lines.filter(shipped__gt=0).exists()
    part.move_to(SellerOrder.State.CANCELLED if is_cancelled else "shipped", actor=actor)
    return is_cancelled


def _give_stock_back(
    lines: Iterable[OrderLine], units: Mapping[OrderLine, int] | None = None
) -> None:
    """Release `units` of `lines`, or all that is still to be sent, in primary-key order."""
    held: Counter[int] = Counter()
    for line in sorted(lines, key=lambda line: line.pk):
        released = line.unshipped if units is None else units[line]
        tracked = released if line.stock_item_id else 0
        rows = OrderLine.objects.filter(
            pk=line.pk, quantity__gte=F("released") + F("shipped") + released
        )
        if not rows.update(released=F("released") + released, allocated=F("allocated") - tracked):
            raise SentMeanwhile(unshipped=0)
        if tracked:
            held[line.stock_item_id] += tracked
    if held:
        inventory.release(held)


def _close_if_over(
    order: Order,
    parts: list[SellerOrder],
    *,
    reason: str,
    actor: User | None,
    told: list[SellerOrder] | None = None,
) -> None:
    """The order ends with the last of its parts: cancelled with all of them, else completed.

    `told` are the parts whose shops did not cancel themselves, if any.
    """
    if any(part.state not in ENDED for part in parts):
        return
    if all(part.state == SellerOrder.State.CANCELLED for part in parts):
        order.move_to(Order.State.CANCELLED, actor=actor)
        promotions.give_back(order=order)
        publish(
            OrderCancelled(
                order_id=order.pk,
                buyer_id=order.buyer_id,
                shop_ids=[part.shop_id for part in told or parts],
                reason=reason,
            )
        )
    else:
        order.move_to(Order.State.COMPLETED, actor=actor)
        publish(OrderCompleted(order_id=order.pk, buyer_id=order.buyer_id))


def _refund_all(
    part: SellerOrder, *, reason: str = "", actor: User | None = None
) -> Refund | None:
    kind = Refund.Kind.CANCELLATION
    try:
        return refunds.decide_all(part=part, kind=kind, reason=reason, actor=actor)
    except NothingToRefund:
        # The shop had given everything back before.
        return None


def _refund_units(
    part: SellerOrder, chosen: list[tuple[OrderLine, int]], *, reason: str, actor: User | None
) -> Refund | None:
    # Units that were refunded before are not refunded again.
    wanted = {line.pk: Wanted(units=min(units, line.unrefunded)) for line, units in chosen}
    try:
        return refunds.decide(
            part=part,
            lines=wanted,
            kind=Refund.Kind.CANCELLATION,
            reason=reason,
            actor=actor,
        )
    except NothingToRefund:
        return None
