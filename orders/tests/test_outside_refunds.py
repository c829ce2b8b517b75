"""Refunds that the provider tells of by itself: made by hand there, or sent back by a bank."""

from __future__ import annotations

import pytest
import stripe
from django.core.management import call_command

from carts.tests.factories import make_shipping
from catalog.tests.factories import make_variant, stock_of
from orders.models import LedgerAccount, Order, Payment, PaymentEventTask, Refund
from orders.services import fulfilment, payments, provider_events, refunds
from orders.tests.factories import make_order
from tests.psp_sim.events import bring, told
from tests.psp_sim.process import KEY

pytestmark = pytest.mark.django_db


@pytest.fixture
def bowl(shop):
    make_shipping(shop, price=500)
    return make_variant(shop, "Bowl", price=2000, stock=9)


@pytest.fixture
def lamp(rival):
    make_shipping(rival, price=500)
    return make_variant(rival, "Lamp", price=4500, stock=9)


@pytest.fixture
def worker(monkeypatch):
    monkeypatch.setattr(provider_events, "_nudge", lambda task_id: None)
    return provider_events.deal_with_due


@pytest.fixture
def payment(psp, buyer, bowl, lamp) -> Payment:
    """Of 75.00: 25.00 for Fern's part, 50.00 for Rita's."""
    order = make_order(buyer, bowl, lamp)
    details = {"payment_method": "pm_card_visa"}
    return payments.start(order=order, method="stripe", details=details)


def refund_by_hand(psp, payment: Payment, amount: int) -> str:
    """As a person does in the provider's dashboard: without a key of ours."""
    client = stripe.StripeClient(KEY, base_addresses={"api": psp.base})
    given = {"payment_intent": payment.provider_reference, "amount": amount}
    return client.v1.refunds.create(given).id


def tell(client, psp, reference: str, kind: str) -> None:
    [event] = [e for e in told(psp, reference, kind) if e["data"]["object"]["id"] == reference]
    assert bring(client, event).status_code == 200


def results() -> list[tuple[str, str]]:
    return list(PaymentEventTask.objects.order_by("pk").values_list("result", "reason"))


def test_a_refund_by_hand_is_taken_from_every_shop_by_what_is_left(client, psp, payment, worker):
    reference = refund_by_hand(psp, payment, 3000)

    tell(client, psp, reference, "refund.created")
    worker()

    payment.refresh_from_db()
    booked = Refund.objects.order_by("seller_order__number")
    assert [(r.kind, r.state, r.amount_minor) for r in booked] == [
        ("provider", "succeeded", 1000),
        ("provider", "succeeded", 2000),
    ]
    assert payment.refunded_minor == 3000
    assert results()[-1][0] == "applied"
    call_command("audit")


def test_told_again_it_is_booked_once(client, psp, payment, worker):
    reference = refund_by_hand(psp, payment, 3000)
    tell(client, psp, reference, "refund.created")
    worker()

    event = told(psp, reference, "refund.created")[0]
    bring(client, event | {"id": "evt_told_again"})
    worker()

    payment.refresh_from_db()
    assert (Refund.objects.count(), payment.refunded_minor) == (2, 3000)
    assert results()[-1][0] == "nothing_new"
    call_command("audit")


def test_all_of_it_by_hand_leaves_nothing_to_send_and_nothing_in_the_books_but_the_fee(
    client, psp, payment, bowl, worker
):
    reference = refund_by_hand(psp, payment, payment.amount_minor)

    tell(client, psp, reference, "refund.created")
    worker()

    order = Order.objects.get()
    assert set(order.seller_orders.values_list("state", flat=True)) == {"cancelled"}
    assert stock_of(bowl) == (9, 0)
    left = LedgerAccount.objects.exclude(balance_minor=0).values_list("kind", "balance_minor")
    assert dict(left) == {
        "provider": psp.held(payment.uuid),
        "provider_fee": -psp.held(payment.uuid),
    }
    call_command("audit")


def test_one_beyond_what_is_left_here_is_refused_and_told_to_staff(client, psp, payment, worker):
    """Ours is decided and not sent yet, and somebody was faster at the provider."""
    reference = refund_by_hand(psp, payment, 3000)
    for part in Order.objects.get().seller_orders.order_by("pk"):
        refunds.decide_all(part=part, kind=Refund.Kind.GOODWILL)

    tell(client, psp, reference, "refund.created")
    worker()

    payment.refresh_from_db()
    assert results()[-1] == ("refused", "not_of_the_order")
    assert payment.refunded_minor == 0


# --- what a bank sends back


@pytest.fixture
def refund(psp, payment) -> Refund:
    """Fern's part, sent and refunded."""
    part = Order.objects.get().seller_orders.order_by("pk").first()
    fulfilment.ship(seller_order=part)
    refund = refunds.send(refunds.decide_all(part=part, kind=Refund.Kind.GOODWILL))
    assert refund.state == "succeeded"
    return refund


def test_a_refund_that_comes_back_is_owed_again(client, psp, payment, refund, worker):
    psp.ask("POST", f"settle/{refund.provider_reference}", {"succeeds": False})

    tell(client, psp, refund.provider_reference, "refund.failed")
    worker()

    refund.refresh_from_db()
    payment.refresh_from_db()
    assert (refund.state, refund.failure) == ("failed", "expired_or_canceled_card")
    assert (payment.refunded_minor, payment.refund_decided_minor) == (0, refund.amount_minor)
    assert LedgerAccount.objects.get(kind="order").balance_minor == -refund.amount_minor
    call_command("audit")


def test_and_is_sent_once_more_when_staff_try_again(client, psp, payment, refund, worker):
    psp.ask("POST", f"settle/{refund.provider_reference}", {"succeeds": False})
    first = refund.provider_reference
    tell(client, psp, first, "refund.failed")
    worker()

    refund.refresh_from_db()
    refunds.try_again(refund=refund)
    refund = refunds.send(Refund.objects.get())

    payment.refresh_from_db()
    assert (refund.state, refund.times_sent) == ("succeeded", 2)
    assert refund.provider_reference != first
    assert payment.refunded_minor == refund.amount_minor
    assert LedgerAccount.objects.get(kind="order").balance_minor == 0
    call_command("audit")


def test_a_refund_by_hand_that_comes_back_is_owed_again_in_every_part(
    client, psp, payment, worker
):
    reference = refund_by_hand(psp, payment, 3000)
    tell(client, psp, reference, "refund.created")
    worker()
    psp.ask("POST", f"settle/{reference}", {"succeeds": False})

    tell(client, psp, reference, "refund.failed")
    worker()

    payment.refresh_from_db()
    assert set(Refund.objects.values_list("state", flat=True)) == {"failed"}
    assert payment.refunded_minor == 0
    call_command("audit")
