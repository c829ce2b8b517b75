"""What a provider tells by itself: believed only when signed, fitting and new."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils.timezone import now

from accounts.tests.factories import make_user
from catalog.tests.factories import make_variant
from marketflow.core.models import OutboxEvent
from orders.gateways.stripe import StripeGateway
from orders.models import Payment, PaymentEvent, PaymentEventTask, StateChange
from orders.services import closing, payments, provider_events, refunds
from orders.tests.factories import make_order
from tests.psp_sim.events import URL, bring, changed, told

pytestmark = pytest.mark.django_db

LOST = {"on": "capture", "do": "drop", "times": 1}


@pytest.fixture
def order(buyer, shop, psp):
    return make_order(buyer, make_variant(shop))


@pytest.fixture
def lost(order, psp) -> Payment:
    """Captured at the provider, and its answer never came."""
    psp.fault(LOST)
    return pay(order)


@pytest.fixture
def worker(monkeypatch):
    """Work waits until it is done: `worker()`."""
    monkeypatch.setattr(provider_events, "_nudge", lambda task_id: None)
    return provider_events.deal_with_due


def pay(order, method="pm_card_visa") -> Payment:
    return payments.start(order=order, method="stripe", details={"payment_method": method})


def succeeded(psp, payment) -> dict:
    return told(psp, payment.uuid, "payment_intent.succeeded")[0]


def written() -> tuple:
    """Everything a doubted event might have touched."""
    return (
        list(Payment.objects.order_by("pk").values_list("state", "captured_minor")),
        PaymentEvent.objects.count(),
        PaymentEventTask.objects.count(),
        StateChange.objects.count(),
        OutboxEvent.objects.count(),
    )


def results() -> list[str]:
    return list(PaymentEventTask.objects.order_by("pk").values_list("result", flat=True))


# --- ready-made test 3; at once, by real threads: tests/races/test_provider_events.py


@pytest.mark.parametrize("told_times", [1, 2])
@pytest.mark.parametrize("is_webhook_first", [True, False])
def test_3_whichever_of_webhook_and_browser_comes_first_pays_once(
    is_webhook_first, told_times, order, psp, client, worker
):
    """Ready-made test 3: one order, one capture and no refund, whoever comes second."""
    if is_webhook_first:
        psp.fault(LOST)
    payment = pay(order)
    for number in range(told_times):
        bring(client, succeeded(psp, payment) | {"id": f"evt_{payment.uuid}_{number}"})
        worker()

    # The browser comes back, and asks what became of it.
    payment = payments.resume(payment=payment)

    order.refresh_from_db()
    assert (order.state, payment.state, order.payments.count()) == ("paid", "captured", 1)
    assert psp.amounts("capture", payment.uuid) == [order.total_minor]
    assert psp.amounts("refund", payment.uuid) == []
    assert OutboxEvent.objects.filter(name="orders.OrderPaid").count() == 1
    call_command("audit")


# --- believed


def test_the_event_heals_a_capture_whose_answer_was_lost(order, psp, lost, client, worker):
    assert lost.state == "created"

    assert bring(client, succeeded(psp, lost)).json() == {"received": True}
    assert worker() == 1

    order.refresh_from_db()
    lost.refresh_from_db()
    assert (order.state, lost.state, lost.method) == ("paid", "captured", "Card ending 4242")
    assert results() == ["applied"]
    call_command("audit")


def test_answering_asks_the_provider_nothing(psp, lost, client, worker):
    event = succeeded(psp, lost)
    before = psp.ask("GET", "health")["requests"]

    bring(client, event)

    assert psp.ask("GET", "health")["requests"] == before
    assert PaymentEventTask.objects.get().done_at is None


def test_answering_costs_two_rows_and_one_question(
    psp, lost, client, worker, django_assert_num_queries
):
    event = succeeded(psp, lost)

    with django_assert_num_queries(5):  # Two of them the transaction's.
        bring(client, event)


def test_what_is_paid_already_is_written_down_as_nothing_new(order, psp, client, worker):
    paid = pay(order)

    bring(client, succeeded(psp, paid))

    assert results() == ["nothing_new"]
    assert worker() == 0


def test_right_after_the_commit_it_is_dealt_with(
    order, psp, lost, client, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        bring(client, succeeded(psp, lost))

    order.refresh_from_db()
    assert order.state == "paid"


def test_an_event_that_comes_again_changes_nothing(order, psp, lost, client, worker):
    event = succeeded(psp, lost)
    bring(client, event)
    worker()
    before = written()

    assert bring(client, event).status_code == 200
    assert worker() == 0

    assert written() == before
    assert OutboxEvent.objects.filter(name="orders.OrderPaid").count() == 1


def test_without_the_guard_a_repeated_event_is_taken_for_another(
    order, psp, lost, client, worker, settings
):
    """The negative control; the states behind it keep the money exact."""
    settings.TESTING, settings.DISABLED_GUARDS = True, ["event_dedupe"]
    event = succeeded(psp, lost)

    bring(client, event)
    bring(client, event)
    worker()

    assert results() == ["applied", "nothing_new"]
    assert psp.amounts("capture", lost.uuid) == [order.total_minor]
    call_command("audit")


def test_after_the_browsers_answer_the_event_finds_the_work_done(order, psp, client, worker):
    payment = pay(order)
    steps = payment.history.count()

    for event in told(psp, payment.uuid):
        assert bring(client, event).status_code == 200
    worker()

    assert set(results()) == {"nothing_new"}
    assert payment.history.count() == steps


def test_what_is_told_before_the_confirmation_leaves_it_its_time(
    order, psp, client, worker, monkeypatch
):
    """The worker may be quicker than we are between making an intent and confirming it."""
    confirm = StripeGateway._confirm

    def after_the_worker(gateway, payment, intent, method):
        bring(client, told(psp, payment.uuid, "payment_intent.created")[0])
        assert worker() == 1
        return confirm(gateway, payment, intent, method)

    monkeypatch.setattr(StripeGateway, "_confirm", after_the_worker)
    payment = pay(order)

    order.refresh_from_db()
    assert (order.state, payment.state) == ("paid", "captured")
    assert [step.dst for step in payment.history] == ["created", "captured"]
    assert told(psp, payment.uuid, "payment_intent.canceled") == []


def test_what_nobody_confirms_is_withdrawn_in_time(order, psp):
    psp.fault({"on": "payment_intents.confirm", "do": "drop", "when": "before", "times": 1})
    payment = pay(order)
    assert payments.ask(payment=payment).state == "created", "its answer may be on its way"
    Payment.objects.update(created_at=now() - timedelta(minutes=1))

    assert payments.settle_unknown() == 1

    payment.refresh_from_db()
    assert (payment.state, payment.failure) == ("failed", "not_started")
    assert len(told(psp, payment.uuid, "payment_intent.canceled")) == 1


def test_out_of_order_the_last_word_is_the_providers(order, psp, client, worker):
    payment = pay(order, "pm_card_authenticationRequired")
    psp.ask("POST", f"settle/{payment.provider_reference}", {"succeeds": True})
    events = told(psp, payment.uuid, "payment_intent.")

    for event in reversed(events):
        bring(client, event)
        worker()

    payment.refresh_from_db()
    assert payment.state == "captured"
    assert [step.dst for step in payment.history] == ["created", "requires_action", "captured"]


def test_a_provider_that_does_not_answer_is_asked_later(order, psp, lost, client, worker):
    psp.fault({"on": "payment_intents.retrieve", "do": "drop", "times": 1})
    bring(client, succeeded(psp, lost))
    worker()

    task = PaymentEventTask.objects.get()
    assert (task.done_at, task.reason, task.attempts) == (None, "no_answer", 1)
    assert worker() == 0, "not before its time"
    PaymentEventTask.objects.update(due_at=now() - timedelta(seconds=1))
    worker()

    order.refresh_from_db()
    assert order.state == "paid"
    assert results() == ["applied"]


@pytest.mark.logs_errors
def test_a_task_that_breaks_is_loud_and_tried_again(psp, lost, client, worker, monkeypatch):
    def broken(**kwargs):
        raise KeyError("a bug")

    event = succeeded(psp, lost)
    bring(client, event)
    with monkeypatch.context() as patch:
        patch.setattr(payments, "look_up", broken)
        worker()

    task = PaymentEventTask.objects.get()
    assert (task.done_at, task.reason) == (None, "KeyError")
    PaymentEventTask.objects.update(due_at=now() - timedelta(seconds=1))
    worker()
    assert results() == ["applied"]


def test_two_at_the_same_task_do_it_once(psp, lost, client, worker):
    bring(client, succeeded(psp, lost))
    task = PaymentEventTask.objects.get()

    assert task.claim() is True
    assert provider_events.deal_with(task_id=task.pk) is False


# --- swept


def test_captures_whose_answers_were_lost_are_healed_without_any_event(buyer, shop, psp):
    bowl = make_variant(shop, "Lamp", stock=9)
    orders = [make_order(buyer, bowl) for _ in range(4)]
    for do, other in zip(["drop", "error", "drop", "error"], orders, strict=True):
        psp.fault({"on": "capture", "do": do, "times": 1})
        assert pay(other).state == "created"
    assert payments.settle_unknown() == 0, "the answers may still be on their way"
    Payment.objects.update(created_at=now() - timedelta(minutes=1))

    assert payments.settle_unknown() == 4

    for order in orders:
        order.refresh_from_db()
        assert order.state == "paid"
        assert psp.amounts("capture", order.payments.get().uuid) == [order.total_minor]
    assert payments.settle_unknown() == 0
    call_command("audit")


def test_a_provider_that_is_away_fails_no_payment(order, psp, lost):
    Payment.objects.update(created_at=now() - timedelta(minutes=1))
    psp.fault({"on": "*", "do": "drop", "when": "before"})

    payments.settle_unknown()

    lost.refresh_from_db()
    assert lost.state == "created"
    psp.fault()
    payments.settle_unknown()
    order.refresh_from_db()
    assert order.state == "paid"


# --- refunds


def test_a_refund_that_took_its_time_is_heard_of(order, psp, client, worker):
    payment = pay(order, "pm_card_pendingRefund")
    part = order.seller_orders.get()
    refund = refunds.decide_all(part=part, kind="goodwill")
    refunds.send(refund)
    refund.refresh_from_db()
    assert (refund.state, refund.provider_reference != "") == ("pending", True)
    psp.ask("POST", f"settle/{refund.provider_reference}", {"succeeds": True})

    for event in told(psp, refund.key, "refund."):
        bring(client, event)
    worker()

    refund.refresh_from_db()
    payment.refresh_from_db()
    assert (refund.state, payment.refunded_minor) == ("succeeded", order.total_minor)
    call_command("audit")


def test_a_refund_that_the_provider_knows_nothing_of_is_not_believed(order, psp, client, worker):
    payment = pay(order)
    event = {
        "id": "evt_by_hand",
        "object": "event",
        "type": "refund.created",
        "created": 1_800_000_000,
        "data": {
            "object": {
                "id": "re_by_hand",
                "payment_intent": payment.provider_reference,
                "amount": 100,
                "currency": "eur",
                "status": "succeeded",
                "metadata": {},
            }
        },
    }

    assert bring(client, event).status_code == 200
    worker()

    payment.refresh_from_db()
    assert (results(), payment.refunded_minor) == (["refused"], 0)


@pytest.mark.parametrize("do", ["drop", "error"])
def test_a_refund_whose_answer_was_lost_is_swept_up(order, psp, do):
    payment = pay(order)
    refund = refunds.decide_all(part=order.seller_orders.get(), kind="goodwill")
    psp.fault({"on": "refund", "do": do, "times": 1})
    refunds.send(refund)
    assert refund.state == "pending"
    type(refund).objects.update(created_at=now() - timedelta(minutes=1))

    refunds.send_due()

    refund.refresh_from_db()
    assert refund.state == "succeeded"
    assert psp.amounts("refund", payment.uuid) == [order.total_minor]
    call_command("audit")


def test_a_refund_that_failed_goes_by_another_key_the_next_time(order, psp):
    payment = pay(order, "pm_card_refundFail")
    refund = refunds.decide_all(part=order.seller_orders.get(), kind="goodwill")
    refunds.send(refund)
    refund.refresh_from_db()
    psp.ask("POST", f"settle/{refund.provider_reference}", {"succeeds": False})
    refunds.look_up(refund=refund)
    refund.refresh_from_db()
    first_key = refund.key
    assert (refund.state, refund.failure) == ("failed", "expired_or_canceled_card")

    refunds.try_again(refund=refund)
    refund.refresh_from_db()
    refunds.send(refund)

    refund.refresh_from_db()
    assert refund.key != first_key
    psp.ask("POST", f"settle/{refund.provider_reference}", {"succeeds": True})
    refunds.look_up(refund=refund)
    refund.refresh_from_db()
    assert refund.state == "succeeded"
    assert psp.amounts("refund_failed", payment.uuid) == [order.total_minor]
    call_command("audit")


# --- doubted


@pytest.mark.parametrize(
    ("doubt", "code"),
    [
        ({"secret": "whsec_of_somebody_else"}, "bad_signature"),
        ({"age": 301}, "bad_signature"),
    ],
)
def test_what_is_forged_or_stale_is_refused(psp, lost, client, doubt, code):
    event, before = succeeded(psp, lost), written()

    answer = bring(client, event, **doubt)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert written() == before


def test_what_nobody_signed_is_refused(psp, lost, client):
    body, before = json.dumps(succeeded(psp, lost)), written()

    answer = client.post(URL, body, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")
    assert written() == before


@pytest.mark.parametrize(
    "lie",
    [
        {"amount": 1},
        {"currency": "usd"},
        {"id": "pi_of_another"},
        {"metadata": {"payment": "00000000-0000-4000-8000-000000000000"}},
        {"metadata": {"payment": "nonsense"}},
    ],
)
def test_what_does_not_fit_its_payment_is_refused(order, psp, client, lie):
    payment = pay(order, "pm_card_authenticationRequired")
    event = told(psp, payment.uuid, "payment_intent.requires_action")[0]
    before = written()

    answer = bring(client, changed(event, **lie))

    assert (answer.status_code, answer.json()["code"]) == (400, "event_mismatch")
    assert written() == before


def test_an_event_that_names_another_orders_payment_is_refused(order, psp, client, shop):
    payment = pay(order)
    other = pay(make_order(make_user("sam"), make_variant(shop, "Lamp")), "pm_card_visa")
    event, before = succeeded(psp, payment), written()

    answer = bring(client, changed(event, metadata={"payment": str(other.uuid)}))

    assert (answer.status_code, answer.json()["code"]) == (400, "event_mismatch")
    assert written() == before


@pytest.mark.parametrize(
    "about",
    [
        {"id": "pi_of_another_system", "metadata": {}},
        {"id": "", "metadata": {}},
    ],
)
def test_what_concerns_another_system_is_answered_and_not_kept(psp, lost, client, about):
    event, before = changed(succeeded(psp, lost), **about), written()

    assert bring(client, event).status_code == 200
    assert written() == before


def test_a_provider_that_is_not_offered_is_unknown(psp, lost, client, settings):
    event = succeeded(psp, lost)
    settings.PAYMENT_PROVIDERS = ["test"]

    assert bring(client, event).status_code == 404
    assert client.post("/webhooks/payments/nobody/").status_code == 404
    assert client.get(URL).status_code == 405


def test_what_is_too_long_is_not_read(psp, client):
    answer = bring(client, b"x" * 256_001)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_who_forges_often_is_turned_away_and_honest_events_are_not(
    psp, lost, client, settings, worker
):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"webhook_signature": "2/60"}
    event = succeeded(psp, lost)

    answers = [bring(client, event, secret="whsec_x") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert int(answers[2]["Retry-After"]) > 0
    assert bring(client, event).status_code == 200


# --- money that comes too late


def test_money_for_an_expired_order_goes_back_in_full(order, psp, lost, client, worker):
    type(order).objects.update(expires_at=now() - timedelta(seconds=1))
    closing.release_expired()

    bring(client, succeeded(psp, lost))
    worker()
    refunds.send_due()

    order.refresh_from_db()
    lost.refresh_from_db()
    assert (order.state, lost.state) == ("expired", "captured")
    assert lost.refunded_minor == order.total_minor
    assert psp.amounts("refund", lost.uuid) == [order.total_minor]
    call_command("audit")


def test_a_capture_for_a_paid_order_goes_back_in_full(order, psp, lost, client, worker):
    """Given up here as never started, paid again, and then it turns out to have been captured."""
    Payment.objects.filter(pk=lost.pk).update(state="failed", closed_at=now())
    StateChange.objects.create(
        subject="payment", subject_id=lost.pk, seq=2, src="created", dst="failed"
    )
    second = pay(order)

    bring(client, succeeded(psp, lost))
    worker()
    refunds.send_due()

    order.refresh_from_db()
    assert (order.state, second.state) == ("paid", "captured")
    assert psp.amounts("refund", lost.uuid) == [order.total_minor]
    assert psp.amounts("refund", second.uuid) == []
    call_command("audit")


def test_a_question_left_behind_can_not_be_answered_after_another_payment(order, psp):
    left = pay(order, "pm_card_authenticationRequired")

    pay(order)
    psp.ask("POST", f"settle/{left.provider_reference}", {"succeeds": True})

    left.refresh_from_db()
    assert (left.state, left.failure) == ("failed", "abandoned")
    assert psp.amounts("capture", left.uuid) == []


def test_an_answer_that_came_before_the_next_attempt_is_the_payment(order, psp):
    left = pay(order, "pm_card_authenticationRequired")
    psp.ask("POST", f"settle/{left.provider_reference}", {"succeeds": True})

    with pytest.raises(payments.AlreadyPaid):
        pay(order)

    order.refresh_from_db()
    assert order.state == "paid"
    assert [entry["reference"] for entry in psp.entries("capture", left.uuid)] == [str(left.uuid)]


def test_the_question_of_an_order_that_expired_is_withdrawn(order, psp):
    left = pay(order, "pm_card_authenticationRequired")
    type(order).objects.update(expires_at=now() - timedelta(seconds=1))
    closing.release_expired()

    payments.settle_unknown()

    left.refresh_from_db()
    assert (left.state, left.failure) == ("failed", "abandoned")
    psp.ask("POST", f"settle/{left.provider_reference}", {"succeeds": True})
    assert psp.amounts("capture", left.uuid) == []


# --- disputes and payouts


@pytest.fixture
def disputed(order, psp) -> Payment:
    payment = pay(order)
    psp.ask("POST", "disputes", {"payment_intent": payment.provider_reference})
    return payment


def of_the_dispute(order):
    return order.seller_orders.get().disputes.get()


def close(psp, payment, *, won: bool) -> None:
    opened = told(psp, payment.provider_reference, "charge.dispute.created")[0]
    psp.ask("POST", f"disputes/{opened['data']['object']['id']}", {"won": won})


def bring_disputes(client, psp, payment, worker, *, backwards: bool = False) -> None:
    events = told(psp, payment.provider_reference, "charge.dispute.")
    for event in reversed(events) if backwards else events:
        assert bring(client, event).status_code == 200
        worker()


def test_a_dispute_at_the_bank_freezes_the_part(order, psp, disputed, client, worker):
    bring_disputes(client, psp, disputed, worker)

    dispute = of_the_dispute(order)
    assert (dispute.state, dispute.origin, dispute.reason) == ("open", "provider", "fraudulent")
    assert (dispute.amount_minor, dispute.fee_minor) == (order.total_minor, 1500)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(("won", "state"), [(True, "won"), (False, "lost")])
def test_the_bank_decides_whichever_word_comes_first(
    order, psp, disputed, client, worker, won, state, backwards
):
    close(psp, disputed, won=won)

    bring_disputes(client, psp, disputed, worker, backwards=backwards)
    bring_disputes(client, psp, disputed, worker, backwards=not backwards)

    disputed.refresh_from_db()
    assert of_the_dispute(order).state == state
    assert disputed.refunded_minor == (0 if won else order.total_minor)
    assert psp.amounts("refund", disputed.uuid) == [], "the bank took it itself"
    call_command("audit")


def test_a_dispute_about_a_capture_whose_answer_was_lost_finds_the_order_paid(
    order, psp, lost, client, worker
):
    reference = succeeded(psp, lost)["data"]["object"]["id"]
    psp.ask("POST", "disputes", {"payment_intent": reference})
    opened = told(psp, reference, "charge.dispute.created")[0]
    lost.provider_reference = reference
    lost.save(update_fields=["provider_reference"])

    bring(client, opened)
    worker()

    order.refresh_from_db()
    assert (order.state, of_the_dispute(order).state) == ("paid", "open")
