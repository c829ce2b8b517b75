"""Each illness is made behind the code's back; the doctor names and heals it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db.models import F
from django.utils.timezone import now

from catalog.models import StockItem
from catalog.tests.factories import make_variant, stock_of
from marketflow.core import events
from marketflow.core.models import IdempotentRequest, OutboxEvent
from marketflow.management.diagnoses import DIAGNOSES
from notifications.models import Mail, WebhookEndpoint
from notifications.tests.receiving import make_endpoint, receiving
from orders.gateways import Outcome
from orders.gateways.protocol import RefundOutcome
from orders.gateways.test import TestGateway
from orders.models import Order, OrderLine, Payment, Refund
from orders.models.history import record_start
from orders.services import closing, refunds
from orders.tests.factories import make_order, pay
from tests.books.vandal import corrupt

pytestmark = pytest.mark.django_db

LONG_AGO = now() - timedelta(hours=1)


@pytest.fixture
def bowl(shop):
    return make_variant(shop, stock=5)


@pytest.fixture
def order(buyer, bowl):
    """Unpaid: two bowls are held for it."""
    return make_order(buyer, bowl, quantity=2)


def captured_by_nobody(order) -> Payment:
    """The provider's capture was written down, and the process ended there."""
    payment = Payment.objects.create(
        state="created",
        order=order,
        provider="test",
        currency=order.currency,
        amount_minor=order.total_minor,
    )
    record_start(payment)
    payment.move_to("captured")
    Payment.objects.filter(pk=payment.pk).update(
        authorised_minor=order.total_minor,
        captured_minor=order.total_minor,
        captured_at=LONG_AGO,
        closed_at=LONG_AGO,
        provider_reference="test_1",
    )
    return payment


def doctor(capsys, *, fix: bool) -> tuple[int, dict[str, str]]:
    """The exit code, and the verdict on each illness."""
    code = 0
    try:
        call_command("checkout_doctor", fix=fix)
    except SystemExit as stop:
        code = stop.code
    lines = capsys.readouterr().out.splitlines()
    verdicts = [line.split(":")[0].split() for line in lines if not line.startswith(" ")]
    return code, {words[1]: words[0] for words in verdicts[:-1]}


def the_doctor_heals(capsys, *illnesses: str) -> None:
    """Names it and touches nothing; then heals it; then finds nothing more."""
    code, found = doctor(capsys, fix=False)
    assert code == 1
    assert {name for name, word in found.items() if word == "LEFT"} == set(illnesses)

    code, treated = doctor(capsys, fix=True)
    assert code == 0
    assert {name for name, word in treated.items() if word == "healed"} == set(illnesses)

    assert doctor(capsys, fix=False)[0] == 0
    call_command("audit")


def test_a_healthy_market_needs_no_doctor(order, buyer, bowl, capsys):
    make_order(buyer, bowl, paid=True)
    events.relay()

    code, found = doctor(capsys, fix=False)

    assert code == 0
    assert set(found.values()) == {"ok"}
    assert set(found) == {known.name for known in DIAGNOSES}


def test_paid_without_an_order(order, capsys):
    captured_by_nobody(order)

    the_doctor_heals(capsys, "paid_without_order")

    order.refresh_from_db()
    assert order.state == "paid"
    assert set(order.seller_orders.values_list("state", flat=True)) == {"paid"}


@pytest.mark.parametrize("state", ["cancelled", "expired"])
def test_money_for_an_order_that_is_closed_goes_back(order, state, capsys):
    if state == "cancelled":
        closing.cancel(order=order)
    else:
        Order.objects.update(expires_at=LONG_AGO)
        closing.release_expired()
    payment = captured_by_nobody(order)

    code, _ = doctor(capsys, fix=True)
    # Decided by the first healing; carried out by the provider afterwards.
    refunds.send_due()

    payment.refresh_from_db()
    assert code == 0
    assert payment.refunded_minor == payment.captured_minor == order.total_minor
    assert doctor(capsys, fix=False)[0] == 0
    call_command("audit")


def test_a_second_capture_goes_back_and_the_first_stays(order, capsys):
    first = pay(order)
    Payment.objects.filter(pk=first.pk).update(captured_at=LONG_AGO - timedelta(hours=1))
    second = captured_by_nobody(order)

    code, found = doctor(capsys, fix=True)
    refunds.send_due()

    assert (code, found["money_without_need"]) == (0, "healed")
    for payment in (first, second):
        payment.refresh_from_db()
    assert (first.refunded_minor, second.refunded_minor) == (0, order.total_minor)
    call_command("audit")


def test_an_order_without_its_money_is_for_a_person_to_decide(order, capsys):
    pay(order)
    Payment.objects.update(captured_minor=1)

    code, found = doctor(capsys, fix=True)

    assert (code, found["order_without_payment"]) == (1, "LEFT")
    assert Payment.objects.get().captured_minor == 1


def test_a_hold_that_nobody_ended(order, bowl, capsys):
    Order.objects.update(expires_at=LONG_AGO)

    the_doctor_heals(capsys, "stuck_hold")

    assert stock_of(bowl) == (5, 0)


@pytest.mark.parametrize("off_by", [1, -1, -2])
def test_units_allocated_that_no_line_explains(order, bowl, off_by, capsys):
    StockItem.objects.update(allocated=F("allocated") + off_by)

    the_doctor_heals(capsys, "unexplained_allocation")

    assert stock_of(bowl) == (5, 2)


@pytest.mark.logs_errors
def test_more_held_than_there_is_is_named_and_left(order, bowl, capsys):
    OrderLine.objects.update(quantity=9, allocated=9)

    code, found = doctor(capsys, fix=True)

    assert (code, found["unexplained_allocation"]) == (1, "LEFT")
    assert stock_of(bowl) == (5, 2)


def test_a_payment_whose_outcome_nobody_knows(order, monkeypatch, capsys):
    payment = Payment.objects.create(
        state="created",
        order=order,
        provider="test",
        currency=order.currency,
        amount_minor=order.total_minor,
        created_at=LONG_AGO,
    )
    record_start(payment)
    outcome = Outcome(status="captured", reference="ch_1", method="Card ending 4242")
    monkeypatch.setattr(TestGateway, "look_up", lambda gateway, payment: outcome)

    the_doctor_heals(capsys, "unknown_payment")

    order.refresh_from_db()
    assert order.state == "paid"


def test_a_refund_that_was_decided_and_never_sent(order, capsys):
    pay(order)
    part = order.seller_orders.get()
    refund = refunds.decide_all(part=part, kind=Refund.Kind.GOODWILL)
    Refund.objects.update(created_at=LONG_AGO)

    the_doctor_heals(capsys, "refund_under_way")

    refund.refresh_from_db()
    assert refund.state == "succeeded"


def test_a_refund_that_failed_is_for_a_person_to_try_again(order, capsys):
    pay(order)
    refund = refunds.decide_all(part=order.seller_orders.get(), kind=Refund.Kind.GOODWILL)
    gone = RefundOutcome(status="failed", reference="re_1", failure="expired_or_canceled_card")
    refunds.settle(refund=refund, outcome=gone)

    code, found = doctor(capsys, fix=True)

    assert (code, found["refund_failed"]) == (1, "LEFT")
    assert Refund.objects.get().state == "failed"


def test_a_key_whose_process_died(order, capsys):
    IdempotentRequest.objects.create(
        actor="user:1", key="k", fingerprint="f", leased_at=LONG_AGO, created_at=LONG_AGO
    )

    the_doctor_heals(capsys, "stuck_key")

    assert not IdempotentRequest.objects.exists()


def test_an_event_that_nobody_told(order, capsys):
    OutboxEvent.objects.update(
        done_at=None, created_at=LONG_AGO, attempts=7, due_at=now() + timedelta(hours=1)
    )

    the_doctor_heals(capsys, "untold_event")

    assert not OutboxEvent.objects.filter(done_at=None).exists()


def test_mail_that_was_given_up(order, mailoutbox, capsys):
    Mail.objects.create(
        recipient="ana@example.test",
        kind="order_placed",
        dedupe_key="order_placed:1",
        subject="Your order",
        text="Thank you.",
        attempts=Mail.MOST_ATTEMPTS,
        created_at=LONG_AGO,
    )

    the_doctor_heals(capsys, "unsent_mail")

    assert [mail.to for mail in mailoutbox] == [["ana@example.test"]]


@pytest.mark.logs_errors
def test_one_that_can_not_be_healed_keeps_nobody_waiting(order, buyer, bowl, monkeypatch, capsys):
    other = make_order(buyer, bowl)
    captured_by_nobody(order)
    captured_by_nobody(other)
    history = f"subject = 'order' AND subject_id = {order.pk}"
    corrupt(f"UPDATE orders_statechange SET seq = 2 WHERE {history}")

    code, found = doctor(capsys, fix=True)

    other.refresh_from_db()
    assert (code, found["paid_without_order"]) == (1, "LEFT")
    assert other.state == "paid"


def test_a_webhook_endpoint_that_works_again_is_switched_on(order, shop, settings, capsys):
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with receiving() as receiver:
        make_endpoint(shop, receiver.url, is_enabled=False, off_reason="failing", off_at=LONG_AGO)

        the_doctor_heals(capsys, "dead_endpoint")

        assert receiver.types() == ["endpoint.test"]
    assert WebhookEndpoint.objects.get().is_enabled


def test_a_webhook_endpoint_that_is_still_dead_is_named_and_left(order, shop, capsys):
    make_endpoint(
        shop, "https://127.0.0.1/", is_enabled=False, off_reason="failing", off_at=LONG_AGO
    )

    assert doctor(capsys, fix=True)[1]["dead_endpoint"] == "LEFT"

    assert not WebhookEndpoint.objects.get().is_enabled


def test_the_help_names_every_illness(capsys):
    with pytest.raises(SystemExit):
        call_command("checkout_doctor", "--help")

    text = " ".join(capsys.readouterr().out.split())
    assert all(known.name in text for known in DIAGNOSES)
