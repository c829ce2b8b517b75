from __future__ import annotations

import pytest
from django.test import override_settings
from rest_framework.test import APIClient

from carts.models import Cart
from carts.tests.factories import fill_cart, make_promotion
from catalog.tests.factories import make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def bowl(shop, buyer):
    bowl = make_variant(shop, price=2000)
    fill_cart(buyer, bowl)
    return bowl


def test_a_coupon_is_in_every_figure_of_the_cart(api, shop, bowl):
    make_promotion(shop, percent=10, code="TEN", name="Spring sale", market_basis_points=5000)

    answer = api.post("/api/v1/cart/coupon/", {"code": "ten"})

    cart = answer.json()
    assert answer.status_code == 200
    discount = {
        "name": "Spring sale",
        "code": "TEN",
        "amount": {"amount": 200, "currency": "EUR"},
        "payer": "shared",
    }
    assert cart["discounts"] == cart["groups"][0]["discounts"] == [discount]
    assert cart["groups"][0]["items"][0]["total"]["amount"] == 1800
    totals = {name: money["amount"] for name, money in cart["totals"].items()}
    assert (totals["goods"], totals["discount"], totals["total"]) == (2000, 200, 2300)
    assert cart["coupons"] == [
        {"code": "TEN", "name": "Spring sale", "shop": shop.slug, "reason": "", "missing": None}
    ]

    gone = api.delete("/api/v1/cart/coupon/ten/").json()

    assert (gone["coupons"], gone["discounts"]) == ([], [])
    assert gone["quote"] != cart["quote"]


def test_a_cart_says_how_much_is_missing_to_a_coupons_minimum(api, shop, bowl, buyer):
    """It was there when the code was typed in, and something was taken out again."""
    fill_cart(buyer, make_variant(shop, "Lamp", price=3000))
    make_promotion(shop, percent=10, code="TEN", minimum_minor=4500)
    api.post("/api/v1/cart/coupon/", {"code": "TEN"})

    bowls = Cart.objects.get().lines.get(variant=bowl)
    [coupon] = api.delete(f"/api/v1/cart/items/{bowls.uuid}/").json()["coupons"]

    assert coupon["reason"] == "minimum"
    assert coupon["missing"] == {"amount": 1500, "currency": "EUR"}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"code": "OTHER"}, "coupon_unknown"),
        ({"max_uses": 0}, "coupon_exhausted"),
        ({"minimum_minor": 9000}, "coupon_not_applicable"),
    ],
)
def test_a_refused_coupon_says_why_and_changes_nothing(api, shop, bowl, fields, code):
    make_promotion(shop, **({"percent": 10, "code": "TEN"} | fields))

    answer = api.post("/api/v1/cart/coupon/", {"code": "TEN"})

    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert Cart.objects.get().coupons == []
    if code == "coupon_not_applicable":
        assert answer.json()["missing"] == {"amount": 7000, "currency": "EUR"}


@pytest.mark.parametrize(
    "body", [{}, {"code": ""}, {"code": "TEN", "price": 1}, {"code": "A" * 61}]
)
def test_the_shape_is_strict(api, bowl, body):
    answer = api.post("/api/v1/cart/coupon/", body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert Cart.objects.get().coupons == []


def test_who_has_no_cart_opens_none_by_guessing():
    answer = APIClient().post("/api/v1/cart/coupon/", {"code": "TEN"})

    assert (answer.status_code, answer.json()["code"]) == (409, "coupon_unknown")
    assert APIClient().delete("/api/v1/cart/coupon/TEN/").status_code == 200
    assert not Cart.objects.exists()


@override_settings(RATE_LIMITS={"coupon": "1/600"})
def test_guessing_ends_after_a_while(api, shop, bowl):
    make_promotion(shop, percent=10, code="TEN")
    api.post("/api/v1/cart/coupon/", {"code": "AAA"})

    answer = api.post("/api/v1/cart/coupon/", {"code": "TEN"})

    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert Cart.objects.get().coupons == []
