"""Products by SKU, as another system sends them each night."""

from __future__ import annotations

import pytest

from accounts.tests.factories import make_user
from catalog.models import Product, Variant
from catalog.services import editing
from catalog.tests.factories import make_category, make_variant
from marketflow.core.models import OutboxEvent
from marketflow.core.tests.clients import api_for

pytestmark = pytest.mark.django_db

URL = "/api/v1/shops/fern-co/products/"


@pytest.fixture
def fern(seller):
    return api_for(seller)


def euro(amount):
    return {"amount": amount, "currency": "EUR"}


def put(client, *items):
    answer = client.put(URL, {"items": list(items)})
    assert answer.status_code == 200, answer.content
    return answer.json()["items"]


def test_a_new_sku_is_a_new_product(fern, shop):
    make_category("Home", "Bowls")
    (made,) = put(
        fern,
        {
            "sku": "BOWL",
            "title": "Oak bowl",
            "price": euro(1999),
            "category": "bowls",
            "state": "published",
            "attributes": [{"name": "Wood", "value": "Oak"}],
        },
    )

    product = Product.objects.get()
    assert (made["status"], made["product"]) == ("created", product.slug)
    assert (product.shop, product.state, product.category.slug) == (shop, "published", "bowls")
    assert product.variants.get().price_minor == 1999


def test_a_known_sku_is_changed_where_it_differs(fern, shop):
    bowl = make_variant(shop, "Oak bowl", sku="BOWL", price=2000, stock=4)

    (changed,) = put(fern, {"sku": "BOWL", "price": euro(1500), "brand": "Fern"})

    bowl.refresh_from_db()
    bowl.product.refresh_from_db()
    assert (changed["status"], changed["variant"]) == ("changed", str(bowl.uuid))
    assert (bowl.price_minor, bowl.product.brand) == (1500, "Fern")
    assert (bowl.product.title, bowl.stock.on_hand) == ("Oak bowl", 4)


def test_the_same_again_changes_nothing_and_tells_nobody(fern, shop):
    item = {
        "sku": "BOWL",
        "title": "Oak bowl",
        "description": "<p>Turned.</p><script>x</script>",
        "price": euro(1999),
        "compare_at_price": euro(2499),
        "tags": ["wood"],
        "state": "published",
        "attributes": [{"name": "Wood", "value": "Oak"}],
        "weight_grams": 300,
    }
    put(fern, item)
    told = OutboxEvent.objects.count()

    (again,) = put(fern, item)

    assert again["status"] == "unchanged"
    assert OutboxEvent.objects.count() == told


def test_what_is_refused_stops_nothing_else(fern, shop):
    make_variant(shop, "Oak bowl", sku="BOWL", price=2000)
    short, wrong, fine = put(
        fern,
        {"sku": "NEW", "title": "Without a price"},
        {"sku": "BOWL", "compare_at_price": euro(100)},
        {"sku": "LAMP", "title": "Lamp", "price": euro(500)},
    )

    assert (short["code"], wrong["code"], fine["status"]) == (
        "title_and_price_needed",
        "former_price_too_low",
        "created",
    )
    assert Variant.objects.get(sku="BOWL").compare_at_minor is None
    assert Product.objects.count() == 2


def test_a_rivals_sku_is_not_touched(fern, rival):
    lamp = make_variant(rival, "Lamp", sku="LAMP", price=900)
    put(fern, {"sku": "LAMP", "title": "Mine", "price": euro(1)})

    lamp.refresh_from_db()
    assert lamp.price_minor == 900
    assert api_for(make_user("sam")).put(URL, {"items": [{"sku": "X"}]}).status_code == 404


@pytest.mark.parametrize(
    "item",
    [
        {"title": "No SKU"},
        {"sku": "A", "price": 5},
        {"sku": "A", "option_names": ["Size"]},
        {"sku": "A", "shop": "rival-goods"},
        {"sku": "A", "state": "archived"},
        {"sku": "A", "on_hand": 3},
    ],
    ids=str,
)
def test_a_shape_that_makes_no_sense_is_refused_whole(fern, item):
    answer = fern.put(URL, {"items": [item]})

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["items"])
    assert not Product.objects.exists()


@pytest.mark.parametrize(
    ("within", "problem"),
    [
        (
            {"attributes": [{"name": "Wood", "value": "Oak", "bogus": 1}]},
            {"attributes": [{"bogus": ["Unknown field."]}]},
        ),
        (
            {"attributes": [{"name": "Wood", "value": "Oak"}, {"name": "Size"}]},
            {"attributes": [{}, {"value": ["This field is required."]}]},
        ),
        (
            {"price": {"amount": 1, "currency": "EUR", "bogus": 1}},
            {"price": ["Send {amount, currency}."]},
        ),
        ({"compare_at_price": {"amount": 1}}, {"compare_at_price": ["Send {amount, currency}."]}),
    ],
    ids=str,
)
def test_fields_within_an_item_are_of_its_shape(fern, shop, within, problem):
    lamp = {"sku": "LAMP", "title": "Lamp", "price": euro(500)}

    answer = fern.put(URL, {"items": [lamp, lamp | within]})

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert answer.json()["fields"] == {"items": [{}, problem]}
    assert not Product.objects.exists()


def test_there_is_an_end_to_items(fern, shop):
    answer = fern.put(URL, {"items": [{}] * 101})

    problem = "Ensure this field has no more than 100 elements."
    assert answer.status_code == 400
    assert answer.json()["fields"] == {"items": {"non_field_errors": [problem]}}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"category": "no-such"}, "category"),
        ({"price": {"amount": 100, "currency": "USD"}}, "price"),
        ({"price": {"amount": "100", "currency": "EUR"}}, "price"),
        ({"weight_grams": "heavy"}, "weight_grams"),
        ({"state": "archived"}, "state"),
        ({"attributes": "oak"}, "attributes"),
        ({"attributes": ["oak"]}, "attributes"),
        ({"attributes": [{"bogus": 1}] * 51}, "attributes"),
        ({"price": 5}, "price"),
    ],
    ids=str,
)
def test_a_value_that_does_not_fit_is_one_items_and_stops_no_other(fern, shop, wrong, field):
    bowl = {"sku": "BOWL", "title": "Oak bowl", "price": euro(1999)}
    lamp = {"sku": "LAMP", "title": "Lamp", "price": euro(500)}

    refused, made = put(fern, bowl | wrong, lamp)

    assert (refused["sku"], refused["status"], refused["code"]) == ("BOWL", "refused", "invalid")
    assert list(refused["fields"]) == [field]
    assert (made["sku"], made["status"], made["fields"]) == ("LAMP", "created", {})
    assert [variant.sku for variant in Variant.objects.all()] == ["LAMP"]


@pytest.fixture
def archived(shop):
    bowl = make_variant(shop, "Oak bowl", sku="BOWL", price=2000)
    editing.archive_product(product=bowl.product)
    return bowl


@pytest.mark.parametrize(
    "changes",
    [{"price": euro(1500)}, {"title": "Elm bowl"}, {"title": "Oak bowl", "brand": "Fern"}],
)
def test_what_was_taken_off_sale_for_good_is_not_changed(fern, archived, changes):
    before = everything_of(archived)

    (refused,) = put(fern, {"sku": "BOWL"} | changes)

    assert (refused["status"], refused["code"]) == ("refused", "archived")
    assert everything_of(archived) == before


def test_what_was_taken_off_sale_for_good_is_unchanged_where_nothing_differs(fern, archived):
    before = everything_of(archived)

    (same,) = put(fern, {"sku": "BOWL", "title": "Oak bowl", "price": euro(2000)})

    assert (same["status"], same["variant"]) == ("unchanged", str(archived.uuid))
    assert everything_of(archived) == before


@pytest.mark.parametrize("state", ["published", "draft"])
def test_an_item_that_names_its_state_brings_a_product_back(fern, archived, state):
    item = {"sku": "BOWL", "price": euro(1500), "state": state}

    (back,), (again,) = put(fern, item), put(fern, item)

    archived.refresh_from_db()
    assert (back["status"], again["status"]) == ("changed", "unchanged")
    assert (archived.price_minor, archived.product.state) == (1500, state)


def test_an_item_is_done_whole_or_not_at_all(fern, shop):
    bowl = make_variant(shop, "Oak bowl", sku="BOWL", price=2000, state="draft", is_active=False)
    before = everything_of(bowl)

    refused, made = put(
        fern,
        {"sku": "BOWL", "price": euro(1500), "brand": "Fern", "state": "published"},
        {"sku": "LAMP", "title": "Lamp", "price": euro(500)},
    )

    assert (refused["status"], refused["code"]) == ("refused", "nothing_to_sell")
    assert made["status"] == "created"
    assert everything_of(bowl) == before


def everything_of(variant):
    """Its row and its product's, and what was told of it."""
    told = [event.payload for event in OutboxEvent.objects.filter(name="catalog.ProductChanged")]
    return (
        Variant.objects.values().get(pk=variant.pk),
        Product.objects.values().get(pk=variant.product_id),
        [payload for payload in told if variant.product_id in payload["product_ids"]],
    )


# --- what changed since


def test_a_shop_reads_what_changed_of_its_products_on_sale_or_not(fern, shop, rival):
    make_variant(shop, "Old bowl", sku="OLD")
    Product.objects.update(updated_at="2026-01-01T00:00:00Z")
    make_variant(shop, "Draft bowl", sku="DRAFT", state="draft")
    make_variant(rival, "Lamp", sku="LAMP")

    answer = fern.get("/api/v1/products/?changed_since=2026-06-01T00:00:00Z").json()

    assert [row["title"] for row in answer["results"]] == ["Draft bowl"]
    assert answer["results"][0]["variants"][0]["sku"] == "DRAFT"
    assert answer["next"] is None
    assert fern.get("/api/v1/products/?changed_since=soon").status_code == 400


def test_changed_products_cost_the_same_for_one_and_for_five(
    fern, shop, django_assert_num_queries, django_assert_max_num_queries
):
    url = "/api/v1/products/?changed_since=2026-01-01T00:00:00Z"
    make_variant(shop, "Bowl", sku="B")
    with django_assert_max_num_queries(14) as captured:
        fern.get(url)
    for number in range(4):
        make_variant(shop, f"Bowl {number}", sku=f"B{number}")
    with django_assert_num_queries(len(captured)):
        assert len(fern.get(url).json()["results"]) == 5


@pytest.mark.parametrize("name", ["q", "page", "category", "ordering", "option.Size", "in_stock"])
def test_changes_are_not_narrowed_by_what_they_would_ignore(fern, shop, name):
    answer = fern.get(f"/api/v1/products/?changed_since=2026-01-01T00:00:00Z&{name}=2")

    assert answer.status_code == 400
    assert answer.json()["fields"] == {name: ["Not together with changed_since."]}


def test_changes_have_a_first_page_and_a_cursor_goes_on_whatever_it_carries(fern, shop):
    for name in ("Bowl", "Lamp", "Vase"):
        make_variant(shop, name, sku=name)
    url = "/api/v1/products/?changed_since=2026-01-01T00:00:00Z&page=1&page_size=1"

    first = fern.get(url).json()
    second = fern.get(first["next"]).json()
    third = fern.get(second["next"].replace("page=1&", "page=2&q=bowl&")).json()

    rows = [*first["results"], *second["results"], *third["results"]]
    assert "page=1&" in first["next"]
    assert [row["title"] for row in rows] == ["Bowl", "Lamp", "Vase"]
