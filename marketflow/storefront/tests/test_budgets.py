"""What the pages cost: ten queries at most, eight when what stands on all of them is remembered.

And no more for a hundred rows than for ten.
"""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext

from carts.tests.factories import make_promotion
from catalog.models import Product, ProductImage
from catalog.tests.factories import make_category, make_product, make_variant

pytestmark = pytest.mark.django_db

MOST = 10
WARM = 8


def stock_up(shop, many, category):
    for number in range(many):
        product = make_product(shop, f"Oak bowl {number}", category=category, option1_name="Size")
        product.attributes.create(name="Wood", value=f"Oak {number % 3}")
        for size in ("S", "L"):
            make_variant(shop, product=product, option1=size, price=1000 + number)
        ProductImage.objects.create(product=product, state="waiting", fallback="x/640.jpg")


def queries_of(client, address) -> tuple[int, int]:
    """With nothing remembered, and with what stands on every page remembered."""
    cache.clear()
    # That a browser was here is one statement more, every five minutes, whatever the page. Who has
    # no session gets none from the asking: `client.session` would make one.
    if session := client.cookies.get(settings.SESSION_COOKIE_NAME):
        cache.set(f"seen:{session.value}", 1)
    with CaptureQueriesContext(connection) as cold:
        assert client.get(address).status_code == 200
    with CaptureQueriesContext(connection) as warm:
        client.get(address)
    return len(cold), len(warm)


ADDRESSES = [
    "/",
    "/c/bowls/",
    "/c/bowls/?in_stock=1&option.Size=L&ordering=price",
    "/c/bowls/?option.Size=L&min_price=99999&condition=used",  # Nothing fits.
    "/search/?q=oak+bowl",
    "/search/?q=oka+bowll",  # Misspelled: some of the words.
    "/search/?q=bowll",  # Misspelled: mended.
    "/search/?q=walnut",  # Few results, and more like them.
    "/search/?q=walnutt+bowll",  # Misspelled, with few results.
    "/search/?q=zeppelin",  # Nothing found.
    "/search/?q=MF-1000-0000",  # Nothing found that looks like a number.
    "/shops/fern-co/",
    "/shops/fern-co/?q=bowl",
    "/p/oak-bowl-0/",
    "/cart/",
]


NOBODY, GUEST, BUYER = "nobody", "a guest with a cart", "signed in"


@pytest.fixture(params=[GUEST, BUYER])
def visitor(request, buyer, rival):
    return visitor_of(request.param, buyer, rival)


def visitor_of(kind, buyer, rival) -> Client:
    """Who looks. What lies in the cart comes from another shop than what is looked at."""
    client = Client()
    if kind == BUYER:
        client.force_login(buyer)
    if kind != NOBODY:
        for number in range(3):
            variant = make_variant(rival, f"Tall lamp {number}")
            client.post("/cart/add/", {"variant": variant.uuid, "quantity": 1})
    return client


def test_15_each_page_costs_the_same_for_ten_and_for_a_hundred(buyer, shop, rival, monkeypatch):
    """Ready-made test 15, in questions: lists and facets ask no more when there is more to show.

    In seconds, with 400 shops and 100,000 products: `make gauntlet ARGS=A22`. All on the same
    goods: making a hundred of them takes longer than the asking.
    """
    monkeypatch.setattr("marketflow.storefront.listing.PAGE_SIZE", 100)
    visitors = {kind: visitor_of(kind, buyer, rival) for kind in (NOBODY, GUEST, BUYER)}
    bowls = make_category("Home", "Bowls")
    make_variant(shop, "Walnut bowl", category=bowls)
    stock_up(shop, 10, bowls)
    few = costs(visitors)

    stock_up(shop, 90, bowls)
    many = costs(visitors)

    assert few == many
    assert [asked for asked, (cold, _) in many.items() if cold > MOST] == []
    assert [asked for asked, (_, warm) in many.items() if warm > WARM] == []


def costs(visitors) -> dict[tuple[str, str], tuple[int, int]]:
    return {
        (kind, address): queries_of(client, address)
        for kind, client in visitors.items()
        for address in ADDRESSES
    }


def test_a_cart_costs_the_same_for_three_lines_and_for_thirty(visitor, shop):
    few = queries_of(visitor, "/cart/")

    for number in range(27):
        variant = make_variant(shop, f"Cup {number}")
        visitor.post("/cart/add/", {"variant": variant.uuid, "quantity": 1})
    many = queries_of(visitor, "/cart/")

    assert few == many


def test_a_cart_that_meets_promotions_keeps_to_the_budget(visitor, shop, rival):
    bowls = make_category("Home", "Bowls")
    bowl = make_variant(shop, "Oak bowl", category=bowls)
    visitor.post("/cart/add/", {"variant": bowl.uuid, "quantity": 1})
    make_promotion(shop, percent=10, categories=[bowls], name="Bowls")
    make_promotion(rival, percent=10, products=list(rival.products.all()), name="Lamps")
    make_promotion(None, percent=5, name="All")

    cold, warm = queries_of(visitor, "/cart/")

    assert (cold <= MOST, warm <= WARM) == (True, True), (cold, warm)


def test_a_page_of_what_is_sold_out_keeps_to_the_budget(visitor, shop):
    bowls = make_category("Home", "Bowls")
    stock_up(shop, 5, bowls)
    gone = make_variant(shop, "Gone bowl", stock=0, category=bowls)
    visitor.post("/cart/tell-me/", {"variant": gone.uuid})

    cold, warm = queries_of(visitor, gone.product.get_absolute_url())

    assert (cold <= MOST, warm <= WARM) == (True, True), (cold, warm)


def test_a_card_asks_nothing(shop, django_assert_num_queries):
    stock_up(shop, 3, make_category("Bowls"))
    products = list(Product.objects.listed().with_card_data())

    with django_assert_num_queries(0):
        for product in products:
            render_to_string("catalog/_product_card.html", {"product": product})
