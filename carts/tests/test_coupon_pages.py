from __future__ import annotations

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import PASSWORD
from carts.models import Cart
from carts.tests.factories import make_promotion, make_shipping
from catalog.tests.factories import make_variant
from marketflow.core.tests.pages import Visitor

pytestmark = pytest.mark.django_db

PARTIAL = {"HTTP_HX_REQUEST": "true", "HTTP_HX_REQUEST_TYPE": "partial"}


@pytest.fixture
def guest() -> Visitor:
    return Visitor()


def put(visitor: Visitor, *variants):
    for variant in variants:
        if not variant.shop.shipping_options.exists():
            make_shipping(variant.shop)
        page = visitor.post("/cart/add/", variant=variant.uuid, quantity=1)
    return page


def codes() -> list[str]:
    return Cart.objects.get().coupons


def test_a_code_is_applied_named_and_removed_without_script(guest, shop, rival):
    put(guest, make_variant(shop, price=2000), make_variant(rival, price=1000))
    make_promotion(shop, percent=10, code="TEN", name="Spring sale")

    page = guest.post("/cart/coupon/", code=" ten ", at=shop.slug)

    assert (page.url, page.status) == ("/cart/", 200)
    assert "Spring sale (TEN)" in page.text
    assert "−€2.00" in page.text
    assert "€38.00" in page.text
    assert codes() == ["TEN"]

    page = guest.post("/cart/coupon/remove/", code="TEN")

    assert "Spring sale" not in page.text
    assert codes() == []


def test_what_applies_by_itself_is_named(guest, shop):
    make_promotion(kind="free_shipping", name="Free delivery week")

    page = put(guest, make_variant(shop, price=2000))

    assert "Free delivery week" in page.text
    assert "−€5.00" in page.text
    assert "€20.00" in page.text


def test_a_wrong_code_is_said_at_its_field_with_the_text_kept(guest, shop):
    put(guest, make_variant(shop))

    page = guest.post("/cart/coupon/", code="NoSuch", at=shop.slug)

    body = page.response.content.decode()
    assert page.status == 409
    assert body.startswith("<!doctype html>") and "<title>Error: Your cart" in body
    assert f'href="#coupon-{shop.slug}-code"' in body
    assert 'value="NoSuch"' in body
    assert f'aria-describedby="coupon-{shop.slug}-error"' in body
    assert "Check the code" in page.text
    assert codes() == []


def test_nothing_typed_is_said_too(guest, shop):
    put(guest, make_variant(shop))

    page = guest.post("/cart/coupon/", code=" ", at="")

    assert page.status == 422
    assert "Enter a code" in page.text
    assert codes() == []


def test_what_is_missing_to_the_minimum_is_said_in_money(guest, shop):
    put(guest, make_variant(shop, price=1500))
    make_promotion(shop, percent=10, code="TEN", minimum_minor=2000)

    page = guest.post("/cart/coupon/", code="TEN", at=shop.slug)

    assert "Add €5.00" in page.text
    assert codes() == []


def test_a_code_that_no_longer_fits_stays_with_its_reason(guest, shop):
    put(guest, make_variant(shop, price=2500))
    promotion = make_promotion(shop, percent=10, code="TEN")
    guest.post("/cart/coupon/", code="TEN", at=shop.slug)
    promotion.minimum_minor = 4000
    promotion.save(update_fields=["minimum_minor"])

    page = guest.open("/cart/")

    assert "Not used: add €15 of what it is for." in page.text
    assert "€30.00" in page.text


@override_settings(RATE_LIMITS={"coupon": "2/600", "search": "9/9"})
def test_guessing_ends_after_a_while(guest, shop):
    put(guest, make_variant(shop))
    make_promotion(shop, percent=10, code="TEN")
    for code in ("AAA", "BBB"):
        guest.post("/cart/coupon/", code=code, at="")

    page = guest.post("/cart/coupon/", code="TEN", at="")

    assert page.status == 429
    assert int(page.response.headers["Retry-After"]) > 0
    assert "Too many attempts" in page.text
    assert codes() == []


def test_a_swap_brings_the_cart_and_announces_its_total(guest, shop):
    put(guest, make_variant(shop, price=2000))
    make_promotion(shop, percent=10, code="TEN")

    answer = guest.client.post("/cart/coupon/", {"code": "TEN", "at": shop.slug}, **PARTIAL)

    body = answer.content.decode()
    assert (answer.status_code, "<html" in body) == (200, False)
    assert 'data-announce="Cart total €23.00"' in body


def test_codes_come_along_when_signing_in(guest, buyer, shop):
    bowl = make_variant(shop, price=2000)
    put(guest, bowl)
    make_promotion(shop, percent=10, code="TEN")
    guest.post("/cart/coupon/", code="TEN", at="")

    guest.post("/account/login/", login=buyer.email, password=PASSWORD)

    assert (Cart.objects.get().buyer, codes()) == (buyer, ["TEN"])


def test_the_cart_costs_the_same_for_one_code_and_for_five_promotions(guest, shop):
    put(guest, make_variant(shop, price=2000))
    make_promotion(shop, percent=10, code="TEN")
    guest.post("/cart/coupon/", code="TEN", at="")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            guest.open("/cart/")
        return len(captured)

    before = queries()
    for n in range(4):
        make_promotion(shop, percent=5, name=f"Sale {n}")
    assert queries() == before
