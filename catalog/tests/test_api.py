from __future__ import annotations

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.tests.factories import make_shop
from catalog.models import Product, ProductAttribute, ProductImage
from catalog.tests.factories import make_category, make_product, make_variant
from marketflow.core.tests.clients import api_for

pytestmark = pytest.mark.django_db

PRODUCTS, CATEGORIES = "/api/v1/products/", "/api/v1/categories/"
SHOPS = "/api/v1/shops/"


@pytest.fixture
def visitor():
    return APIClient()


@pytest.fixture
def shirts(shop, rival):
    """A shirt in two sizes, the large one sold out; a dearer one elsewhere; and a lamp."""
    shirt = make_product(shop, "Linen shirt", option1_name="Size", category=make_category("Wear"))
    make_variant(shop, product=shirt, price=3000, option1="M", stock=3)
    make_variant(shop, product=shirt, price=4000, option1="L", stock=0)
    dear = make_product(rival, "Silk shirt", option1_name="Size", category=make_category("Wear"))
    make_variant(rival, product=dear, price=9000, option1="L", stock=None)
    make_variant(rival, "Brass lamp", price=5000, category=make_category("Home", "Lamps"))
    return shirt


def titles(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["title"] for row in answer.json()["results"]]


# --- products


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"Linen shirt", "Silk shirt", "Brass lamp"}),
        ("q=shirt", {"Linen shirt", "Silk shirt"}),
        ("category=wear", {"Linen shirt", "Silk shirt"}),
        ("category=home", {"Brass lamp"}),
        ("shop=fern-co", {"Linen shirt"}),
        ("shop=fern-co&shop=rival-goods", {"Linen shirt", "Silk shirt", "Brass lamp"}),
        ("min_price=4500", {"Silk shirt", "Brass lamp"}),
        ("max_price=3000", {"Linen shirt"}),
        ("option.Size=L", {"Linen shirt", "Silk shirt"}),
        ("option.Size=L&in_stock=1", {"Silk shirt"}),
        ("option.Size=M&in_stock=true", {"Linen shirt"}),
        ("min_rating=4", set()),
        ("q=shirt&category=home", set()),
        ("unknown=parameter", {"Linen shirt", "Silk shirt", "Brass lamp"}),
    ],
)
def test_products_are_filtered(visitor, shirts, query, found):
    assert set(titles(visitor.get(f"{PRODUCTS}?{query}"))) == found


def test_products_come_in_the_order_asked_for(visitor, shirts):
    cheap_first = titles(visitor.get(f"{PRODUCTS}?ordering=price"))
    dear_first = titles(visitor.get(f"{PRODUCTS}?ordering=-price"))

    assert cheap_first == ["Linen shirt", "Brass lamp", "Silk shirt"]
    assert dear_first == cheap_first[::-1]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("category=no-such", "category"),
        ("min_price=20.50", "min_price"),
        ("max_price=-1", "max_price"),
        ("max_price=NaN", "max_price"),
        ("min_price=%D9%A3", "min_price"),
        ("in_stock=perhaps", "in_stock"),
        ("min_price=", "min_price"),
        ("max_price=%201", "max_price"),
        ("min_rating=7", "min_rating"),
        ("min_rating=%EF%BC%91", "min_rating"),
        ("facets=yes", "facets"),
        ("ordering=secret", "ordering"),
        ("option.Size=%00", "option.Size"),
        ("page=0", "page"),
        ("page=last", "page"),
        ("page_size=-1", "page_size"),
        ("page_size=many", "page_size"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_named(visitor, shirts, query, name):
    answer = visitor.get(f"{PRODUCTS}?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == [name]


def test_a_refused_order_names_those_there_are(visitor, shirts):
    answer = visitor.get(f"{PRODUCTS}?ordering=secret&in_stock=perhaps")

    fields = answer.json()["fields"]
    assert fields["ordering"][0].startswith("One of relevance, popular, newest, price,")
    assert fields["in_stock"] == ["One of 1, 0."]


def test_words_that_nothing_has_find_nothing_and_break_nothing(visitor, shirts):
    for text in ["%00", "'", "100%", "\\", "a" * 500, "\N{PILE OF POO}"]:
        assert visitor.get(PRODUCTS, {"q": text}).status_code == 200


def test_a_page_holds_a_hundred_at_most(visitor, shirts):
    answer = visitor.get(f"{PRODUCTS}?page_size=2&page=2").json()

    assert (answer["count"], len(answer["results"]), answer["next"]) == (3, 1, None)
    assert "page_size=2" in answer["previous"]
    assert visitor.get(f"{PRODUCTS}?page_size=5000").status_code == 200
    beyond = visitor.get(f"{PRODUCTS}?page=9")
    assert (beyond.status_code, beyond.json()["code"]) == (404, "not_found")


def test_a_summary_says_what_a_card_shows(visitor, shirts):
    row = visitor.get(f"{PRODUCTS}?shop=fern-co").json()["results"][0]

    assert row == {
        "slug": "linen-shirt",
        "title": "Linen shirt",
        "brand": "",
        "shop": {"slug": "fern-co", "name": "Fern & Co"},
        "price": {"amount": 3000, "currency": "EUR"},
        "compare_at_price": None,
        "has_several_prices": True,
        "stock": "low",
        "rating": {"average": 0.0, "count": 0},
        "image": None,
    }


def test_facets_count_what_each_filter_would_leave(visitor, shirts):
    facets = visitor.get(f"{PRODUCTS}?category=wear&facets=1").json()["facets"]

    by_name = {facet["name"]: facet["values"] for facet in facets["filters"]}
    assert {value["value"]: value["count"] for value in by_name["option.Size"]} == {"L": 2, "M": 1}
    assert {value["value"]: value["count"] for value in by_name["shop"]} == {
        "fern-co": 1,
        "rival-goods": 1,
    }


def test_facets_name_the_categories_below(visitor, shirts):
    facets = visitor.get(f"{PRODUCTS}?facets=1").json()["facets"]

    counts = {row["slug"]: row["count"] for row in facets["categories"]}
    assert counts == {"wear": 2, "home": 1}
    assert "facets" not in visitor.get(PRODUCTS).json()


def test_what_is_not_on_sale_is_in_no_list(visitor, shop, seller):
    make_variant(shop, "A draft", state="draft")
    hidden = make_variant(shop, "Hidden").product
    hidden.is_listed = False
    hidden.save(update_fields=["is_listed"])
    make_variant(make_shop("Not yet", state="applied"), "Too early")

    assert titles(visitor.get(PRODUCTS)) == []
    assert titles(api_for(seller).get(PRODUCTS)) == []
    assert visitor.get(f"{PRODUCTS}{hidden.slug}/").status_code == 200


def test_a_product_shows_its_variants_and_says_how_many_only_when_few_are_left(visitor, shirts):
    ProductAttribute.objects.create(product=shirts, name="Material", value="Linen")

    product = visitor.get(f"{PRODUCTS}{shirts.slug}/").json()

    assert product["option_names"] == ["Size"]
    assert product["attributes"] == [{"name": "Material", "value": "Linen"}]
    assert product["category"] == {"slug": "wear", "name": "Wear"}
    assert [(one["options"], one["stock"]) for one in product["variants"]] == [
        ({"Size": "M"}, {"level": "low", "available": 3}),
        ({"Size": "L"}, {"level": "out"}),
    ]
    assert set(product["variants"][0]) == {
        "id",
        "sku",
        "options",
        "price",
        "compare_at_price",
        "stock",
    }


def test_plenty_and_uncounted_stock_is_just_in(visitor, shop):
    many = make_variant(shop, "Many", stock=60).product
    uncounted = make_variant(shop, "Uncounted", stock=None).product

    for product in (many, uncounted):
        (variant,) = visitor.get(f"{PRODUCTS}{product.slug}/").json()["variants"]
        assert variant["stock"] == {"level": "in"}


def test_pictures_are_shown_once_they_can_be(visitor, shirts):
    ProductImage.objects.create(product=shirts, state="remote", source_url="https://a.test/1")
    ProductImage.objects.create(
        product=shirts,
        state="ready",
        fallback="pictures/x/640.jpg",
        alt="A shirt",
        width=800,
        height=600,
        sizes={"webp": [160, 320]},
    )

    (image,) = visitor.get(f"{PRODUCTS}{shirts.slug}/").json()["images"]

    assert image["url"].endswith("/media/pictures/x/640.jpg")
    assert (image["alt"], image["width"], image["height"]) == ("A shirt", 800, 600)
    assert [source["type"] for source in image["sources"]] == ["image/webp"]
    assert visitor.get(f"{PRODUCTS}?shop=fern-co").json()["results"][0]["image"] == image


def test_a_draft_is_there_for_its_shop_and_for_nobody_else(visitor, shop, seller, stranger, rival):
    draft = make_variant(shop, "A draft", state="draft").product
    unknown = visitor.get(f"{PRODUCTS}no-such/")

    own = api_for(seller).get(f"{PRODUCTS}{draft.slug}/")

    assert (own.status_code, own.json()["state"]) == (200, "draft")
    for client in (visitor, api_for(stranger), api_for(rival.members.get())):
        foreign = client.get(f"{PRODUCTS}{draft.slug}/")
        assert (foreign.status_code, foreign.content) == (404, unknown.content)


# --- what a list costs


@pytest.mark.parametrize("facets", ["", "&facets=1"])
def test_products_cost_the_same_for_five_and_fifty(
    visitor, shop, facets, django_assert_max_num_queries
):
    for n in range(50):
        product = make_variant(shop, f"Bowl {n}", category=make_category()).product
        ProductImage.objects.create(product=product, state="waiting", fallback="x.jpg")
    url = f"{PRODUCTS}?q=bowl&category=home&shop=fern-co&in_stock=1{facets}&page_size="
    titles(visitor.get(f"{url}1"))  # Synonyms and price ranges are remembered from here on.

    costs = []
    for size in (5, 50):
        with django_assert_max_num_queries(8) as queries:
            assert len(titles(visitor.get(f"{url}{size}"))) == size
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_one_product_costs_the_same_for_one_and_ten_variants(
    visitor, shop, django_assert_max_num_queries
):
    product = make_product(shop, "Bowl", option1_name="Size")
    for n in range(10):
        make_variant(shop, product=product, option1=f"Size {n}")
        with django_assert_max_num_queries(5):
            assert len(visitor.get(f"{PRODUCTS}bowl/").json()["variants"]) == n + 1


def test_the_category_tree_costs_the_same_for_five_and_fifty(
    visitor, django_assert_max_num_queries
):
    for n in range(50):
        make_category(f"Root {n}", f"Branch {n}", f"Leaf {n}", f"Deeper {n}")

    for size in (5, 50):
        with django_assert_max_num_queries(3):
            answer = visitor.get(f"{CATEGORIES}?page_size={size}").json()
        assert len(answer["results"]) == size


# --- categories


def test_the_tree_shows_two_levels_below_its_roots(visitor):
    make_category("Home", "Kitchen", "Bowls", "Salad bowls")
    make_category("Wear")

    home, wear = visitor.get(CATEGORIES).json()["results"]

    assert (wear["name"], wear["children"]) == ("Wear", [])
    (kitchen,) = home["children"]
    assert kitchen["name"] == "Kitchen"
    assert kitchen["children"] == [{"slug": "bowls", "name": "Bowls", "has_children": True}]


def test_a_category_knows_the_way_to_it(visitor):
    make_category("Home", "Kitchen", "Bowls")
    make_category("Home", "Kitchen", "Cups")

    kitchen = visitor.get(f"{CATEGORIES}kitchen/").json()

    assert [one["slug"] for one in kitchen["ancestors"]] == ["home"]
    assert [one["slug"] for one in kitchen["children"]] == ["bowls", "cups"]
    assert visitor.get(f"{CATEGORIES}no-such/").status_code == 404


def test_an_empty_market_has_an_empty_tree(visitor):
    assert visitor.get(CATEGORIES).json()["results"] == []


# --- suggestions


def test_suggestions_name_categories_shops_and_products(visitor, shop):
    make_category("Ferns")
    make_variant(shop, "Fern pot")

    found = visitor.get("/api/v1/search/suggestions/?q=fer").json()

    assert found == {
        "categories": [{"slug": "ferns", "name": "Ferns"}],
        "shops": [{"slug": "fern-co", "name": "Fern & Co"}],
        "products": [
            {"slug": "fern-pot", "title": "Fern pot", "picture": reverse("art", args=["fern-pot"])}
        ],
    }


@pytest.mark.parametrize("text", ["", "f", "  ", "%00", "%", "nothing begins like this"])
def test_nothing_is_suggested_for_nothing(visitor, shop, text):
    found = visitor.get(f"/api/v1/search/suggestions/?q={text}")

    assert (found.status_code, found.json()) == (
        200,
        {"categories": [], "shops": [], "products": []},
    )


def test_suggestions_cost_the_same_whatever_they_find(
    visitor, shop, django_assert_max_num_queries
):
    for n in range(12):
        make_variant(shop, f"Fern pot {n}")
    visitor.get("/api/v1/search/suggestions/?q=fe")

    for text in ("fe", "ferm pot"):
        with django_assert_max_num_queries(5):
            found = visitor.get("/api/v1/search/suggestions/", {"q": text}).json()
        assert found["products"]


# --- who may keep it


@pytest.mark.parametrize(
    "url",
    [
        PRODUCTS,
        f"{PRODUCTS}linen-shirt/",
        CATEGORIES,
        f"{CATEGORIES}wear/",
        SHOPS,
        f"{SHOPS}fern-co/",
    ],
)
def test_what_nobody_in_particular_reads_may_be_kept_for_a_minute(visitor, buyer, shirts, url):
    answer = visitor.get(url)
    again = visitor.get(url, headers={"If-None-Match": answer.headers["ETag"]})
    known = api_for(buyer).get(url)

    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert {"Accept", "Authorization", "Cookie"} <= set(answer.headers["Vary"].split(", "))
    assert (again.status_code, again.content) == (304, b"")
    assert known.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("url", [PRODUCTS, f"{PRODUCTS}linen-shirt/"])
def test_what_changed_is_answered_anew(visitor, shirts, url):
    kept = visitor.get(url).headers["ETag"]

    Product.objects.filter(slug="linen-shirt").update(title="Linen shirt, washed")
    answer = visitor.get(url, headers={"If-None-Match": kept})

    assert (answer.status_code, b"washed" in answer.content) == (200, True)
    assert answer.headers["ETag"] != kept


def test_a_member_is_answered_their_own_shop_whatever_the_public_has_kept(visitor, seller, shirts):
    kept = visitor.get(f"{SHOPS}fern-co/").headers["ETag"]

    own = api_for(seller).get(f"{SHOPS}fern-co/", headers={"If-None-Match": kept})

    assert (own.status_code, own.headers["Cache-Control"]) == (200, "private, no-store")


def test_errors_and_pages_for_people_are_never_kept(visitor, shirts):
    page = visitor.get(PRODUCTS, headers={"Accept": "text/html"})
    error = visitor.get(f"{PRODUCTS}no-such/")

    assert page.headers["Cache-Control"] == "private, no-store"
    assert error.headers["Cache-Control"] == "private, no-store"
