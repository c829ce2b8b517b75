from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils.timezone import now

from catalog.models import StockMovement
from catalog.tests.factories import make_variant, stock_of
from marketflow.core.models import OutboxEvent
from orders.models import Disputed, InvalidTransition, Order, OrderLine, SellerOrder, Shipment
from orders.services import disputes, fulfilment
from orders.services.fulfilment import NotShippable, TooManyUnits
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def part(buyer, shop) -> SellerOrder:
    """Two bowls and two lamps, paid."""
    bowl, lamp = make_variant(shop, "Bowl"), make_variant(shop, "Lamp")
    order = make_order(buyer, bowl, lamp, quantity=2, paid=True)
    return order.seller_orders.get()


def lines(part: SellerOrder) -> dict[str, OrderLine]:
    return {line.title: line for line in part.lines.all()}


def told(name: str) -> list[dict]:
    rows = OutboxEvent.objects.filter(name=f"orders.{name}").order_by("pk")
    return [row.payload for row in rows]


def test_shipping_everything_takes_it_off_the_shelf(part, seller):
    parcel = fulfilment.ship(
        seller_order=part, carrier="An Post", tracking_number="IE123", actor=seller
    )

    part.refresh_from_db()
    bowl = lines(part)["Bowl"]
    assert part.state == "shipped"
    assert (bowl.shipped, bowl.allocated, bowl.unshipped) == (2, 0, 0)
    assert stock_of(bowl.variant) == (3, 0)
    assert StockMovement.objects.filter(kind="sale", order_line_ref=bowl.pk).get().delta == -2
    assert (parcel.lines.count(), part.history.last().actor) == (2, seller)
    assert told("SellerOrderShipped")[0]["is_complete"] is True
    call_command("audit")


def test_a_part_of_it_may_go_first(part):
    bowl, lamp = lines(part)["Bowl"], lines(part)["Lamp"]

    fulfilment.ship(seller_order=part, lines={bowl.pk: 1})
    assert part.state == "paid"
    assert stock_of(bowl.variant) == (4, 1)

    fulfilment.ship(seller_order=part, lines={bowl.pk: 1, lamp.pk: 2})

    assert part.state == "shipped"
    assert [event["is_complete"] for event in told("SellerOrderShipped")] == [False, True]
    assert Shipment.objects.count() == 2
    call_command("audit")


@pytest.mark.parametrize("units", [-1, 3, 1000])
def test_no_more_than_was_bought_is_sent(part, units):
    bowl = lines(part)["Bowl"]

    with pytest.raises(TooManyUnits):
        fulfilment.ship(seller_order=part, lines={bowl.pk: units})

    assert not Shipment.objects.exists()
    assert stock_of(bowl.variant) == (5, 2)


def test_lines_of_another_order_are_not_sent_along(part, stranger, shop):
    other = make_order(stranger, make_variant(shop, "Cup"), paid=True)
    foreign = OrderLine.objects.get(seller_order__order=other)

    with pytest.raises(TooManyUnits):
        fulfilment.ship(seller_order=part, lines={foreign.pk: 1})

    assert not Shipment.objects.exists()


def test_an_empty_parcel_is_not_sent(part):
    with pytest.raises(NotShippable):
        fulfilment.ship(seller_order=part, lines={})

    assert not Shipment.objects.exists()


def test_what_is_not_paid_or_sent_already_is_not_shipped(buyer, shop, part):
    unpaid = make_order(buyer, make_variant(shop, "Cup")).seller_orders.get()
    fulfilment.ship(seller_order=part)

    for state, wrong in (("pending", unpaid), ("shipped", part)):
        with pytest.raises(NotShippable) as refusal:
            fulfilment.ship(seller_order=wrong)
        assert refusal.value.facts == {"state": state}

    assert Shipment.objects.count() == 1


def test_one_shop_ships_without_the_other(buyer, shop, rival):
    order = make_order(buyer, make_variant(shop, "Bowl"), make_variant(rival, "Lamp"), paid=True)
    mine, theirs = (order.seller_orders.get(shop=who) for who in (shop, rival))

    fulfilment.ship(seller_order=mine)

    theirs.refresh_from_db()
    order.refresh_from_db()
    assert (mine.state, theirs.state, order.state) == ("shipped", "paid", "paid")


def test_delivery_follows_shipping_and_nothing_else(part):
    with pytest.raises(InvalidTransition):
        fulfilment.deliver(seller_order=part)
    fulfilment.ship(seller_order=part)

    fulfilment.deliver(seller_order=part)

    assert part.state == "delivered"
    assert not part.shipments.filter(delivered_at=None).exists()
    assert len(told("SellerOrderDelivered")) == 1


def test_an_order_completes_with_its_last_part(buyer, shop, rival):
    order = make_order(buyer, make_variant(shop, "Bowl"), make_variant(rival, "Lamp"), paid=True)
    first, last = order.seller_orders.order_by("pk")
    for part in (first, last):
        fulfilment.ship(seller_order=part)
        fulfilment.deliver(seller_order=part)

    fulfilment.complete(seller_order=first)
    order.refresh_from_db()
    assert order.state == "paid"

    fulfilment.complete(seller_order=last)
    order.refresh_from_db()
    assert order.state == "completed"
    assert len(told("OrderCompleted")) == 1


def test_what_was_delivered_long_enough_ago_completes_by_itself(part, settings):
    fulfilment.ship(seller_order=part)
    fulfilment.deliver(seller_order=part)
    assert fulfilment.complete_delivered() == 0
    age = timedelta(days=settings.AUTO_COMPLETE_DAYS, minutes=1)
    Shipment.objects.update(delivered_at=now() - age)

    assert fulfilment.complete_delivered() == 1

    part.refresh_from_db()
    assert part.state == "completed"
    assert fulfilment.complete_delivered() == 0
    call_command("audit")


def test_who_confirms_that_it_came_completes_it(buyer, shop):
    part = make_order(buyer, make_variant(shop), paid=True).seller_orders.get()
    fulfilment.ship(seller_order=part)

    fulfilment.confirm(seller_order=part, actor=buyer)

    steps = [step.dst for step in part.history.order_by("seq")]
    assert steps == ["pending", "paid", "shipped", "delivered", "completed"]
    assert Order.objects.get().state == "completed"
    assert part.shipments.get().delivered_at
    call_command("audit")


def test_what_was_not_sent_or_is_disputed_is_not_confirmed(buyer, shop):
    bowl = make_variant(shop)
    unsent, disputed = (make_order(buyer, bowl, paid=True).seller_orders.get() for _ in range(2))
    fulfilment.ship(seller_order=disputed)
    disputes.open_by_buyer(part=disputed, reason="In pieces.")

    for part, refusal in [(unsent, InvalidTransition), (disputed, Disputed)]:
        with pytest.raises(refusal):
            fulfilment.confirm(seller_order=part)

    states = SellerOrder.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["paid", "shipped"]
