"""Processes that die while they call the provider: their keys are answered all the same."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from catalog.tests.factories import make_variant
from marketflow.core.models import IdempotentRequest
from orders.api import completing
from orders.gateways import Outcome
from orders.gateways.protocol import Unknown
from orders.gateways.test import CAPTURED, TestGateway
from orders.models import Payment
from orders.services import payments
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(buyer, shop):
    return make_order(buyer, make_variant(shop))


@pytest.fixture
def provider(monkeypatch):
    """A provider that captures, and whose answer no process lives to read."""
    asked = []

    def start(gateway, payment, details):
        asked.append(payment.uuid)
        raise SystemExit

    def look_up(gateway, payment):
        if payment.uuid in asked:
            return Outcome(status="captured", reference="ch_1", method="Card ending 4242")
        return None

    monkeypatch.setattr(TestGateway, "start", start)
    monkeypatch.setattr(TestGateway, "look_up", look_up)
    return asked


def pay(api, order):
    url = f"/api/v1/orders/{order.number}/payments/"
    body = {"method": "test", "card": CAPTURED}
    return api.post(url, body, headers={"Idempotency-Key": "one"})


def pay_and_die(api, order) -> None:
    with pytest.raises(SystemExit):
        pay(api, order)


def let_the_lease_end() -> None:
    past = now() - IdempotentRequest.LEASE - timedelta(seconds=1)
    IdempotentRequest.objects.update(leased_at=past)


def test_a_capture_whose_answer_nobody_read_is_booked_and_answered(api, order, provider):
    pay_and_die(api, order)
    let_the_lease_end()

    assert completing.complete_dead() == 1

    order.refresh_from_db()
    answer = pay(api, order)
    assert order.state == "paid"
    assert (answer.status_code, answer.json()["status"]) == (201, "captured")
    assert answer.headers["Idempotent-Replayed"] == "true"
    assert Payment.objects.count() == len(provider) == 1


def test_who_comes_back_first_resumes_it_themselves(api, order, provider):
    pay_and_die(api, order)
    let_the_lease_end()

    answer = pay(api, order)

    assert (answer.status_code, answer.json()["status"]) == (201, "captured")
    assert pay(api, order).content == answer.content
    assert completing.complete_dead() == 0
    assert Payment.objects.count() == len(provider) == 1


def test_what_was_never_begun_is_forgotten_and_may_be_sent_again(api, order, monkeypatch):
    def die(**kwargs):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(payments, "start", die)
        pay_and_die(api, order)
    let_the_lease_end()

    assert completing.complete_dead() == 1

    assert not IdempotentRequest.objects.exists()
    assert pay(api, order).json()["status"] == "captured"


def test_a_provider_that_says_nothing_is_asked_again_later(api, order, provider, monkeypatch):
    def silent(gateway, payment):
        raise Unknown

    pay_and_die(api, order)
    let_the_lease_end()

    with monkeypatch.context() as patch:
        patch.setattr(TestGateway, "look_up", silent)
        assert completing.complete_dead() == 0
    # The lease was renewed: the next look waits for it.
    assert completing.complete_dead() == 0
    assert pay(api, order).json()["code"] == "in_progress"

    let_the_lease_end()
    assert completing.complete_dead() == 1
    assert pay(api, order).json()["status"] == "captured"


def test_a_process_that_still_calls_is_left_alone(api, order, provider):
    pay_and_die(api, order)

    assert completing.complete_dead() == 0

    assert IdempotentRequest.objects.get().state == "claimed"
    assert Payment.objects.get().state == "created"
