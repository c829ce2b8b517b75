"""Counts of a filter column, against the plain way of counting."""

from __future__ import annotations

import random
from urllib.parse import urlencode

import pytest
from django.http import QueryDict

from accounts.tests.factories import make_shop
from catalog.models import Product
from catalog.services import facet_sql
from catalog.services import facets as facets_service
from catalog.services.facets import count_facets
from catalog.services.filters import read_filters
from catalog.tests.factories import make_category, make_product, make_variant

pytestmark = pytest.mark.django_db

CHOICES = [
    {},
    {"in_stock": "1"},
    {"option.Size": "L"},
    {"option.Size": ["S", "L"], "in_stock": "1", "max_price": "30"},
    {"option.Colour": "Red", "option.Size": "M", "min_price": "15"},
    {"shop": "fern-co", "attribute.Material": "Oak"},
    {"min_rating": "4", "condition": "used", "ships_from": "DE"},
    {"attribute.Material": ["Oak", "Ash"], "min_price": "10", "max_price": "40"},
]


def filters_of(**values):
    return read_filters(QueryDict(urlencode(values, doseq=True)))


@pytest.fixture
def market(shop):
    """Forty products of two shops, made up by a die that always falls the same way."""
    die = random.Random(7)
    shops = [shop, make_shop("Moss", country="DE")]
    rooms = [make_category("Home", "Lamps"), make_category("Home", "Bowls")]
    for number in range(40):
        product = make_product(
            die.choice(shops),
            f"Thing {number}",
            category=die.choice(rooms),
            option1_name="Size",
            option2_name=die.choice(["", "Colour"]),
            condition=die.choice(["new", "used"]),
            rating_average=die.choice([0, 3, 5]),
            rating_count=1,
        )
        product.attributes.create(name="Material", value=die.choice(["Oak", "Ash", "Elm"]))
        for size in die.sample(["S", "M", "L"], 2):
            make_variant(
                product.shop,
                product=product,
                price=die.choice([1000, 2000, 3500, 5000]),
                stock=die.choice([0, 3, None]),
                option1=size,
                option2=die.choice(["Red", "Blue"]) if product.option2_name else "",
                is_active=die.random() > 0.1,
            )
    return Product.objects.listed()


def plainly(market, choice, name, value) -> int:
    """What is left when `name` is set to `value` alone and every other filter stays."""
    return filters_of(**{**choice, name: value}).narrow(market).count()


@pytest.mark.parametrize("choice", CHOICES)
def test_every_count_is_what_the_list_would_show(market, choice):
    filters = filters_of(**choice)

    facets = count_facets(market, filters, key="market")

    assert facets.total == filters.narrow(market).count()
    assert facets.scope == 40
    assert facets.lists
    for facet in facets.lists:
        for box in facet.values:
            assert box.count == plainly(market, choice, facet.name, box.value), box


@pytest.mark.parametrize("choice", CHOICES)
def test_of_too_many_products_the_newest_are_counted_and_the_total_is_true(
    market, choice, monkeypatch
):
    monkeypatch.setattr(facet_sql, "MOST_COUNTED", 10)
    monkeypatch.setattr(facets_service, "MOST_COUNTED", 10)
    newest = Product.objects.filter(
        pk__in=list(market.order_by("-pk").values_list("pk", flat=True)[:10])
    )
    filters = filters_of(**choice)

    facets = count_facets(market, filters, key="market")

    assert (facets.total, facets.scope) == (filters.narrow(market).count(), 40)
    assert sum(facets.below.values()) == facets.total
    assert facets.lists
    for facet in facets.lists:
        for box in facet.values:
            assert box.count == plainly(newest, choice, facet.name, box.value), box
            assert box.count_text == f"{box.count}+"
    assert all(preset.count_text == f"{preset.count}+" for preset in facets.presets)


def test_price_ranges_count_what_they_would_show(market):
    others = {"in_stock": "1"}

    facets = count_facets(market, filters_of(**others, min_price="15"), key="market")

    assert len(facets.presets) > 1
    for preset in facets.presets:
        alone = others | {"min_price": preset.low, "max_price": preset.high}
        assert preset.count == filters_of(**alone).narrow(market).count()


def test_a_list_of_nothing_has_no_facets(market):
    facets = count_facets(Product.objects.none(), filters_of(), key="a search without a result")

    assert facets == facets_service.Facets()


def test_a_chosen_value_stays_though_nothing_has_it(market):
    facets = count_facets(market, filters_of(**{"option.Size": "XXL"}), key="market")

    sizes = next(facet for facet in facets.lists if facet.name == "option.Size")
    assert [(box.value, box.count, box.is_chosen) for box in sizes.values][0] == ("XXL", 0, True)
    assert facets.total == 0


def test_counts_below_a_category_cover_its_whole_branch(market):
    home = make_category("Home")

    below = count_facets(market, filters_of(), key="home", depth=home.depth).below

    assert sum(below.values()) == 40
    assert {path[: home.steplen] for path in below} == {home.path}


def test_one_query_counts_everything(market, django_assert_num_queries):
    with django_assert_num_queries(1):
        first = count_facets(market, filters_of(in_stock="1"), key="market")

    with django_assert_num_queries(1):
        again = count_facets(market, filters_of(in_stock="1"), key="market")
    assert len(first.presets) == 2
    assert first == again


def test_price_ranges_part_a_list_in_three_at_prices_one_would_say(shop):
    for number in range(9):
        make_variant(shop, f"Cup {number}", price=1120 + number * 410)

    presets = count_facets(Product.objects.listed(), filters_of(), key="cups").presets

    ranges = [(preset.low, preset.high, preset.count) for preset in presets]
    assert ranges == [("", "24.99", 4), ("25", "39.99", 4), ("40", "", 1)]


def test_a_price_between_two_ranges_counts_in_one_of_them(shop):
    for price in (1000, 1000, 2000, 2000, 2000, 3000, 4000, 4000, 4000):
        make_variant(shop, "Cup", price=price)

    for _time in range(2):  # The second time with the ranges that were found the first time.
        found = count_facets(Product.objects.listed(), filters_of(), key="cups")
        counts = [(preset.low, preset.high, preset.count) for preset in found.presets]
        assert counts == [("", "19.99", 2), ("20", "39.99", 4), ("40", "", 3)]


def test_few_products_need_no_price_ranges(shop):
    for number in range(5):
        make_variant(shop, f"Cup {number}", price=1000 + number * 100)

    for _time in range(2):
        assert not count_facets(Product.objects.listed(), filters_of(), key="cups").presets


def test_a_large_list_is_counted_once_a_minute(market, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(facets_service, "CAP", 39)
    count_facets(market, filters_of(), key="market")

    with django_assert_num_queries(0):
        facets = count_facets(market, filters_of(), key="market")

    assert facets.total == 40


def test_counts_are_capped_for_the_eye():
    assert facets_service.Value("x", "X", 1001).count_text == "1,000+"
    assert facets_service.Value("x", "X", 1000).count_text == "1,000"
