"""Two people at one order at the same moment: one of them is refused, nothing is done twice."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from accounts.tests.factories import make_shop, make_user
from catalog.tests.factories import make_variant, stock_of
from marketflow.core.errors import Refusal
from orders.models import (
    Dispute,
    Disputed,
    InvalidTransition,
    Order,
    Refund,
    Return,
    SellerOrder,
    Shipment,
)
from orders.services import cancelling, disputes, fulfilment, refunds, returns
from orders.services.closing import NotCancellable
from orders.services.fulfilment import NotShippable, TooManyUnits
from orders.services.returns import Arrived, MoreThanSent
from orders.tests.factories import make_order
from tests.races.racing import race

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

AGAIN = range(5)


def paid_order(quantity: int = 3) -> tuple[Order, SellerOrder, object]:
    bowl = make_variant(make_shop(), "Bowl", price=1000, stock=9)
    order = make_order(make_user("ana"), bowl, quantity=quantity, paid=True)
    return order, order.seller_orders.get(), bowl


@pytest.mark.parametrize("round_", AGAIN)
def test_either_the_buyer_cancels_or_the_shop_ships(round_):
    order, part, bowl = paid_order()

    results = race(
        lambda: cancelling.cancel(order=order), lambda: fulfilment.ship(seller_order=part)
    )

    lost = [result for result in results if isinstance(result, Exception)]
    assert len(lost) == 1, results
    assert isinstance(lost[0], NotCancellable | NotShippable)
    is_shipped = Shipment.objects.exists()
    assert stock_of(bowl) == ((6, 0) if is_shipped else (9, 0))
    assert Refund.objects.exists() is not is_shipped
    call_command("audit")


@pytest.mark.parametrize("round_", AGAIN)
def test_either_the_shop_cancels_the_last_units_or_they_leave(round_):
    _, part, bowl = paid_order()

    results = race(
        lambda: cancelling.cancel_units(part=part, reason="No."),
        lambda: fulfilment.ship(seller_order=part),
    )

    lost = [result for result in results if isinstance(result, Exception)]
    assert len(lost) == 1, results
    assert isinstance(lost[0], NotCancellable | NotShippable | TooManyUnits)
    part.refresh_from_db()
    assert part.state in ("shipped", "cancelled")
    call_command("audit")


def test_ten_who_cancel_one_order_refund_it_once():
    order, part, bowl = paid_order()

    results = race(*[lambda: cancelling.cancel(order=Order.objects.get())] * 10)

    assert sum(result is None for result in results) == 1, results
    assert Refund.objects.get().amount_minor == order.total_minor
    assert stock_of(bowl) == (9, 0)
    call_command("audit")


def test_opposite_orders_of_two_shops_are_cancelled_without_a_deadlock():
    """Each refunds two shops in one transaction: their accounts are taken in one order."""
    shops = [make_shop("Fern & Co"), make_shop("Rival Goods")]
    bowl, lamp = (make_variant(shop, f"Of {shop}", price=1000, stock=99) for shop in shops)
    pairs = [[bowl, lamp], [lamp, bowl]] * 6
    orders = [
        make_order(make_user(f"buyer{n}"), *goods, paid=True) for n, goods in enumerate(pairs)
    ]

    results = race(*[lambda order=order: cancelling.cancel(order=order) for order in orders])

    assert results == [None] * len(orders)
    call_command("audit")


def test_cancelling_and_refunding_give_back_each_unit_once():
    order, part, _ = paid_order()

    results = race(
        lambda: cancelling.cancel_units(part=part, reason="No."),
        lambda: refunds.decide_all(part=part, kind=Refund.Kind.GOODWILL),
    )

    assert all(isinstance(result, Refund | Refusal | None) for result in results), results
    assert order.payments.get().refund_decided_minor == order.total_minor
    call_command("audit")


def delivered() -> SellerOrder:
    _, part, _ = paid_order()
    fulfilment.ship(seller_order=part)
    fulfilment.deliver(seller_order=part)
    return part


def test_a_form_sent_twice_asks_for_no_unit_twice():
    part = delivered()
    lines = {part.lines.get().pk: 2}

    results = race(*[lambda: returns.request(part=part, lines=lines, reason="Blue.")] * 4)

    assert sum(isinstance(result, Return) for result in results) == 1
    assert sum(isinstance(result, MoreThanSent) for result in results) == 3, results
    call_command("audit")


def test_a_parcel_is_received_once():
    part = delivered()
    line = part.lines.get().pk
    parcel = returns.request(part=part, lines={line: 3}, reason="Blue.")
    returns.approve(parcel=parcel)
    arrived = {line: Arrived(units=2)}

    results = race(*[lambda: returns.receive(parcel=parcel, lines=arrived)] * 4)

    assert sum(isinstance(result, Refund) for result in results) == 1
    assert sum(isinstance(result, InvalidTransition) for result in results) == 3, results
    assert Refund.objects.get().amount_minor == 2000
    call_command("audit")


def test_a_dispute_and_a_completion_pass_in_one_order_or_the_other():
    part = delivered()

    opened, completed = race(
        lambda: disputes.open_by_buyer(part=part, reason="In pieces."),
        lambda: fulfilment.complete(seller_order=part),
    )

    assert isinstance(opened, Dispute)
    # Before it, the completion is refused; after it, the money is still here.
    assert completed is None or isinstance(completed, Disputed)
    call_command("audit")


def test_staff_and_bank_do_not_give_the_same_money_back():
    order, part, _ = paid_order()
    dispute = disputes.open_by_buyer(part=part, reason="Never came.")
    total = order.total_minor

    results = race(
        lambda: disputes.decide(dispute=dispute, refund_minor=total, decision="Yes."),
        lambda: disputes.open_by_provider(
            payment=order.payments.get(), reference="dp_1", amount_minor=total
        ),
    )

    assert all(isinstance(r, Refund | list | InvalidTransition | Refusal) for r in results)
    disputes.close_by_provider(payment=order.payments.get(), reference="dp_1", is_won=False)
    assert order.payments.get().refund_decided_minor == total
    call_command("audit")
