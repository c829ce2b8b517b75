"""Promotions from the cart to the order's page and the API's answer."""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command

from accounts.tests.factories import make_address, make_user
from carts.models import Cart, Promotion
from carts.services import coupons
from carts.tests.factories import fill_cart, make_promotion
from catalog.services import inventory
from catalog.tests.factories import make_variant, stock_of
from marketflow.core.tests.pages import Visitor
from orders.api.checkout import CheckoutView
from orders.gateways.test import CAPTURED
from orders.models import Order
from orders.tests.factories import make_order, place

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(buyer) -> Visitor:
    make_address(buyer, is_default=True)
    visitor = Visitor()
    visitor.client.force_login(buyer)
    return visitor


def fields(page) -> dict[str, str]:
    """What the form of Review carries along."""
    body = page.response.content.decode()
    names = ("key", "quote", "seen")
    return {name: re.search(rf'name="{name}" value="([^"]*)"', body)[1] for name in names}


def test_a_code_used_up_on_review_is_listed_old_and_new_and_asked_again(ana, buyer, shop):
    bowl = make_variant(shop, price=2000)
    make_promotion(shop, percent=10, code="TEN", name="Spring sale", max_uses=1)
    coupons.apply(cart=fill_cart(buyer, bowl), code="TEN")
    seen = ana.open("/checkout/review/")
    assert "Place order and pay €23.00" in seen.text
    rival = make_user("rita")
    place(coupons.apply(cart=fill_cart(rival, bowl), code="TEN"), buyer=rival)

    page = ana.post("/checkout/review/", **fields(seen), card=CAPTURED)

    assert page.status == 409
    assert "Spring sale (TEN) takes off €0.00 (was €2.00)." in page.text
    assert "The total is now €25.00 (was €23.00)." in page.text
    assert not Order.objects.filter(buyer=buyer).exists()

    page = ana.post("/checkout/review/", **fields(page), card=CAPTURED)

    assert Order.objects.get(buyer=buyer).total_minor == 2500
    call_command("audit")


def test_an_order_shows_what_was_taken_off(ana, buyer, shop):
    make_promotion(shop, percent=10, name="Spring sale")
    make_promotion(kind="free_shipping", name="Free delivery")
    order = make_order(buyer, make_variant(shop, price=2000), paid=True)

    page = ana.open(f"/orders/{order.number}/")

    for words in ("Spring sale", "−€2.00", "Free delivery", "−€5.00", "€18.00"):
        assert words in page.text


def test_an_order_that_costs_nothing_asks_for_no_card(ana, buyer, shop):
    make_promotion(percent=100, name="On us")
    make_promotion(kind="free_shipping", name="Free delivery")
    fill_cart(buyer, make_variant(shop, price=2000))

    page = ana.open("/checkout/review/")
    assert "Card number" not in page.text
    page = ana.post("/checkout/review/", **fields(page))

    order = Order.objects.get()
    assert (page.url, order.state) == (f"/orders/{order.number}/", "paid")
    assert "Thank you" in page.text
    call_command("audit")


def check_out(api, cart: dict, key: str = "k1"):
    body = {"quote": cart["quote"], "shipping_address": make_address()}
    return api.post("/api/v1/checkout/", body, headers={"Idempotency-Key": key})


def test_the_answer_of_checkout_lists_discounts(api, buyer, shop):
    make_promotion(shop, percent=10, name="Spring sale")
    fill_cart(buyer, make_variant(shop, price=2000))

    order = check_out(api, api.get("/api/v1/cart/").json()).json()

    amount = {"amount": 200, "currency": "EUR"}
    assert order["discounts"] == [{"name": "Spring sale", "code": "", "amount": amount}]
    assert order["totals"]["discount"] == amount
    assert order["seller_orders"][0]["lines"][0]["discount"] == amount


def test_checkout_of_what_costs_nothing_answers_paid(api, buyer, shop):
    make_promotion(percent=100)
    make_promotion(kind="free_shipping")
    fill_cart(buyer, make_variant(shop, price=2000))

    order = check_out(api, api.get("/api/v1/cart/").json()).json()

    assert (order["state"], order["payment"]["methods"]) == ("paid", [])


def test_a_use_lost_at_the_very_end_is_a_refusal_with_the_cart(api, buyer, shop, monkeypatch):
    """Within the key's transaction uses are taken last of all, when the answer is made."""
    bowl = make_variant(shop, price=2000)
    make_promotion(shop, percent=10, code="TEN", max_uses=1)
    coupons.apply(cart=fill_cart(buyer, bowl), code="TEN")
    cart = api.get("/api/v1/cart/").json()
    take, once, tries = inventory.reserve, CheckoutView._order, []

    def reserve(quantities, **named):
        take(quantities, **named)
        Promotion.objects.update(max_uses=0)

    def attempt(view, request):
        if tries:
            Promotion.objects.update(max_uses=0)
        tries.append(request)
        return once(view, request)

    monkeypatch.setattr(inventory, "reserve", reserve)
    monkeypatch.setattr(CheckoutView, "_order", attempt)
    answer = check_out(api, cart)

    assert (answer.status_code, answer.json()["code"]) == (409, "coupon_exhausted")
    assert answer.json()["cart"]["totals"]["total"]["amount"] == 2500
    assert len(tries) == 2
    assert Cart.objects.get().ordered_at is None
    assert stock_of(bowl) == (5, 0)
    assert not Order.objects.exists()
