from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command

from carts.tests.factories import make_shipping
from catalog.tests.factories import make_variant, stock_of
from marketflow.core.models import OutboxEvent
from orders.models import (
    Dispute,
    Disputed,
    InvalidTransition,
    LedgerAccount,
    Order,
    Payment,
    Refund,
    SellerOrder,
)
from orders.services import cancelling, disputes, fulfilment, refunds, returns
from orders.services.disputes import AlreadyAnswered, DecidedByTheBank, NotDisputable
from orders.services.refunds import RefundTooLarge
from orders.services.returns import Arrived
from orders.services.shares import Wanted
from orders.tests.factories import make_order
from orders.tests.test_returns import pay_out

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
    """Bowls of 30.00 and lamps of 90.00, and delivery of 5.00 and 7.00, paid."""
    return make_order(buyer, bowl, lamp, quantity=3, paid=True)


@pytest.fixture
def part(order, shop) -> SellerOrder:
    return order.seller_orders.get(shop=shop)


@pytest.fixture
def staff(stranger):
    stranger.is_staff = True
    stranger.save()
    return stranger


def complain(part: SellerOrder) -> Dispute:
    return disputes.open_by_buyer(part=part, reason="It arrived in pieces.")


def let_arrive(part: SellerOrder, *, complete: bool = False) -> None:
    fulfilment.ship(seller_order=part)
    fulfilment.deliver(seller_order=part)
    if complete:
        fulfilment.complete(seller_order=part)


def told(name: str) -> list[dict]:
    return [
        event.payload for event in OutboxEvent.objects.filter(name=f"orders.{name}").order_by("pk")
    ]


def everything() -> tuple:
    return (
        list(Dispute.objects.order_by("pk").values()),
        list(SellerOrder.objects.order_by("pk").values()),
        Refund.objects.count(),
        list(Payment.objects.values()),
        dict(LedgerAccount.objects.values_list("key", "balance_minor")),
        OutboxEvent.objects.count(),
    )


def test_a_dispute_freezes_that_share_alone(order, part, buyer, rival):
    neighbour = order.seller_orders.get(shop=rival)
    let_arrive(part)
    let_arrive(neighbour)

    dispute = disputes.open_by_buyer(part=part, reason="In pieces.", actor=buyer)

    assert (dispute.state, dispute.amount_minor) == ("open", part.total_minor)
    assert list(SellerOrder.objects.disputed()) == [part]
    with pytest.raises(Disputed):
        fulfilment.complete(seller_order=part)
    fulfilment.complete(seller_order=neighbour)
    assert told("DisputeOpened")[0]["origin"] == "buyer"
    call_command("audit")


def test_the_shop_answers_once(part, seller):
    dispute = complain(part)

    disputes.answer(dispute=dispute, text="It was whole when it left.", actor=seller)
    before = everything()
    with pytest.raises(AlreadyAnswered):
        disputes.answer(dispute=Dispute.objects.get(), text="And well packed.")

    assert Dispute.objects.get().answer == "It was whole when it left."
    assert len(told("DisputeAnswered")) == 1
    assert everything() == before


def test_staff_decide_for_the_buyer_with_an_amount(part, staff):
    let_arrive(part)
    dispute = complain(part)

    refund = disputes.decide(
        dispute=dispute, refund_minor=1000, decision="A third is fair.", actor=staff
    )

    dispute.refresh_from_db()
    assert (dispute.state, dispute.decision) == ("lost", "A third is fair.")
    assert (refund.kind, refund.amount_minor) == ("dispute", 1000)
    # 30.00 of goods and 5.00 of delivery were left: the amount is spread alike.
    assert (refund.lines.get().amount_minor, refund.shipping_minor) == (857, 143)
    assert dispute.history.last().actor == staff
    assert not SellerOrder.objects.disputed().exists()
    fulfilment.complete(seller_order=part)
    call_command("audit")


def test_staff_decide_for_the_shop_and_nothing_goes_back(part, staff):
    dispute = complain(part)

    assert disputes.decide(dispute=dispute, refund_minor=0, decision="Whole.", actor=staff) is None

    assert Dispute.objects.get().state == "won"
    assert not Refund.objects.exists()
    call_command("audit")


def test_what_was_not_sent_stays_when_all_of_it_is_given_back(part, bowl):
    dispute = complain(part)

    disputes.decide(dispute=dispute, refund_minor=part.total_minor, decision="Never sent.")

    part.refresh_from_db()
    assert (part.state, stock_of(bowl)) == ("cancelled", (9, 0))
    assert Refund.objects.get().amount_minor == part.total_minor
    call_command("audit")


def test_no_more_is_decided_than_is_left(part):
    refunds.decide(
        part=part, lines={part.lines.get().pk: Wanted(units=1)}, kind=Refund.Kind.GOODWILL
    )
    dispute = complain(part)
    assert dispute.amount_minor == part.total_minor - 1000
    before = everything()

    for amount in (part.total_minor - 999, -1):
        with pytest.raises(RefundTooLarge):
            disputes.decide(dispute=dispute, refund_minor=amount, decision="All.")

    assert everything() == before


def test_a_dispute_is_decided_once(part):
    dispute = complain(part)
    stale = Dispute.objects.get()
    disputes.withdraw(dispute=dispute)
    before = everything()

    with pytest.raises(InvalidTransition):
        disputes.decide(dispute=stale, refund_minor=100, decision="Late.")

    assert everything() == before
    assert complain(part).state == "open"


def test_one_dispute_at_a_time(part):
    complain(part)
    before = everything()

    with pytest.raises(Disputed):
        complain(part)

    assert everything() == before


@pytest.mark.parametrize("is_paid", [False, True])
def test_there_must_be_money_to_ask_for(is_paid, buyer, shop, bowl):
    part = make_order(buyer, bowl, paid=is_paid).seller_orders.get()
    if is_paid:
        cancelling.cancel_units(part=part, reason="No.")
    before = everything()

    with pytest.raises(NotDisputable):
        complain(part)

    assert everything() == before


def test_completed_is_disputed_for_a_while(part, monkeypatch):
    let_arrive(part, complete=True)
    before = everything()

    with monkeypatch.context() as later:
        # As if the last of the days had ended a minute ago.
        later.setattr(disputes, "DAYS_AFTER_COMPLETION", timedelta(minutes=-1))
        with pytest.raises(NotDisputable):
            complain(part)

    assert everything() == before
    assert complain(part).state == "open"


def test_what_was_paid_out_is_not_disputed_here(part, shop, seller):
    let_arrive(part, complete=True)
    pay_out(shop, seller)
    before = everything()

    with pytest.raises(NotDisputable):
        complain(part)

    assert everything() == before


# --- the buyer's bank


def charge_back(order: Order, amount: int | None = None, **more) -> list[Dispute]:
    return disputes.open_by_provider(
        payment=order.payments.get(),
        reference="dp_1",
        amount_minor=order.total_minor if amount is None else amount,
        reason="fraudulent",
        **more,
    )


def test_the_bank_freezes_every_part_by_its_share(order):
    opened = charge_back(order, 5001, fee_minor=1500)

    # 35.00 of 132.00 and 97.00 of 132.00: the odd cent goes to the larger remainder.
    assert [dispute.amount_minor for dispute in opened] == [1326, 3675]
    assert [dispute.fee_minor for dispute in opened] == [1500, 0]
    assert SellerOrder.objects.disputed().count() == 2
    before = everything()
    assert charge_back(order, 5001) == opened
    assert everything() == before
    call_command("audit")


def test_a_lost_one_is_refunded_by_the_bank_and_by_nobody_else(
    order, monkeypatch, django_capture_on_commit_callbacks
):
    def never(*args, **kwargs):
        raise AssertionError("the provider has the money already")

    monkeypatch.setattr("orders.gateways.test.TestGateway.refund", never)
    for part in order.seller_orders.all():
        let_arrive(part, complete=True)
    charge_back(order, fee_minor=1500)

    with django_capture_on_commit_callbacks(execute=True):
        closed = disputes.close_by_provider(
            payment=order.payments.get(), reference="dp_1", is_won=False
        )

    assert {dispute.state for dispute in closed} == {"lost"}
    assert {refund.state for refund in Refund.objects.all()} == {"succeeded"}
    payment = order.payments.get()
    assert payment.refunded_minor == order.total_minor
    balances = dict(LedgerAccount.objects.values_list("kind", "balance_minor"))
    assert (balances["provider_fee"], balances["provider"]) == (1500, -1500)
    assert len(told("RefundIssued")) == 2
    before = everything()
    disputes.close_by_provider(payment=payment, reference="dp_1", is_won=False)
    assert everything() == before
    call_command("audit")


def test_a_part_of_it_lost_takes_that_part_alone(order):
    charge_back(order, 5001)

    disputes.close_by_provider(payment=order.payments.get(), reference="dp_1", is_won=False)

    assert order.payments.get().refunded_minor == 5001
    assert {part.state for part in order.seller_orders.all()} == {"paid"}
    call_command("audit")


def test_all_of_it_lost_keeps_what_was_not_sent(order, bowl, lamp):
    charge_back(order)

    disputes.close_by_provider(payment=order.payments.get(), reference="dp_1", is_won=False)

    order.refresh_from_db()
    assert order.state == "cancelled"
    assert (stock_of(bowl), stock_of(lamp)) == ((9, 0), (9, 0))
    call_command("audit")


def test_a_won_one_thaws_the_parts(order):
    charge_back(order, fee_minor=1500)

    disputes.close_by_provider(payment=order.payments.get(), reference="dp_1", is_won=True)

    assert not SellerOrder.objects.disputed().exists()
    assert not Refund.objects.exists()
    assert not LedgerAccount.objects.filter(kind="provider_fee").exists()
    call_command("audit")


def test_the_bank_takes_over_from_the_buyer(order, part):
    own = complain(part)

    charge_back(order)

    own.refresh_from_db()
    assert own.state == "withdrawn"
    assert part.disputes.open().get().origin == "provider"


def test_what_goes_beyond_what_is_left_the_marketplace_loses(order, part):
    refunds.decide_all(part=part, kind=Refund.Kind.GOODWILL)

    (opened,) = charge_back(order)
    disputes.close_by_provider(payment=order.payments.get(), reference="dp_1", is_won=False)

    assert opened.amount_minor == order.total_minor - part.total_minor
    lost = LedgerAccount.objects.get(kind="provider_fee").balance_minor
    assert lost == part.total_minor
    call_command("audit")


def test_a_decision_about_an_unknown_dispute_changes_nothing(order):
    before = everything()

    assert (
        disputes.close_by_provider(payment=order.payments.get(), reference="dp_9", is_won=False)
        == []
    )

    assert everything() == before


def test_while_the_bank_asks_nobody_else_gives_back(order, part, buyer):
    let_arrive(part)
    parcel = returns.request(part=part, lines={part.lines.get().pk: 1}, reason="Blue.")
    returns.approve(parcel=parcel)
    (mine, _) = charge_back(order)
    line = part.lines.get().pk
    before = everything()

    for step in (
        lambda: refunds.decide_all(part=part, kind=Refund.Kind.GOODWILL),
        lambda: returns.receive(parcel=parcel, lines={line: Arrived(units=1)}),
        lambda: cancelling.cancel_units(
            part=order.seller_orders.exclude(pk=part.pk).get(), reason="No."
        ),
    ):
        with pytest.raises(Disputed):
            step()
    for step in (
        lambda: disputes.decide(dispute=mine, refund_minor=1, decision="Ours."),
        lambda: disputes.withdraw(dispute=mine),
    ):
        with pytest.raises(DecidedByTheBank):
            step()

    assert everything() == before
