"""Cards are rendered once for what they show, and never show what was."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.utils.timezone import now

from catalog import cards
from catalog.cards import card
from catalog.models import Product, ProductImage, StockItem, Variant
from catalog.tests.factories import make_product, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def bowl(shop) -> Product:
    bowl = make_product(shop, "Oak bowl", option1_name="Size")
    for size in ("S", "L"):
        make_variant(shop, product=bowl, option1=size, price=2000)
    return bowl


def listed(product: Product) -> Product:
    return Product.objects.for_lists().get(pk=product.pk)


def plain(product: Product, **about) -> str:
    return render_to_string(cards.TEMPLATE, {"product": listed(product)} | about)


def test_a_card_that_was_made_is_not_rendered_again(bowl, monkeypatch):
    first = card(listed(bowl))

    monkeypatch.setattr(cards, "render_to_string", None)

    assert card(listed(bowl)) == first


CHANGES = {
    "title": lambda p: Product.objects.filter(pk=p.pk).update(title="Ash bowl"),
    "rating": lambda p: Product.objects.filter(pk=p.pk).update(rating_count=3, rating_average=4),
    "shop": lambda p: type(p.shop).objects.filter(pk=p.shop_id).update(name="Fern & Sons"),
    "price": lambda p: Variant.objects.filter(product=p).update(price_minor=1700),
    "reduced": lambda p: Variant.objects.filter(product=p).update(compare_at_minor=2500),
    "one price more": lambda p: Variant.objects.filter(product=p, option1="L").update(
        price_minor=2100
    ),
    "sold out": lambda p: StockItem.objects.filter(variant__product=p).update(on_hand=0),
    "off sale": lambda p: Variant.objects.filter(product=p, option1="L").update(is_active=False),
    "picture": lambda p: ProductImage.objects.create(
        product=p, state="waiting", fallback="x/640.jpg"
    ),
    "no longer new": lambda p: Product.objects.filter(pk=p.pk).update(
        published_at=now() - timedelta(days=99)
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changes_shows_at_once(bowl, change):
    before = card(listed(bowl))

    change(bowl)
    after = card(listed(bowl))

    assert after != before
    assert after == plain(bowl)


def test_a_wish_shows_on_ones_own_card_alone(bowl):
    mine, theirs = card(listed(bowl), wished=[bowl.pk]), card(listed(bowl), wished=[bowl.pk + 1])

    assert mine == plain(bowl, wished=[bowl.pk])
    assert theirs == plain(bowl)
    assert mine != theirs


def test_the_first_card_of_a_page_is_waited_for(bowl):
    assert card(listed(bowl), level=2, eager=True) == plain(bowl, level=2, eager=True)
    assert card(listed(bowl), focus=True) == plain(bowl, focus=True)


def test_a_listed_card_asks_nothing(bowl, django_assert_num_queries):
    product = listed(bowl)
    cards.kept.clear()

    with django_assert_num_queries(0):
        card(product)
