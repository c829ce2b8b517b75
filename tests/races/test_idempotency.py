"""The same request twenty times at once, over HTTP's own code, on PostgreSQL."""

from __future__ import annotations

from collections import Counter

import pytest
from django.core.management import call_command

from accounts.tests.factories import make_address, make_shop, make_user
from carts.models import CartLine
from carts.services import pricing
from carts.tests.factories import fill_cart
from catalog.tests.factories import make_variant, stock_of
from marketflow.core.models import IdempotentRequest
from marketflow.core.tests.clients import api_for
from orders.gateways.test import CAPTURED
from orders.models import Order, Payment
from orders.tests.factories import make_order
from tests.races.racing import race

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

COPIES = 20


@pytest.fixture
def without_the_claim(settings):
    settings.TESTING, settings.DISABLED_GUARDS = True, ["idempotency_unique"]


@pytest.fixture
def bowl():
    return make_variant(make_shop(), stock=100)


def send_at_once(buyer, url: str, body: dict) -> list:
    def send():
        return api_for(buyer).post(url, body, headers={"Idempotency-Key": "one"})

    return race(*[send] * COPIES)


def check_out_at_once(bowl) -> list:
    buyer = make_user("ana")
    quote = pricing.price(fill_cart(buyer, bowl), country="IE").quote
    body = {"quote": quote, "shipping_address": make_address()}
    return send_at_once(buyer, "/api/v1/checkout/", body)


def test_twenty_copies_of_a_checkout_are_one_order_and_one_answer(bowl):
    answers = check_out_at_once(bowl)

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    replayed = Counter("Idempotent-Replayed" in answer.headers for answer in answers)
    assert replayed == {False: 1, True: COPIES - 1}
    assert Order.objects.count() == 1
    assert stock_of(bowl) == (100, 1)
    call_command("audit")


def test_without_the_claim_one_order_per_cart_still_holds(bowl, without_the_claim):
    """The negative control: nineteen buyers' programs would be told no, but nobody pays twice."""
    answers = check_out_at_once(bowl)

    codes = Counter(answer.status_code for answer in answers)
    assert codes == {201: 1, 409: COPIES - 1}
    assert Order.objects.count() == 1
    assert stock_of(bowl) == (100, 1)


def test_twenty_copies_of_a_step_into_the_cart_are_one(bowl):
    ana = make_user("ana")
    body = {"variant": str(bowl.uuid), "quantity": 1}

    answers = send_at_once(ana, "/api/v1/cart/items/", body)

    assert len({answer.content for answer in answers}) == 1
    assert CartLine.objects.get().quantity == 1
    assert IdempotentRequest.objects.count() == 1


def test_without_the_claim_the_cart_holds_twenty(bowl, without_the_claim):
    """The negative control: adding has no second line of defence."""
    body = {"variant": str(bowl.uuid), "quantity": 1}

    send_at_once(make_user("ana"), "/api/v1/cart/items/", body)

    assert CartLine.objects.get().quantity == COPIES


def test_twenty_copies_of_a_payment_pay_once(bowl):
    ana = make_user("ana")
    order = make_order(ana, bowl)
    body = {"method": "test", "card": CAPTURED}

    answers = send_at_once(ana, f"/api/v1/orders/{order.number}/payments/", body)

    codes = Counter(answer.status_code for answer in answers)
    assert set(codes) <= {201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {
        "in_progress"
    }
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert Payment.objects.count() == 1
    call_command("audit")
