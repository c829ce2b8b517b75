"""One shop of the cart is checked out alone; the rest goes on in the next cart."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from carts.models import Cart
from carts.services import baskets, pricing
from carts.tests.factories import fill_cart, make_promotion
from catalog.tests.factories import make_variant, stock_of
from marketflow.core.tests.pages import Visitor
from orders.models import Order
from orders.services.checkout import EmptyCart, PriceChanged
from orders.tests.factories import place
from orders.tests.test_pages import TYPED, put

pytestmark = pytest.mark.django_db

ONLY = "Check out this shop only"


@pytest.fixture
def guest() -> Visitor:
    return Visitor()


def contents(cart: Cart) -> dict[str, int]:
    lines = cart.lines.select_related("variant__product")
    return {line.variant.product.title: line.quantity for line in lines}


def quote_of(cart: Cart, shop) -> str:
    return pricing.price(cart, country="IE", shop=shop.slug).quote


def test_one_shop_is_bought_and_the_other_stays_in_the_cart(guest, shop, rival):
    bowl, lamp = make_variant(shop, "Oak bowl"), make_variant(rival, "Brass lamp")
    put(guest, bowl, lamp)

    guest.open("/cart/")
    page = guest.press(f"{ONLY}, Rival Goods")
    assert "You are checking out Rival Goods only." in page.text
    assert "Oak bowl" not in page.text
    guest.press("Continue to payment", **TYPED)
    guest.press("Continue to review")
    guest.press("Place order", card="4242424242424242")

    order = Order.objects.get()
    assert [part.shop for part in order.seller_orders.all()] == [rival]
    assert (order.state, stock_of(bowl)[1], stock_of(lamp)[1]) == ("paid", 0, 1)
    page = guest.open("/cart/")
    assert "Oak bowl" in page.text
    assert "Brass lamp" not in page.text
    call_command("audit")


def test_checking_out_everything_again_takes_it_back(guest, shop, rival):
    put(guest, make_variant(shop, "Oak bowl"), make_variant(rival, "Brass lamp"))
    guest.open("/cart/")
    guest.press(f"{ONLY}, Rival Goods")

    page = guest.press("Check out everything")

    assert "You are checking out" not in page.text
    assert "Oak bowl" in page.text


def test_the_carts_own_button_checks_out_everything(guest, shop, rival):
    put(guest, make_variant(shop, "Oak bowl"), make_variant(rival, "Brass lamp"))
    guest.open("/cart/")
    guest.press(f"{ONLY}, Rival Goods")

    shown = guest.open("/cart/")
    page = guest.press("Check out")

    assert shown.button("Check out").label == "Check out"
    assert page.url == "/checkout/delivery/"
    assert "Oak bowl" in page.text


def test_who_goes_on_shopping_checks_out_everything(guest, shop, rival):
    put(guest, make_variant(shop, "Oak bowl"), make_variant(rival, "Brass lamp"))
    guest.open("/cart/")
    guest.press(f"{ONLY}, Rival Goods")

    put(guest, make_variant(shop, "Jug"))

    assert "You are checking out" not in guest.open("/checkout/delivery/").text


@pytest.mark.parametrize("slug", ["nobody", "rival-goods"])
def test_a_shop_that_is_not_in_the_cart_cannot_be_checked_out(guest, shop, rival, slug):
    put(guest, make_variant(shop, "Oak bowl"))

    page = guest.post("/checkout/shop/", shop=slug)

    assert page.url == "/cart/"
    assert Cart.objects.get().checkout == {}


def test_a_cart_of_one_shop_has_no_such_button(guest, shop):
    put(guest, make_variant(shop, "Oak bowl"))

    page = guest.open("/cart/")

    assert ONLY not in page.text


def test_once_its_goods_are_gone_the_shop_leads_back_to_the_cart(guest, shop, rival):
    put(guest, make_variant(shop, "Oak bowl"), make_variant(rival, "Brass lamp"))
    guest.open("/cart/")
    guest.press(f"{ONLY}, Rival Goods")
    cart = Cart.objects.get()
    line = cart.lines.get(variant__product__title="Brass lamp")

    baskets.change(cart, {str(line.uuid): 0})

    assert guest.open("/checkout/review/").url == "/cart/"


def test_the_quote_of_the_whole_cart_does_not_pay_for_one_shop(buyer, shop, rival):
    bowl, lamp = make_variant(shop, "Oak bowl"), make_variant(rival, "Brass lamp")
    cart = fill_cart(buyer, bowl, lamp)
    quote = pricing.price(cart, country="IE").quote

    with pytest.raises(PriceChanged) as caught:
        place(cart, buyer=buyer, quote=quote, shop=shop.slug)

    assert caught.value.code == "price_changed"
    assert not Order.objects.exists()
    assert contents(Cart.objects.get()) == {"Oak bowl": 1, "Brass lamp": 1}
    assert stock_of(bowl)[1] == stock_of(lamp)[1] == 0


def test_a_shop_without_lines_orders_nothing(buyer, shop, rival):
    cart = fill_cart(buyer, make_variant(shop, "Oak bowl"))

    with pytest.raises(EmptyCart) as caught:
        place(cart, buyer=buyer, quote=quote_of(cart, rival), shop=rival.slug)

    assert caught.value.code == "empty_cart"
    assert not Order.objects.exists()
    assert contents(Cart.objects.open().get()) == {"Oak bowl": 1}


def test_what_is_saved_for_later_outlives_the_order(buyer, shop):
    bowl, jug = make_variant(shop, "Oak bowl"), make_variant(shop, "Jug")
    cart = fill_cart(buyer, bowl, jug)
    baskets.save_for_later(cart, str(cart.lines.get(variant=jug).uuid))

    place(cart, buyer=buyer)

    later = Cart.objects.of(user=buyer).get()
    assert later != cart
    assert contents(later) == {"Jug": 1}
    assert contents(cart) == {"Oak bowl": 1}


def test_notes_and_coupons_go_with_whom_they_are_for(buyer, shop, rival):
    make_promotion(rival, percent=10, code="LAMPS")
    make_promotion(shop, percent=10, code="BOWLS")
    cart = fill_cart(buyer, make_variant(shop, "Oak bowl"), make_variant(rival, "Brass lamp"))
    cart.coupons = ["LAMPS", "BOWLS"]
    cart.notes = {shop.slug: "For Fern", rival.slug: "For Rita"}
    cart.save()

    order = place(cart, buyer=buyer, quote=quote_of(cart, rival), shop=rival.slug)

    later = Cart.objects.of(user=buyer).get()
    assert order.seller_orders.get().note == "For Rita"
    assert (later.coupons, later.notes) == (["BOWLS"], {shop.slug: "For Fern"})
    assert order.discount_minor > 0


def test_leaving_something_costs_two_statements_more(buyer, shop, rival):
    cart = fill_cart(buyer, make_variant(shop, "Oak bowl"), make_variant(rival, "Brass lamp"))
    quote = quote_of(cart, shop)

    with CaptureQueriesContext(connection) as captured:
        place(cart, buyer=buyer, quote=quote, shop=shop.slug)

    statements = [q["sql"] for q in captured if "SAVEPOINT" not in q["sql"]]
    assert len(statements) <= 16, statements
