from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_user
from carts.models import Cart, CartLine
from carts.services import baskets
from carts.tests.factories import fill_cart
from catalog.models import Product, Variant
from catalog.services.inventory import OutOfStock
from catalog.tests.factories import make_product, make_variant

pytestmark = pytest.mark.django_db


def what_is_in(cart) -> list[tuple[str, int, bool]]:
    lines = cart.lines.select_related("variant__product")
    return [(line.variant.product.title, line.quantity, line.is_saved) for line in lines]


def test_adding_twice_adds_up(buyer, shop):
    bowl = make_variant(shop)

    cart = fill_cart(buyer, bowl, quantity=2)
    baskets.add(cart, bowl, 3)

    assert what_is_in(cart) == [("Oak bowl", 5, False)]


def test_more_than_there_is_is_refused_and_changes_nothing(buyer, shop):
    bowl = make_variant(shop, stock=3)
    cart = fill_cart(buyer, bowl, quantity=2)

    with pytest.raises(OutOfStock) as refusal:
        baskets.add(cart, bowl, 2)

    assert refusal.value.facts["items"][0]["available"] == 3
    assert what_is_in(cart) == [("Oak bowl", 2, False)]


def test_what_its_shop_does_not_sell_is_refused(buyer, shop):
    draft = make_variant(shop, state="draft")
    away = make_variant(shop, "Elm bowl")
    shop.state = "suspended"
    shop.save()
    cart = Cart.objects.create(buyer=buyer)

    for variant in Variant.objects.filter(pk__in=[draft.pk, away.pk]):
        with pytest.raises(baskets.NotForSale):
            baskets.add(cart, variant)

    assert what_is_in(cart) == []


def test_a_cart_holds_a_hundred_different_things(buyer, shop):
    product = make_product(shop)
    variants = [make_variant(shop, product=product, stock=None) for _ in range(101)]
    cart = Cart.objects.create(buyer=buyer)
    CartLine.objects.bulk_create(CartLine(cart=cart, variant=v) for v in variants[:100])

    with pytest.raises(baskets.CartFull):
        baskets.add(cart, variants[100])
    baskets.add(cart, variants[0], 2)

    assert cart.lines.count() == 100


def test_nought_takes_a_line_out_and_unknown_lines_are_left_alone(buyer, shop, stranger):
    bowl, lamp = make_variant(shop), make_variant(shop, "Brass lamp")
    cart = fill_cart(buyer, bowl, lamp)
    foreign = fill_cart(stranger, bowl).lines.get()

    baskets.change(cart, {str(cart.lines.first().uuid): 0, str(foreign.uuid): 0})

    assert what_is_in(cart) == [("Brass lamp", 1, False)]
    assert CartLine.objects.filter(pk=foreign.pk).exists()


def test_fewer_may_be_asked_for_though_less_is_left(buyer, shop):
    bowl = make_variant(shop, stock=5)
    cart = fill_cart(buyer, bowl, quantity=5)
    fill_cart(make_user("sam"), bowl)
    line = cart.lines.get()
    bowl.stock.on_hand = 2
    bowl.stock.save()

    baskets.change(cart, {str(line.uuid): 3})

    assert what_is_in(cart) == [("Oak bowl", 3, False)]


def test_settling_takes_what_is_left_and_keeps_the_rest_for_later(buyer, shop):
    bowl, lamp = make_variant(shop, stock=5), make_variant(shop, "Brass lamp", stock=5)
    cup = make_variant(shop, "Tin cup", price=900)
    cart = fill_cart(buyer, bowl, lamp, cup, quantity=3)
    for variant, left in ((bowl, 1), (lamp, 0)):
        variant.stock.on_hand = left
        variant.stock.save()
    cup.price_minor = 1100
    cup.save()

    baskets.settle(cart)

    assert what_is_in(cart) == [
        ("Oak bowl", 1, False),
        ("Brass lamp", 3, True),
        ("Tin cup", 3, False),
    ]
    assert cart.lines.get(variant=cup).seen_price_minor == 1100


def test_settling_puts_what_was_withdrawn_aside(buyer, shop):
    cart = fill_cart(buyer, make_variant(shop, stock=None))
    Product.objects.update(state="archived")

    baskets.settle(cart)

    assert what_is_in(cart) == [("Oak bowl", 1, True)]


# --- signing in


def test_signing_in_unites_the_lines_with_the_larger_quantity(buyer, shop):
    bowl, lamp, cup = (make_variant(shop, title, stock=None) for title in ("Bowl", "Lamp", "Cup"))
    mine = fill_cart(buyer, bowl, lamp, quantity=2)
    guest = fill_cart(None, bowl, quantity=5)
    baskets.add(guest, lamp, 1)
    baskets.add(guest, cup, 1)

    merged = baskets.merge(guest, buyer)

    assert merged.pk == mine.pk
    assert what_is_in(merged) == [("Bowl", 5, False), ("Lamp", 2, False), ("Cup", 1, False)]
    assert Cart.objects.count() == 1
    assert baskets.merge(guest, buyer).lines.count() == 3


def test_what_a_guest_means_to_buy_is_no_longer_saved_for_later(buyer, shop):
    bowl = make_variant(shop)
    mine = fill_cart(buyer, bowl)
    baskets.save_for_later(mine, mine.lines.get().uuid)

    merged = baskets.merge(fill_cart(None, bowl), buyer)

    assert what_is_in(merged) == [("Oak bowl", 1, False)]


def test_what_was_typed_in_checkout_comes_along(buyer, shop):
    guest = fill_cart(None, make_variant(shop))
    guest.country, guest.checkout = "DE", {"address": {"line1": "1 Mill Lane"}}
    guest.save()

    merged = baskets.merge(guest, buyer)

    assert (merged.country, merged.checkout) == ("DE", guest.checkout)


# --- whose cart it is


def test_only_a_token_of_ours_finds_a_cart():
    token = baskets.new_token()
    Cart.objects.create(token_hash=baskets.hash_of(token))

    def found_with(cookie: str | None):
        request = RequestFactory().get("/")
        request.user = AnonymousUser()
        if cookie is not None:
            request.COOKIES["cart"] = cookie
        return baskets.find(request)

    assert found_with(token)
    for forged in (None, "", "x", token[:-1], token.partition(":")[0], baskets.new_token()):
        assert found_with(forged) is None


def a_new_guest():
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    return request


def test_a_cart_that_was_just_opened_is_asked_for_nothing(shop):
    """Nobody else has its token yet: there is no line to read, and nobody to wait for."""
    cart, bowl = baskets.find_or_open(a_new_guest()), make_variant(shop)

    with CaptureQueriesContext(connection) as queries:
        baskets.add(cart, bowl)

    asked = [query["sql"].split()[0] for query in queries]
    assert [word for word in asked if word in ("SELECT", "UPDATE")] == []


def test_what_one_request_adds_twice_to_a_new_cart_adds_up(shop):
    cart, bowl, lamp = baskets.find_or_open(a_new_guest()), make_variant(shop), make_variant(shop)

    baskets.add(cart, bowl, 2)
    baskets.add(cart, lamp)
    baskets.add(cart, bowl, 3)

    quantities = dict(cart.lines.values_list("variant", "quantity"))
    assert quantities == {bowl.pk: 5, lamp.pk: 1}


def test_a_guests_cart_is_not_found_by_somebody_signed_in(buyer):
    token = baskets.new_token()
    Cart.objects.create(token_hash=baskets.hash_of(token))
    request = RequestFactory().get("/")
    request.user, request.COOKIES["cart"] = buyer, token

    assert baskets.find(request) is None
