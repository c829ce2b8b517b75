from __future__ import annotations

import pytest
from django.core.management import call_command

from carts.tests.factories import make_shipping
from catalog.tests.factories import make_variant, stock_of
from marketflow.core.models import OutboxEvent
from orders.models import LedgerAccount, Order, Payment, Refund, SellerOrder
from orders.services import cancelling, fulfilment, refunds
from orders.services.cancelling import NothingToCancel, SentMeanwhile
from orders.services.closing import NotCancellable
from orders.services.shares import Wanted
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def bowl(shop):
    make_shipping(shop, price=500)
    return make_variant(shop, "Bowl", price=1000, stock=9)


@pytest.fixture
def lamp(rival):
    make_shipping(rival, price=700)
    return make_variant(rival, "Lamp", price=3000, stock=9)


@pytest.fixture
def order(buyer, bowl, lamp) -> Order:
    """Three bowls from Fern & Co and three lamps from Rival Goods, paid."""
    return make_order(buyer, bowl, lamp, quantity=3, paid=True)


def part_of(order: Order, shop) -> SellerOrder:
    return order.seller_orders.get(shop=shop)


def line_of(part: SellerOrder) -> int:
    return part.lines.get().pk


def told(name: str) -> list[dict]:
    events = OutboxEvent.objects.filter(name=f"orders.{name}").order_by("pk")
    return [event.payload for event in events]


def everything() -> tuple:
    """What a refused step must leave as it was."""
    return (
        list(Order.objects.values_list("state")),
        list(SellerOrder.objects.order_by("pk").values()),
        list(Payment.objects.values_list("state", "refund_decided_minor", "refunded_minor")),
        Refund.objects.count(),
        dict(LedgerAccount.objects.values_list("key", "balance_minor")),
        OutboxEvent.objects.count(),
    )


def test_a_paid_order_is_called_off_and_refunded_in_full(
    order, buyer, bowl, lamp, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        cancelling.cancel(order=order, actor=buyer)

    order.refresh_from_db()
    assert order.state == "cancelled"
    assert {part.state for part in order.seller_orders.all()} == {"cancelled"}
    assert (stock_of(bowl), stock_of(lamp)) == ((9, 0), (9, 0))
    payment = order.payments.get()
    assert payment.refunded_minor == payment.captured_minor == order.total_minor
    assert not LedgerAccount.objects.exclude(balance_minor=0).exists()
    assert [event["reason"] for event in told("OrderCancelled")] == ["cancelled"]
    assert order.history.last().actor == buyer
    call_command("audit")


def test_an_unpaid_order_is_called_off_without_a_refund(buyer, bowl):
    order = make_order(buyer, bowl)

    cancelling.cancel(order=order, actor=buyer)

    assert (order.state, stock_of(bowl)) == ("cancelled", (9, 0))
    assert not Refund.objects.exists()


def test_what_has_begun_to_ship_is_not_called_off(order, shop, buyer):
    part = part_of(order, shop)
    fulfilment.ship(seller_order=part, lines={line_of(part): 1})
    before = everything()

    with pytest.raises(NotCancellable):
        cancelling.cancel(order=order, actor=buyer)

    assert everything() == before


def test_it_is_called_off_once(order, buyer):
    cancelling.cancel(order=order, actor=buyer)
    before = everything()

    with pytest.raises(NotCancellable):
        cancelling.cancel(order=order, actor=buyer)

    assert everything() == before


def test_7_the_neighbour_is_untouched(
    order, shop, rival, lamp, django_capture_on_commit_callbacks
):
    """Ready-made test 7 of the fifteen: A is cancelled or refunded, B is as it was."""
    other = SellerOrder.objects.filter(pk=part_of(order, rival).pk)
    lines = part_of(order, rival).lines
    pending = LedgerAccount.objects.filter(kind="shop_pending", shop=rival)
    before = (list(other.values()), list(lines.values()), list(pending.values()), stock_of(lamp))

    with django_capture_on_commit_callbacks(execute=True):
        part = part_of(order, shop)
        refunds.decide(
            part=part, lines={line_of(part): Wanted(units=1)}, kind=Refund.Kind.GOODWILL
        )
        cancelling.cancel_units(part=part, reason="The kiln broke.")

    after = (list(other.values()), list(lines.values()), list(pending.values()), stock_of(lamp))
    assert after == before
    order.refresh_from_db()
    assert (order.state, part_of(order, shop).state) == ("paid", "cancelled")
    assert order.payments.get().refunded_minor == part.total_minor
    call_command("audit")


def test_a_shop_cancels_some_units_and_exactly_these_are_refunded(order, shop, seller, bowl):
    part = part_of(order, shop)

    refund = cancelling.cancel_units(
        part=part, lines={line_of(part): 2}, reason="Two were chipped.", actor=seller
    )

    line = part.lines.get()
    assert (line.released, line.allocated, line.unshipped) == (2, 1, 1)
    assert (refund.amount_minor, refund.shipping_minor, refund.kind) == (2000, 0, "cancellation")
    assert refund.reason == "Two were chipped."
    assert (part_of(order, shop).state, stock_of(bowl)) == ("paid", (9, 1))
    (event,) = told("SellerOrderCancelled")
    assert (event["lines"], event["is_complete"]) == ([[line.pk, 2]], False)
    call_command("audit")


def test_with_the_last_unit_the_delivery_goes_back_too(order, shop):
    part = part_of(order, shop)
    cancelling.cancel_units(part=part, lines={line_of(part): 2}, reason="Chipped.")

    last = cancelling.cancel_units(part=part, reason="So is the third.")

    assert (last.amount_minor, last.shipping_minor) == (1500, 500)
    assert part_of(order, shop).state == "cancelled"
    call_command("audit")


def test_where_the_rest_was_sent_the_delivery_stays_paid(order, shop):
    part = part_of(order, shop)
    fulfilment.ship(seller_order=part, lines={line_of(part): 2})

    refund = cancelling.cancel_units(part=part, reason="The third is lost.")

    assert (refund.amount_minor, refund.shipping_minor) == (1000, 0)
    assert part_of(order, shop).state == "shipped"
    call_command("audit")


def test_units_refunded_before_are_not_refunded_again(order, shop):
    part = part_of(order, shop)
    refunds.decide(part=part, lines={line_of(part): Wanted(units=2)}, kind=Refund.Kind.GOODWILL)
    fulfilment.ship(seller_order=part, lines={line_of(part): 1})

    refund = cancelling.cancel_units(part=part, reason="Lost.")

    assert refund.amount_minor == 1000
    assert part.lines.get().refunded_units == 3
    call_command("audit")


def test_what_was_given_back_already_is_cancelled_without_a_refund(order, shop):
    part = part_of(order, shop)
    refunds.decide_all(part=part, kind=Refund.Kind.GOODWILL)

    assert cancelling.cancel_units(part=part, reason="Never made.") is None

    assert part_of(order, shop).state == "cancelled"
    call_command("audit")


def test_more_than_is_still_to_be_sent_is_refused(order, shop):
    part = part_of(order, shop)
    fulfilment.ship(seller_order=part, lines={line_of(part): 2})
    before = everything()

    for units, refusal in [(2, SentMeanwhile), (-1, SentMeanwhile), (0, NothingToCancel)]:
        with pytest.raises(refusal):
            cancelling.cancel_units(part=part, lines={line_of(part): units}, reason="No.")

    assert everything() == before


@pytest.mark.parametrize("is_paid", [False, True])
def test_only_what_is_paid_and_not_sent_is_refused_by_its_shop(is_paid, buyer, shop, bowl):
    order = make_order(buyer, bowl, paid=is_paid)
    part = part_of(order, shop)
    if is_paid:
        fulfilment.ship(seller_order=part)
    before = everything()

    with pytest.raises(NotCancellable):
        cancelling.cancel_units(part=part, reason="No.")

    assert everything() == before


def test_the_order_is_cancelled_with_its_last_part(order, shop, rival):
    cancelling.cancel_units(part=part_of(order, shop), reason="No.")
    assert Order.objects.get().state == "paid"

    cancelling.cancel_units(part=part_of(order, rival), reason="No.")

    assert Order.objects.get().state == "cancelled"
    assert [event["reason"] for event in told("OrderCancelled")] == ["refused"]
    call_command("audit")


def test_the_order_is_completed_when_the_rest_is(order, shop, rival):
    rest = part_of(order, rival)
    fulfilment.ship(seller_order=rest)
    fulfilment.deliver(seller_order=rest)
    fulfilment.complete(seller_order=rest)
    assert Order.objects.get().state == "paid"

    cancelling.cancel_units(part=part_of(order, shop), reason="No.")

    assert Order.objects.get().state == "completed"
    assert len(told("OrderCompleted")) == 1
    call_command("audit")


def test_the_buyer_calls_off_what_one_shop_has_left(order, shop, buyer):
    cancelling.cancel_units(part=part_of(order, shop), reason="No.")

    cancelling.cancel(order=order, actor=buyer)

    assert Order.objects.get().state == "cancelled"
    assert order.payments.get().refund_decided_minor == order.total_minor
    call_command("audit")


def test_goods_that_nobody_counts_are_called_off_too(buyer, shop):
    order = make_order(buyer, make_variant(shop, stock=None), quantity=3, paid=True)

    cancelling.cancel_units(part=part_of(order, shop), reason="No.")

    line = part_of(order, shop).lines.get()
    assert (line.released, line.allocated, line.unshipped) == (3, 0, 0)
    call_command("audit")
