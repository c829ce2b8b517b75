from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils.timezone import now

from catalog.tests.factories import make_variant, stock_of
from marketflow.core.models import OutboxEvent
from orders.models import Order, OrderLine
from orders.services import closing
from orders.services.closing import NotCancellable
from orders.tests.factories import make_order, pay

pytestmark = pytest.mark.django_db


def let_time_pass(*orders: Order) -> None:
    numbers = [order.pk for order in orders]
    Order.objects.filter(pk__in=numbers).update(expires_at=now() - timedelta(seconds=1))


def reasons() -> list[str]:
    told = OutboxEvent.objects.filter(name="orders.OrderCancelled").order_by("pk")
    return [event.payload["reason"] for event in told]


def test_an_unpaid_order_gives_its_stock_back_in_time(buyer, shop, rival):
    bowl, lamp = make_variant(shop, "Bowl"), make_variant(rival, "Lamp")
    order = make_order(buyer, bowl, lamp, quantity=2)
    let_time_pass(order)

    assert closing.release_expired() == 1

    order.refresh_from_db()
    assert order.state == "expired"
    assert {part.state for part in order.seller_orders.all()} == {"expired"}
    assert (stock_of(bowl), stock_of(lamp)) == ((5, 0), (5, 0))
    assert {(line.allocated, line.released) for line in OrderLine.objects.all()} == {(0, 2)}
    assert reasons() == ["expired"]
    call_command("audit")


def test_it_is_given_back_once(buyer, shop):
    order = make_order(buyer, make_variant(shop))
    let_time_pass(order)
    closing.release_expired()

    assert closing.release_expired() == 0
    assert reasons() == ["expired"]


def test_what_is_paid_or_still_held_stays(buyer, shop, stranger):
    bowl = make_variant(shop)
    paid, held = make_order(buyer, bowl, paid=True), make_order(stranger, bowl)
    let_time_pass(paid)

    assert closing.release_expired() == 0

    assert stock_of(bowl) == (5, 2)
    assert [order.state for order in Order.objects.order_by("pk")] == ["paid", "awaiting_payment"]
    assert held.is_payable


def test_the_buyer_may_change_their_mind_before_paying(buyer, shop):
    bowl = make_variant(shop)
    order = make_order(buyer, bowl)

    closing.cancel(order=order, actor=buyer)

    assert (order.state, stock_of(bowl)) == ("cancelled", (5, 0))
    assert order.history.last().actor == buyer
    assert reasons() == ["cancelled"]
    call_command("audit")


def test_afterwards_they_may_not(buyer, shop):
    bowl = make_variant(shop)
    order = make_order(buyer, bowl)
    seen_before = Order.objects.get(pk=order.pk)
    pay(order)

    for late in (order, seen_before):
        with pytest.raises(NotCancellable) as refusal:
            closing.cancel(order=late)
        assert refusal.value.code == "not_cancellable"

    assert stock_of(bowl) == (5, 1)
    assert reasons() == []


def test_untracked_goods_are_released_too(buyer, shop):
    order = make_order(buyer, make_variant(shop, stock=None), quantity=3)

    closing.cancel(order=order)

    line = OrderLine.objects.get()
    assert (line.released, line.unshipped) == (3, 0)
    call_command("audit")
