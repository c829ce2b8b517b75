"""The provider inside the process: refunds, payouts, and the events it could send."""

from __future__ import annotations

import json
import time

import pytest
from django.core.exceptions import ImproperlyConfigured

from catalog.tests.factories import make_variant
from orders import gateways
from orders.gateways.protocol import BadSignature
from orders.gateways.test import TestGateway
from orders.tests.factories import make_order, pay

pytestmark = pytest.mark.django_db
gateway = TestGateway()


@pytest.fixture
def payment(buyer, shop):
    return pay(make_order(buyer, make_variant(shop)))


def event(**changes: object) -> bytes:
    said = {
        "id": "evt_1",
        "kind": "payment",
        "reference": "test_x",
        "amount_minor": 1999,
        "currency": "EUR",
        "created": int(time.time()),
    }
    return json.dumps(said | changes).encode()


def test_a_refund_is_the_same_however_often_it_is_asked_for(payment):
    first = gateway.refund(payment, 100, key="one")

    again = gateway.refund(payment, 100, key="one")
    other = gateway.refund(payment, 100, key="two")

    assert first == again
    assert (first.status, other.reference != first.reference) == ("succeeded", True)
    assert gateway.look_up_refund(payment, "one", first.reference) == first
    assert gateway.look_up_refund(payment, "one", "") is None
    assert gateway.look_up_refund(payment, "one", other.reference) is None


def test_a_payout_is_the_same_however_often_it_is_asked_for():
    first = gateway.pay_out("account", 500, "EUR", key="one", group="P-1")

    assert gateway.pay_out("account", 500, "EUR", key="one", group="P-1") == first
    assert first.status == "paid"
    assert gateway.look_up_payout("one", first.reference) == first
    assert gateway.look_up_payout("one", "") is None


def test_what_it_signed_is_read():
    body = event(data={"type": "captured"})

    said = gateway.parse_event(body, gateway.sign(body))

    assert (said.event_id, said.kind, said.reference) == ("evt_1", "payment", "test_x")
    assert (said.amount_minor, said.currency) == (1999, "EUR")
    assert said.data == {"type": "captured"}


@pytest.mark.parametrize("age", [-301, 301])
def test_what_is_stale_or_from_the_future_is_refused(age):
    body = event()

    with pytest.raises(BadSignature):
        gateway.parse_event(body, gateway.sign(body, int(time.time()) - age))


@pytest.mark.parametrize(
    "header", ["", "t=1", "v1=abc", "t=x,v1=y", "t=²,v1=é", "nonsense", "t=-1,v1=" + "0" * 64]
)
def test_what_it_did_not_sign_is_refused(header):
    with pytest.raises(BadSignature):
        gateway.parse_event(event(), {"Test-Signature": header})


def test_a_changed_body_is_refused():
    headers = gateway.sign(event())

    with pytest.raises(BadSignature):
        gateway.parse_event(event(amount_minor=1), headers)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"\xff", event(amount_minor="much")],
    ids=["nothing", "a list", "an empty event", "not UTF-8", "an amount in words"],
)
def test_what_cannot_be_read_is_refused(body):
    with pytest.raises(BadSignature):
        gateway.parse_event(body, gateway.sign(body))


def test_shops_are_paid_by_the_first_provider_unless_another_is_named(settings):
    settings.PAYMENT_PROVIDERS = ["test", "stripe"]
    assert gateways.for_payouts().name == "test"

    settings.PAYOUT_PROVIDER = "stripe"
    assert gateways.for_payouts().name == "stripe"

    settings.PAYMENT_PROVIDERS = ["test"]
    with pytest.raises(ImproperlyConfigured, match="PAYOUT_PROVIDER"):
        gateways.for_payouts()
