"""Finding things by what people type, on either database."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.http import QueryDict

from accounts.models import Shop
from catalog.models import Product, SearchMiss, Synonym
from catalog.services import listing, search, search_misses
from catalog.services.filters import read_filters
from catalog.tests.factories import make_category, make_product, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf(shop):
    make_variant(shop, "Speckled stoneware mug", sku="CK-1001-BLU")
    make_variant(shop, "Fig candle", sku="CND_50%")
    make_variant(shop, "Café couch", category=make_category("Furniture", "Seating"))
    make_variant(shop, "Secret lamp", state="draft")


def titles(text, **how) -> list[str]:
    found = search.find(text, **how)
    products = found.among(Product.objects.listed())
    return [product.title for product in found.by_relevance(products)]


@pytest.mark.parametrize(
    ("typed", "how"),
    [
        ("stoneware", "words"),
        ("MUGS", "words"),  # Another form of the word.
        ("mug stoneware", "words"),  # Another order.
        ("stonew", "parts"),
        ("1001", "words parts"),
        ("k-1001-b", "parts"),
        ("ck-1001-blu", "words parts"),
        ("spekled mug", "mended"),
        ("stonware", "mended"),
        ("blue mug", "some"),  # "Blu" of the SKU is no word to be mended to.
        ("azure mug", "some"),
    ],
)
def test_a_mug_is_found(shelf, typed, how):
    assert titles(typed) == ["Speckled stoneware mug"]
    assert search.find(typed).how in how.split()


def test_what_was_mended_is_told_and_can_be_declined(shelf):
    found = search.find("spekled  mug")

    assert (found.text, found.shown, found.is_mended) == ("spekled mug", "speckled mug", True)
    assert search.find("spekled mug", literally=True).how == "none"


def test_accents_are_the_same_letters(shelf):
    assert titles("cafe") == titles("CAFÉ") == ["Café couch"]


def test_a_category_finds_what_is_in_it(shelf):
    assert titles("seating") == ["Café couch"]


def test_signs_that_mean_something_to_a_database_are_only_text(shelf):
    assert titles("_50%") == titles("nd_50%") == ["Fig candle"]
    for text in ('"', "' or 1=1 --", "*", "a:*", "fig & | !", "%", "\\", "NEAR(fig)"):
        search.find(text)


def test_all_words_come_before_some(shelf, shop):
    make_variant(shop, "Fig tree")

    assert titles("fig candle") == ["Fig candle"]


def test_a_title_counts_more_than_a_description(shop):
    make_variant(shop, product=make_product(shop, "Tall jug", description="Fits a teapot lid."))
    make_variant(shop, "Teapot")

    assert titles("teapot") == ["Teapot", "Tall jug"]


def test_drafts_stay_secret(shelf):
    assert titles("secret lamp") == []
    assert search.find("secret").how == "none"


def test_synonyms_mean_the_same(shelf):
    assert titles("sofa") == []
    Synonym.objects.create(term="Sofa", means="settee, couch")
    search.cache.clear()

    assert titles("sofa") == ["Café couch"]


def test_an_empty_search_shows_everything(shelf):
    assert len(titles("  ")) == 3


def test_a_long_text_is_cut(shelf):
    found = search.find("mug " * 60)

    assert found.is_cut
    assert len(found.text) <= search.LONGEST


def test_the_index_follows_every_change(shelf, shop):
    mug = Product.objects.get(title="Speckled stoneware mug")
    mug.title = "Dotted tumbler"
    mug.save(update_fields=["title"])
    listing.refresh([mug])

    assert titles("tumbler") == ["Dotted tumbler"]
    assert titles("speckled") == []


def test_a_sku_leads_to_its_product_only_where_it_is_the_only_one(shelf, rival):
    assert [one.title for one in search.with_sku("ck-1001-blu")] == ["Speckled stoneware mug"]
    make_variant(rival, "Other mug", sku="CK-1001-BLU")

    assert len(search.with_sku("CK-1001-BLU")) == 2
    assert len(search.with_sku("CK-1001")) == 0
    assert len(search.with_sku("x" * 500)) == 0


def test_suggestions_finish_the_last_word(shelf):
    assert [product.title for product in search.suggest("stoneware m")] == [
        "Speckled stoneware mug"
    ]
    assert not search.suggest("")


@pytest.mark.parametrize("text", ["stonewear", "stonewaer m", "speckeld", "specled mug"])
def test_suggestions_forgive_a_slip_as_a_search_does(shelf, text, django_assert_num_queries):
    with django_assert_num_queries(2):
        found = list(search.suggest(text))

    assert "Speckled stoneware mug" in [product.title for product in found]


def test_nothing_is_suggested_for_what_is_like_nothing(shelf):
    assert not search.suggest("xylophone")


def test_misses_are_counted_by_the_next_sweep(django_assert_num_queries):
    with django_assert_num_queries(0):
        search_misses.note("Zebra lamp")
        search_misses.note(" zebra  LAMP ")
        search_misses.note("   ")

    assert search_misses.write_down() == 2
    assert search_misses.write_down() == 0
    search_misses.note("zebra lamp")
    search_misses.write_down()

    assert list(SearchMiss.objects.values_list("term", "times")) == [("zebra lamp", 3)]


def test_misses_go_on_being_counted_after_the_cache_was_lost():
    search_misses.note("zebra lamp")
    search_misses.write_down()
    search.cache.delete(search_misses.NOTED)
    search_misses.note("zebra lamp")
    search_misses.write_down()

    assert SearchMiss.objects.get().times == 2


def test_two_sweeps_at_once_count_once():
    search_misses.note("zebra lamp")
    search.cache.add(search_misses.SWEEP, 1)

    assert search_misses.write_down() == 0
    assert not SearchMiss.objects.exists()


@pytest.mark.parametrize(
    ("text", "how"),
    [("mug", "words"), ("stonew", "parts"), ("spekled mgu", "some"), ("spekled mug", "mended")],
)
def test_a_search_costs_one_query_two_where_words_may_not_stand_together(
    shelf, django_assert_num_queries, text, how
):
    beside = {"shops": Shop.objects.values_list("slug", "name"), "none": search.with_sku("")}
    with django_assert_num_queries(2 if how == "some" else 1):
        found = search.find(text, beside=beside)

    assert found.how == how
    assert found.beside == {"shops": [("fern-co", "Fern & Co")], "none": []}


def test_a_synonym_is_known_to_the_search_that_first_meets_it(shelf):
    Synonym.objects.create(term="Sofa", means="couch")

    assert search.find("sofa").how == "words"
    assert search.find("sofa", beside={"shops": Shop.objects.values_list("slug", "name")}).beside


def test_a_word_is_not_mended_to_one_that_only_a_closed_shop_has(shelf, rival):
    make_variant(rival, "Zirconium pan")
    Shop.objects.filter(pk=rival.pk).update(state="suspended")

    assert search.find("zirconuim").how == "none"


def test_the_index_is_put_back_after_migrate(shelf):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps the columns itself")
    with connection.cursor() as cursor:
        # What Django does when it rebuilds the table.
        cursor.execute("drop trigger catalog_product_search_insert")
    call_command("migrate", verbosity=0)
    make_product(Product.objects.first().shop, "Zinc bucket")

    assert titles("zinc") == ["Zinc bucket"]


# --- filters


def narrowed(**data) -> list[str]:
    query = "&".join(f"{name}={value}" for name, value in data.items())
    found = read_filters(QueryDict(query)).narrow(Product.objects.listed())
    return sorted(found.values_list("title", flat=True))


@pytest.fixture
def shirts(shop):
    """Sold out in L; the cheap one is an S."""
    shirt = make_product(shop, "Shirt", option1_name="Size")
    make_variant(shop, product=shirt, option1="S", price=1000, stock=3)
    make_variant(shop, product=shirt, option1="L", price=3000, stock=0)
    make_variant(shop, "Poster", price=1500, stock=None)


def test_option_stock_and_price_hold_on_one_variant(shirts):
    assert narrowed(**{"option.Size": "L"}) == ["Shirt"]
    assert narrowed(**{"option.Size": "S", "in_stock": "1"}) == ["Shirt"]
    assert narrowed(**{"option.Size": "L", "in_stock": "1"}) == []
    assert narrowed(**{"option.Size": "L", "max_price": "20"}) == []
    assert narrowed(min_price="20", in_stock="1") == []
    assert narrowed(min_price="20") == ["Shirt"]
    assert narrowed(max_price="10") == ["Shirt"]
    assert narrowed(min_price="12", max_price="19.99") == ["Poster"]


def test_what_makes_no_sense_is_left_out_and_named(shirts):
    data = QueryDict("min_price=cheap&max_price=-3&in_stock=maybe&ordering=size&min_rating=9")

    filters = read_filters(data)

    assert filters.wrong == {"min_price", "max_price", "in_stock", "ordering", "min_rating"}
    assert filters.count == 0
    assert read_filters(QueryDict("category=nowhere&shop=a/b")).wrong == {"category", "shop"}


@pytest.mark.parametrize(
    ("ordering", "first"),
    [("price", "Shirt"), ("-price", "Poster"), ("newest", "Poster"), ("rating", "Poster")],
)
def test_orders(shirts, ordering, first):
    Product.objects.filter(title="Poster").update(rating_average=5, rating_count=30)
    Product.objects.filter(title="Shirt").update(rating_average=4, rating_count=30)

    filters = read_filters(QueryDict(f"ordering={ordering}"))

    assert filters.sort(Product.objects.listed())[0].title == first


def test_one_enthusiast_does_not_top_the_list(shirts):
    Product.objects.filter(title="Poster").update(rating_average=5, rating_count=1)
    Product.objects.filter(title="Shirt").update(rating_average="4.8", rating_count=200)

    filters = read_filters(QueryDict("ordering=rating"))

    assert filters.sort(Product.objects.listed())[0].title == "Shirt"


def test_a_category_covers_all_below_it(shop):
    make_variant(shop, "Mug", category=make_category("Kitchen", "Mugs"))
    make_variant(shop, "Lamp", category=make_category("Home", "Lamps"))

    assert narrowed(category="kitchen") == ["Mug"]
