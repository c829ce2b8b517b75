"""Orders that come to nothing: cancelled before they were paid, or not paid in time."""

from __future__ import annotations

from collections import Counter

from django.db import transaction
from django.db.models import F

from accounts.models import User
from catalog.services import inventory
from marketflow.core.errors import Refusal
from marketflow.core.events import publish
from marketflow.core.transactions import whole_unit
from orders.events import OrderCancelled
from orders.models import InvalidTransition, Order, OrderLine
from orders.services import promotions


class NotCancellable(Refusal):
    code = "not_cancellable"
    message = "This order can't be cancelled any more. Ask the shop."


def cancel(*, order: Order, actor: User | None = None) -> None:
    """The buyer changes their mind before paying: the stock is given back.

    Raises `NotCancellable`. Publishes `OrderCancelled`.
    """
    if order.state != Order.State.AWAITING_PAYMENT:
        raise NotCancellable(state=order.state)
    try:
        _close(order, Order.State.CANCELLED, actor=actor)
    except InvalidTransition as late:
        raise NotCancellable(**late.facts) from None


def release_expired() -> int:
    """Give back the stock of every order whose hold has ended. Returns how many there were.

    Each in a transaction of its own; one that was paid or released meanwhile is passed over.
    Publishes `OrderCancelled` with the reason `expired`.
    """
    due = list(Order.objects.overdue().order_by("pk").values_list("pk", flat=True))
    return sum(expire(pk) for pk in due)


def expire(pk: int) -> bool:
    """Give back the stock of one order. False where its hold runs on, or it was paid meanwhile."""
    try:
        return _expire_if_due(pk)
    except InvalidTransition:
        return False


@whole_unit
def _expire_if_due(pk: int) -> bool:
    # Asked again under the lock: a payment may have come in since.
    still_due = Order.objects.overdue().select_for_update().filter(pk=pk).first()
    if still_due is None:
        return False
    _close(still_due, Order.State.EXPIRED)
    return True


@transaction.atomic
def _close(order: Order, state: str, *, actor: User | None = None) -> None:
    """Locks Order, SellerOrders, then stock and promotions, each in primary-key order."""
    order.move_to(state, actor=actor)
    parts = list(order.seller_orders.order_by("pk"))
    for part in parts:
        part.move_to(state, actor=actor)

    lines = OrderLine.objects.filter(seller_order__order=order)
    held: Counter[int] = Counter()
    for line in lines.filter(allocated__gt=0):
        held[line.stock_item_id] += line.allocated
    lines.filter(stock_item=None).update(released=F("quantity"))
    lines.filter(allocated__gt=0).update(released=F("released") + F("allocated"), allocated=0)
    if held:
        inventory.release(held)
    promotions.give_back(order=order)
    publish(
        OrderCancelled(
            order_id=order.pk,
            buyer_id=order.buyer_id,
            shop_ids=[part.shop_id for part in parts],
            reason=state,
        )
    )
