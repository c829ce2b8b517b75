"""Stripe behind the protocol, over real HTTP, against a server with books of its own."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest
from django.utils.timezone import now

from catalog.tests.factories import make_variant
from orders import gateways
from orders.gateways import stripe_http
from orders.gateways.protocol import BadSignature, Unknown
from orders.models import Payment
from orders.tests.factories import make_order
from tests.psp_sim.process import SECRET
from tests.psp_sim.webhooks import signature

pytestmark = pytest.mark.django_db

LOST_AFTER_CAPTURE = {"on": "capture", "do": "drop", "times": 1}


@pytest.fixture
def gateway(psp):
    return gateways.named("stripe")


@pytest.fixture
def payment(buyer, shop) -> Payment:
    return make_payment(buyer, shop)


def make_payment(buyer, shop) -> Payment:
    order = make_order(buyer, make_variant(shop))
    return Payment.objects.create(
        state="created",
        order=order,
        provider="stripe",
        currency=order.currency,
        amount_minor=order.total_minor,
    )


def start(gateway, payment, method="pm_card_visa"):
    """As the service does it: the reference is kept."""
    outcome = gateway.start(payment, {"payment_method": method} if method else {})
    payment.provider_reference, payment.state = outcome.reference, outcome.status
    return outcome


# --- paying


def test_a_good_card_is_captured_once_for_the_whole_sum(gateway, psp, payment):
    outcome = start(gateway, payment)

    assert (outcome.status, outcome.method) == ("captured", "Card ending 4242")
    assert psp.amounts("capture", payment.uuid) == [payment.amount_minor]
    assert gateway.look_up(payment) == outcome


def test_starting_the_same_payment_again_captures_nothing_more(gateway, psp, payment):
    first = start(gateway, payment)

    again = gateway.start(payment, {"payment_method": "pm_card_visa"})

    assert again == first
    assert psp.amounts("capture", payment.uuid) == [payment.amount_minor]


@pytest.mark.parametrize(
    ("method", "failure"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_of_nobody", "resource_missing"),
        ("ctoken_of_nobody", "resource_missing"),
    ],
)
def test_a_refusal_says_why_and_captures_nothing(gateway, psp, payment, method, failure):
    outcome = start(gateway, payment, method)

    assert (outcome.status, outcome.failure) == ("failed", failure)
    assert psp.amounts("capture", payment.uuid) == []


@pytest.mark.parametrize(
    ("succeeds", "status", "failure"),
    [(True, "captured", ""), (False, "failed", "authentication_refused")],
)
def test_the_bank_asks_first(gateway, psp, payment, succeeds, status, failure):
    asked = start(gateway, payment, "pm_card_authenticationRequired")
    assert (asked.status, asked.client_secret != "") == ("requires_action", True)
    assert asked.action_url == f"{psp.base}/_hosted/authenticate/{asked.reference}"

    psp.ask("POST", f"settle/{asked.reference}", {"succeeds": succeeds})

    outcome = gateway.look_up(payment)
    assert (outcome.status, outcome.failure) == (status, failure)


def test_a_slow_debit_is_processing_until_it_is_there(gateway, psp, payment):
    outcome = start(gateway, payment, "pm_usBankAccount_success")
    assert outcome.status == "processing"

    psp.ask("POST", f"settle/{outcome.reference}", {})

    settled = gateway.look_up(payment)
    assert (settled.status, settled.method) == ("captured", "Account ending 6789")


def test_without_a_method_the_buyers_program_gets_a_secret(gateway, psp, payment):
    outcome = start(gateway, payment, "")

    assert (outcome.status, outcome.action_url) == ("requires_action", "")
    assert outcome.client_secret.startswith(f"{outcome.reference}_secret_")
    assert outcome.client_secret not in repr(outcome)
    assert gateway.look_up(payment).status == "requires_action", "it is the buyer's turn"


def test_what_is_cancelled_can_not_be_paid(gateway, psp, payment):
    start(gateway, payment, "pm_card_authenticationRequired")

    outcome = gateway.cancel(payment)
    psp.ask("POST", f"settle/{payment.provider_reference}", {})

    assert (outcome.status, outcome.failure) == ("failed", "abandoned")
    assert psp.amounts("capture", payment.uuid) == []


def test_cancelling_too_late_tells_that_it_was_paid(gateway, psp, payment):
    start(gateway, payment)

    assert gateway.cancel(payment).status == "captured"


# --- answers that don't arrive


@pytest.mark.parametrize(
    "fault",
    [
        LOST_AFTER_CAPTURE,
        {"on": "capture", "do": "error", "times": 1},
        {"on": "payment_intents.confirm", "do": "drop", "times": 1},
    ],
)
def test_a_capture_whose_answer_was_lost_is_found_again(gateway, psp, payment, fault):
    psp.fault(fault)
    with pytest.raises(Unknown):
        start(gateway, payment)
    assert payment.provider_reference == ""

    outcome = gateway.look_up(payment)

    assert (outcome.status, outcome.method) == ("captured", "Card ending 4242")
    assert psp.amounts("capture", payment.uuid) == [payment.amount_minor]


def test_the_day_after_it_is_found_by_its_metadata(gateway, psp, payment):
    psp.fault(LOST_AFTER_CAPTURE)
    with pytest.raises(Unknown):
        start(gateway, payment)
    payment.created_at = now() - timedelta(days=2)

    assert gateway.look_up(payment).status == "captured"


def test_an_intent_whose_own_answer_was_lost_is_found_by_its_metadata(gateway, psp, payment):
    """A 500 stays under its key for a day."""
    psp.fault({"on": "payment_intents.create", "do": "error", "times": 1})
    with pytest.raises(Unknown):
        start(gateway, payment)

    assert gateway.look_up(payment) is None, "nobody has tried to pay it"


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_was_never_confirmed_is_withdrawn_for_good(gateway, psp, payment, when):
    psp.fault({"on": "payment_intents.create", "do": "drop", "when": when, "times": 1})
    with pytest.raises(Unknown):
        start(gateway, payment)

    assert gateway.look_up(payment) is None
    outcome = gateway.cancel(payment)
    late = gateway.start(payment, {"payment_method": "pm_card_visa"})

    assert (outcome.status, outcome.failure) == ("failed", "abandoned")
    assert late.status == "failed", "a confirmation on its way comes too late"
    assert psp.amounts("capture", payment.uuid) == []


def test_of_a_payment_from_the_day_before_that_never_was_nothing_is_known(gateway, payment):
    payment.created_at = now() - timedelta(days=2)

    assert gateway.look_up(payment) is None


def test_too_long_a_silence_is_unknown_and_nothing_is_tried_twice(
    gateway, psp, payment, monkeypatch
):
    monkeypatch.setattr(stripe_http, "TIMEOUT_SECONDS", 1)
    stripe_http._client.cache_clear()
    psp.fault({"on": "capture", "do": "hold", "ms": 20_000, "times": 1})
    before = psp.ask("GET", "health")["requests"]

    with pytest.raises(Unknown):
        start(gateway, payment)

    psp.ask("POST", "release")
    stripe_http._client.cache_clear()
    calls = psp.ask("GET", "health")["requests"] - before
    assert calls == 2, "the intent and its confirmation, each once"
    assert gateway.look_up(payment).status == "captured"


@pytest.mark.logs_errors
def test_a_wrong_key_is_loud_and_no_payment(gateway, psp, payment, settings):
    settings.STRIPE_SECRET_KEY = "nonsense"

    outcome = start(gateway, payment)

    assert (outcome.status, outcome.failure) == ("failed", "provider_refused")


# --- refunds


def test_a_refund_happens_once_per_key(gateway, psp, payment):
    start(gateway, payment)

    first = gateway.refund(payment, 100, key="one")
    again = gateway.refund(payment, 100, key="one")
    other = gateway.refund(payment, 50, key="two")

    assert (first.status, again) == ("succeeded", first)
    assert psp.amounts("refund", payment.uuid) == [100, 50]
    assert gateway.look_up_refund(payment, "two", "") == other
    assert gateway.look_up_refund(payment, "two", other.reference) == other
    assert gateway.look_up_refund(payment, "three", "") is None


@pytest.mark.parametrize("do", ["drop", "error"])
def test_a_refund_whose_answer_was_lost_is_found_again(gateway, psp, payment, do):
    start(gateway, payment)
    psp.fault({"on": "refund", "do": do, "times": 1})
    with pytest.raises(Unknown):
        gateway.refund(payment, 100, key="one")

    assert gateway.look_up_refund(payment, "one", "").status == "succeeded"
    assert psp.amounts("refund", payment.uuid) == [100]


def test_more_than_was_captured_is_not_given_back(gateway, psp, payment):
    start(gateway, payment)

    outcome = gateway.refund(payment, payment.amount_minor + 1, key="one")

    assert (outcome.status, outcome.reference) == ("failed", "")
    assert psp.amounts("refund", payment.uuid) == []


@pytest.mark.parametrize(
    ("method", "succeeds", "status", "failure"),
    [
        ("pm_card_pendingRefund", True, "succeeded", ""),
        ("pm_card_refundFail", False, "failed", "expired_or_canceled_card"),
    ],
)
def test_a_refund_may_take_its_time(gateway, psp, payment, method, succeeds, status, failure):
    start(gateway, payment, method)
    refund = gateway.refund(payment, 100, key="one")
    assert refund.status == "pending"

    psp.ask("POST", f"settle/{refund.reference}", {"succeeds": succeeds})

    outcome = gateway.look_up_refund(payment, "one", refund.reference)
    assert (outcome.status, outcome.failure) == (status, failure)


# --- payouts


@pytest.fixture
def account(gateway) -> str:
    """A shop's account that Stripe knows nothing of yet."""
    return stripe_http.client().v1.accounts.create({"country": "IE", "type": "express"}).id


def pay_out(gateway, account, key, amount=500):
    return gateway.pay_out(account, amount, "EUR", key=key, group="P-1")


def test_a_payout_is_one_transfer_per_key(gateway, psp, payment, account):
    start(gateway, payment)
    psp.ask("POST", f"settle/{account}", {})
    key = f"payout-{payment.uuid}"

    first = pay_out(gateway, account, key)
    again = pay_out(gateway, account, key)

    assert (first.status, again) == ("paid", first)
    assert psp.amounts("transfer", key) == [500]
    assert gateway.look_up_payout(key, "") == gateway.look_up_payout(key, first.reference) == first
    assert gateway.look_up_payout("another", "") is None


def test_an_account_that_is_not_set_up_gets_nothing(gateway, psp, payment, account):
    start(gateway, payment)

    outcome = pay_out(gateway, account, "key-of-nobody")

    assert (outcome.status, outcome.failure) == (
        "failed",
        "insufficient_capabilities_for_transfer",
    )
    assert psp.amounts("transfer", "key-of-nobody") == []


def test_a_payout_whose_answer_was_lost_is_found_again(gateway, psp, payment, account):
    start(gateway, payment)
    psp.ask("POST", f"settle/{account}", {})
    psp.fault({"on": "transfer", "do": "drop", "times": 1})
    key = f"lost-{payment.uuid}"
    with pytest.raises(Unknown):
        pay_out(gateway, account, key)

    assert gateway.look_up_payout(key, "").status == "paid"
    assert psp.amounts("transfer", key) == [500]


def test_a_payout_that_came_back_has_failed(gateway, psp, payment, account):
    start(gateway, payment)
    psp.ask("POST", f"settle/{account}", {})
    paid = pay_out(gateway, account, f"back-{payment.uuid}")

    psp.ask("POST", f"reversals/{paid.reference}", {})

    outcome = gateway.look_up_payout(f"back-{payment.uuid}", paid.reference)
    assert (outcome.status, outcome.failure) == ("failed", "returned")


# --- what it tells by itself


def event(type: str = "payment_intent.succeeded", **body: object) -> bytes:
    about = {"id": "pi_1", "amount": 1999, "currency": "eur", "status": "succeeded"} | body
    said = {
        "id": "evt_1",
        "object": "event",
        "type": type,
        "created": int(time.time()),
        "data": {"object": about},
    }
    return json.dumps(said).encode()


def signed(body: bytes, age: int = 0, secret: str = SECRET) -> dict[str, str]:
    return {"Stripe-Signature": signature(body, secret, int(time.time()) - age)}


def test_an_event_is_read_in_our_words(gateway):
    body = event(metadata={"payment": "ours"})

    said = gateway.parse_event(body, signed(body))

    assert (said.event_id, said.kind, said.reference) == ("evt_1", "payment", "pi_1")
    assert (said.amount_minor, said.currency) == (1999, "EUR")
    assert said.data["payment"] == "ours"


def test_each_endpoint_at_stripe_has_a_secret_of_its_own(gateway, settings):
    settings.STRIPE_WEBHOOK_SECRET = f"whsec_of_the_other, {SECRET}"
    body = event()

    assert gateway.parse_event(body, signed(body)).event_id == "evt_1"
    assert gateway.parse_event(body, signed(body, secret="whsec_of_the_other")).event_id == "evt_1"


@pytest.mark.parametrize(
    ("type", "body", "kind", "reference"),
    [
        ("refund.failed", {"payment_intent": "pi_2", "status": "failed"}, "refund", "pi_2"),
        (
            "charge.dispute.created",
            {"payment_intent": "pi_2", "reason": "fraudulent"},
            "dispute.opened",
            "pi_2",
        ),
        ("transfer.reversed", {"id": "tr_1", "reversed": True}, "payout", "tr_1"),
        ("account.updated", {"id": "acct_1"}, "account", "acct_1"),
        ("customer.created", {"id": "cus_1"}, "other", "cus_1"),
    ],
)
def test_every_kind_says_what_it_is_about(gateway, type, body, kind, reference):
    content = event(type, **body)

    said = gateway.parse_event(content, signed(content))

    assert (said.kind, said.reference, said.data["type"]) == (kind, reference, type)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Stripe-Signature": ""},
        {"Stripe-Signature": "t=1,v1=é"},
        {"Stripe-Signature": "nonsense"},
        signed(event(), age=301),
        signed(event(), secret="whsec_of_somebody_else"),
        signed(event(amount=1)),
    ],
)
def test_what_stripe_did_not_sign_is_refused(gateway, headers):
    with pytest.raises(BadSignature):
        gateway.parse_event(event(), headers)


def test_without_a_secret_nothing_is_believed(gateway, settings):
    settings.STRIPE_WEBHOOK_SECRET = ""
    body = event()

    with pytest.raises(BadSignature):
        gateway.parse_event(body, signed(body, secret=""))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff\xfe", b"null", b'"x"', b"1"])
def test_what_is_no_event_is_refused(gateway, body):
    with pytest.raises(BadSignature):
        gateway.parse_event(body, signed(body))
