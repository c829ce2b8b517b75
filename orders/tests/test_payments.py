from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from catalog.tests.factories import make_variant, stock_of
from marketflow.core.models import OutboxEvent
from orders import gateways
from orders.gateways import Outcome
from orders.gateways.protocol import RefundOutcome, Unknown
from orders.gateways.test import ASKS_FIRST, CAPTURED, DECLINED, TestGateway
from orders.models import Order, Payment
from orders.services import cancelling, closing, payments, refunds
from orders.services.payments import (
    AlreadyPaid,
    OrderCancelled,
    OrderExpired,
    PaymentOpen,
    UnknownMethod,
)
from orders.tests.factories import make_order, pay

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(buyer, shop) -> Order:
    return make_order(buyer, make_variant(shop))


def end_the_hold(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(expires_at=now() - timedelta(seconds=1))
    order.refresh_from_db()


def states(order: Order) -> tuple[str, list[str]]:
    order.refresh_from_db()
    return order.state, [part.state for part in order.seller_orders.all()]


def told(name: str) -> int:
    return OutboxEvent.objects.filter(name=f"orders.{name}").count()


def test_the_whole_sum_captured_pays_every_part(order):
    payment = pay(order)

    assert states(order) == ("paid", ["paid"])
    assert order.paid_at is not None
    assert (payment.captured_minor, payment.method) == (order.total_minor, "Card ending 4242")
    assert told("OrderPaid") == 1


def test_a_declined_card_leaves_the_order_held_and_open(order):
    payment = pay(order, DECLINED)

    assert (payment.state, payment.failure, payment.captured_minor) == (
        "failed",
        "card_declined",
        0,
    )
    assert states(order) == ("awaiting_payment", ["pending"])
    assert order.is_payable
    assert told("OrderPaid") == 0
    pay(order)
    assert states(order)[0] == "paid"


@pytest.mark.parametrize("card", ["", "4111111111111111", "4242", "x" * 40])
def test_no_other_card_pays(order, card):
    payment = pay(order, card)

    assert (payment.state, payment.failure, payment.method) == ("failed", "card_not_accepted", "")


def test_card_data_is_kept_nowhere(order):
    payment = pay(order, "4242 4242 4242 4243")

    row = Payment.objects.filter(pk=payment.pk).values().get()
    # The reference has random digits, which are any four now and then.
    assert "42424243" not in row.pop("provider_reference")
    assert "4243" not in "".join(value for value in row.values() if isinstance(value, str))


@pytest.mark.parametrize(
    ("approve", "state", "order_state"),
    [(True, "captured", "paid"), (False, "failed", "awaiting_payment")],
)
def test_the_bank_asks_first_and_the_answer_decides(order, approve, state, order_state):
    payment = pay(order, ASKS_FIRST)
    assert (payment.state, states(order)[0]) == ("requires_action", "awaiting_payment")

    outcome = TestGateway().confirm(payment, approve=approve)
    payment = payments.settle(payment=payment, outcome=outcome)

    assert (payment.state, states(order)[0]) == (state, order_state)


def test_a_question_that_was_left_makes_room_for_the_next_attempt(order):
    left = pay(order, ASKS_FIRST)

    pay(order)

    left.refresh_from_db()
    assert (left.state, left.failure) == ("failed", "abandoned")
    assert states(order)[0] == "paid"


def test_a_repeated_answer_changes_nothing(order):
    payment = pay(order)
    outcome = TestGateway().look_up(payment)

    payments.settle(payment=payment, outcome=outcome)

    assert payment.history.count() == 2
    assert told("OrderPaid") == 1


def test_what_is_paid_is_not_paid_again(order):
    pay(order)

    with pytest.raises(AlreadyPaid) as refusal:
        pay(order)

    assert refusal.value.facts == {"number": order.number}
    assert Payment.objects.count() == 1


def test_after_the_hold_nothing_is_charged(order):
    end_the_hold(order)

    with pytest.raises(OrderExpired) as refusal:
        pay(order)

    assert refusal.type is OrderExpired
    assert not Payment.objects.exists()


def test_a_cancelled_order_is_not_called_one_that_came_too_late(order):
    cancelling.cancel(order=order)

    with pytest.raises(OrderCancelled) as refusal:
        pay(order)

    assert refusal.value.code == "order_expired"
    assert refusal.value.facts == {"number": order.number, "state": "cancelled"}
    assert refusal.value.message == "This order was cancelled."
    assert not Payment.objects.exists()


def test_a_way_that_is_not_offered_is_refused(order):
    with pytest.raises(UnknownMethod):
        payments.start(order=order, method="barter", details={})

    assert not Payment.objects.exists()


# --- answers that don't arrive


@pytest.fixture
def silent_provider(monkeypatch):
    """It takes the money and its answer is lost."""

    def start(self, payment, details):
        raise Unknown

    monkeypatch.setattr(TestGateway, "start", start)


def a_while_ago(payment: Payment) -> None:
    Payment.objects.filter(pk=payment.pk).update(created_at=now() - timedelta(minutes=2))


def test_no_answer_leaves_the_attempt_open_and_no_second_beside_it(order, silent_provider):
    payment = pay(order)

    assert (payment.state, payment.closed_at) == ("created", None)
    with pytest.raises(PaymentOpen):
        pay(order)
    assert Payment.objects.count() == 1


def test_the_provider_is_asked_again_and_its_word_counts(order, silent_provider, monkeypatch):
    payment = pay(order)
    answer = Outcome(status="captured", reference="test_x", method="Card ending 4242")
    monkeypatch.setattr(TestGateway, "look_up", lambda self, payment: answer)
    assert payments.ask_again(order=order) == 0, "its answer may still be on its way"
    a_while_ago(payment)

    assert payments.settle_unknown() == 1

    assert states(order)[0] == "paid"
    assert payments.settle_unknown() == 0


def test_what_the_provider_never_heard_of_has_failed(order, silent_provider):
    payment = pay(order)
    a_while_ago(payment)

    payments.ask_again(order=order)

    payment.refresh_from_db()
    assert (payment.state, payment.failure) == ("failed", "not_started")
    assert states(order)[0] == "awaiting_payment"


def test_asking_about_one_order_leaves_the_others_alone(order, shop, silent_provider):
    other = pay(make_order(None, make_variant(shop, "Lamp")))
    a_while_ago(other)

    assert payments.ask_again(order=order) == 0

    other.refresh_from_db()
    assert other.state == "created"


# --- money that comes too late


def test_money_for_an_order_that_expired_goes_back_once(
    order, shop, monkeypatch, django_capture_on_commit_callbacks
):
    returned = []

    def refund(self, payment, amount_minor, key):
        returned.append((amount_minor, key))
        return RefundOutcome(status="succeeded", reference="given back")

    monkeypatch.setattr(TestGateway, "refund", refund)
    payment = pay(order, ASKS_FIRST)
    end_the_hold(order)
    closing.release_expired()

    with django_capture_on_commit_callbacks(execute=True):
        outcome = TestGateway().confirm(payment, approve=True)
        payments.settle(payment=payment, outcome=outcome)
    refunds.send_due()

    payment.refresh_from_db()
    refund = payment.refunds.get()
    assert (refund.kind, refund.state) == ("excess", "succeeded")
    assert returned == [(order.total_minor, refund.key)]
    assert payment.refunded_minor == payment.captured_minor == order.total_minor
    assert states(order) == ("expired", ["expired"])
    assert stock_of(make_line_variant(order)) == (5, 0)


def make_line_variant(order: Order):
    return order.seller_orders.get().lines.get().variant


# --- providers


def test_providers_are_those_of_the_settings(settings):
    assert [gateway.name for gateway in gateways.enabled()] == ["test"]
    assert gateways.named("barter") is None
    settings.PAYMENT_PROVIDERS = ["barter"]

    with pytest.raises(Exception, match="PAYMENT_PROVIDERS='barter': expected"):
        gateways.enabled()


def test_spaces_and_hyphens_are_no_part_of_a_card_number(order):
    assert pay(order, "4242-4242 4242-4242").state == "captured"
    assert CAPTURED == "4242424242424242"
