from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils.timezone import now

from accounts.tests.factories import make_bank_account
from carts.tests.factories import make_shipping
from catalog.models import StockMovement
from catalog.tests.factories import make_variant, stock_of
from marketflow.core.models import OutboxEvent
from orders.models import (
    InvalidTransition,
    LedgerAccount,
    LedgerTransfer,
    Order,
    Payout,
    Refund,
    Return,
    SellerOrder,
    Shipment,
)
from orders.services import fulfilment, payout_sending, payouts, refunds, returns
from orders.services.returns import (
    Arrived,
    MoreThanAnnounced,
    MoreThanSent,
    NothingToReturn,
    NotReturnable,
    TooLateToReturn,
)
from orders.services.shares import Wanted
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def bowl(shop):
    make_shipping(shop, price=500)
    return make_variant(shop, "Bowl", price=1000, stock=9)


@pytest.fixture
def part(buyer, bowl) -> SellerOrder:
    """Three bowls, delivered."""
    order = make_order(buyer, bowl, quantity=3, paid=True)
    part = order.seller_orders.get()
    fulfilment.ship(seller_order=part)
    fulfilment.deliver(seller_order=part)
    return part


def ask(part: SellerOrder, units: int) -> Return:
    lines = {part.lines.get().pk: units}
    return returns.request(part=part, lines=lines, reason="Too small.")


def arrive(parcel: Return, units: int, **how) -> Refund | None:
    line = parcel.lines.get().line_id
    restock = how.pop("restock", True)
    return returns.receive(
        parcel=parcel, lines={line: Arrived(units=units, restock=restock)}, **how
    )


def told(name: str) -> list[dict]:
    return [
        event.payload for event in OutboxEvent.objects.filter(name=f"orders.{name}").order_by("pk")
    ]


def everything() -> tuple:
    return (
        list(Return.objects.order_by("pk").values()),
        list(SellerOrder.objects.get().lines.values()),
        Refund.objects.count(),
        StockMovement.objects.count(),
        dict(LedgerAccount.objects.values_list("key", "balance_minor")),
        OutboxEvent.objects.count(),
    )


def test_a_return_is_asked_for_agreed_to_received_and_refunded(part, buyer, seller, bowl):
    parcel = returns.request(
        part=part, lines={part.lines.get().pk: 2}, reason="Too small.", actor=buyer
    )
    returns.approve(parcel=parcel, answer="Use the label in the box.", actor=seller)

    refund = arrive(parcel, 2, actor=seller)

    parcel.refresh_from_db()
    line = part.lines.get()
    assert (parcel.state, parcel.lines.get().received) == ("received", 2)
    assert (line.returned, line.refunded_units) == (2, 2)
    assert (refund.amount_minor, refund.kind, refund.returned) == (2000, "return", parcel)
    assert stock_of(bowl) == (8, 0)
    movement = StockMovement.objects.get(kind="return")
    assert (movement.delta, movement.order_line_ref) == (2, line.pk)
    assert len(told("ReturnRequested")) == len(told("ReturnReceived")) == 1
    assert told("ReturnAnswered")[0]["is_approved"] is True
    assert {step.actor for step in parcel.history} == {buyer, seller}
    call_command("audit")


def test_8_refund_what_arrived(part):
    """Ready-made test 8 of the fifteen: three announced, two received, two refunded."""
    parcel = ask(part, 3)
    returns.approve(parcel=parcel)

    refund = arrive(parcel, 2)

    assert refund.amount_minor == 2000
    assert (part.lines.get().returned, part.lines.get().refunded_units) == (2, 2)
    call_command("audit")


def test_8_a_refund_after_the_payout_is_a_negative_line_of_the_next(part, shop, seller):
    fulfilment.complete(seller_order=part)
    payout = pay_out(shop, seller)
    closed = (list(Payout.objects.values()), list(payout.items.values()))
    parcel = ask(part, 3)
    returns.approve(parcel=parcel)

    refund = arrive(parcel, 2)

    assert (list(Payout.objects.values()), list(payout.items.values())) == closed
    assert refund.amount_minor == 2000
    # What the shop no longer has it owes, less the commission that it gets back.
    owed = LedgerAccount.objects.get(kind="shop_receivable", shop=shop)
    assert owed.balance_minor == 2000 - 200
    booked = LedgerTransfer.objects.filter(refund=refund)
    assert not booked.filter(payout_item__isnull=False).exists()
    call_command("audit")


def pay_out(shop, seller) -> Payout:
    """All that the shop has available, sent to its bank."""
    make_bank_account(shop)
    payout = payouts.request(shop=shop, currency="EUR", actor=seller)
    return payout_sending.send(payout=payout)


def test_what_is_broken_does_not_go_back_on_the_shelf(part, bowl):
    parcel = ask(part, 2)
    returns.approve(parcel=parcel)

    refund = arrive(parcel, 2, restock=False)

    assert (stock_of(bowl), refund.amount_minor) == ((6, 0), 2000)
    assert not StockMovement.objects.filter(kind="return").exists()
    call_command("audit")


def test_the_delivery_goes_back_where_the_shop_says_so(part):
    parcel = ask(part, 3)
    returns.approve(parcel=parcel)

    refund = arrive(parcel, 3, refund_shipping=True)

    assert (refund.amount_minor, refund.shipping_minor) == (3500, 500)
    call_command("audit")


def test_units_refunded_before_are_not_paid_twice(part):
    line = part.lines.get()
    refunds.decide(part=part, lines={line.pk: Wanted(units=2)}, kind=Refund.Kind.GOODWILL)
    parcel = ask(part, 3)
    returns.approve(parcel=parcel)

    refund = arrive(parcel, 3)

    assert refund.amount_minor == 1000
    assert part.lines.get().refunded_units == 3
    call_command("audit")


def test_money_given_before_is_not_given_again(part):
    line = part.lines.get()
    goodwill = {line.pk: Wanted(amount_minor=2500)}
    refunds.decide(part=part, lines=goodwill, kind=Refund.Kind.GOODWILL)
    parcel = ask(part, 3)
    returns.approve(parcel=parcel)

    refund = arrive(parcel, 3)

    assert refund.amount_minor == 500
    call_command("audit")


@pytest.mark.parametrize("units", [0, 3])
def test_what_did_not_come_or_was_all_refunded_costs_nothing(units, part):
    refunds.decide_all(part=part, kind=Refund.Kind.GOODWILL)
    parcel = ask(part, 3)
    returns.approve(parcel=parcel)

    assert arrive(parcel, units) is None

    assert part.lines.get().returned == units
    call_command("audit")


def test_a_parcel_that_never_came_closes_the_return_and_costs_nothing(part):
    parcel = ask(part, 3)
    returns.approve(parcel=parcel)

    assert arrive(parcel, 0) is None

    parcel.refresh_from_db()
    assert (parcel.state, parcel.lines.get().received) == ("received", 0)
    assert not Refund.objects.exists()
    assert returns.returnable(part) == {part.lines.get().pk: 3}
    call_command("audit")


def test_more_than_was_sent_is_not_sent_back(part):
    ask(part, 2)
    before = everything()

    for units, refusal in [(2, MoreThanSent), (-1, MoreThanSent), (0, NothingToReturn)]:
        with pytest.raises(refusal):
            ask(part, units)

    assert everything() == before


def test_what_was_not_sent_is_not_returned(buyer, bowl):
    part = make_order(buyer, bowl, quantity=3, paid=True).seller_orders.get()
    before = everything()

    with pytest.raises(NotReturnable):
        ask(part, 1)

    assert everything() == before


def test_a_parcel_on_its_way_may_be_sent_back(buyer, bowl):
    part = make_order(buyer, bowl, quantity=3, paid=True).seller_orders.get()
    fulfilment.ship(seller_order=part, lines={part.lines.get().pk: 1})

    with pytest.raises(MoreThanSent):
        ask(part, 2)

    assert ask(part, 1).state == "requested"


def test_it_is_asked_for_within_the_days_of_the_shop(part, shop):
    shop.returns_days = 14
    shop.save()
    delivered = now() - timedelta(days=14, minutes=1)
    Shipment.objects.update(delivered_at=delivered)
    before = everything()

    with pytest.raises(TooLateToReturn):
        ask(part, 1)

    assert everything() == before
    Shipment.objects.update(delivered_at=delivered + timedelta(minutes=2))
    assert ask(part, 1).state == "requested"
    fresh = SellerOrder.objects.get()
    assert returns.deadline(fresh) == Shipment.objects.get().delivered_at + timedelta(days=14)


def test_rejected_and_withdrawn_units_may_be_asked_for_again(part):
    returns.reject(parcel=ask(part, 3), answer="They were made to measure.")
    approved = ask(part, 3)
    returns.approve(parcel=approved)
    returns.withdraw(parcel=approved)

    assert ask(part, 3).state == "requested"

    assert list(Return.objects.order_by("pk").values_list("state", "answer")) == [
        ("rejected", "They were made to measure."),
        ("withdrawn", ""),
        ("requested", ""),
    ]
    call_command("audit")


def test_only_what_was_agreed_to_is_received_and_once(part):
    asked = ask(part, 1)
    before = everything()
    with pytest.raises(InvalidTransition):
        arrive(asked, 1)
    assert everything() == before
    returns.approve(parcel=asked)
    arrive(asked, 1)
    before = everything()

    with pytest.raises(InvalidTransition):
        arrive(asked, 1)

    assert everything() == before


def test_more_than_was_announced_can_not_arrive(part):
    parcel = ask(part, 1)
    returns.approve(parcel=parcel)
    before = everything()

    for units in (2, -1):
        with pytest.raises(MoreThanAnnounced):
            arrive(parcel, units)

    assert everything() == before


def test_an_answer_is_given_once(part):
    parcel = ask(part, 1)
    stale = Return.objects.get()
    returns.approve(parcel=parcel)
    before = everything()

    with pytest.raises(InvalidTransition):
        returns.reject(parcel=stale, answer="No.")

    assert everything() == before


def test_untracked_goods_come_back_too(buyer, shop):
    order = make_order(buyer, make_variant(shop, stock=None), quantity=2, paid=True)
    part = order.seller_orders.get()
    fulfilment.ship(seller_order=part)
    parcel = ask(part, 2)
    returns.approve(parcel=parcel)

    arrive(parcel, 2)

    assert part.lines.get().returned == 2
    assert Order.objects.get().payments.get().refund_decided_minor > 0
    call_command("audit")
