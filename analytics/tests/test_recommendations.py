from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from accounts.tests.factories import make_user
from analytics.services import affinities
from carts.services import wish_list
from catalog.models import Recommendation, StockItem
from catalog.tests.factories import make_category, make_variant
from marketflow.core.tests.clients import api_for
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def goods(shop, rival):
    bowls = make_category("Home", "Bowls")
    return [
        make_variant(shop, "Bowl", stock=90, category=bowls),
        make_variant(rival, "Lamp", stock=90),
        make_variant(shop, "Mug", stock=90),
        make_variant(rival, "Dish", stock=90, category=bowls),
    ]


@pytest.fixture
def sold(goods, buyer, stranger):
    """Bowls go with lamps; one with a mug, and one mug with a lamp that nobody paid."""
    bowl, lamp, mug, _dish = goods
    for who, basket in [(buyer, [bowl, lamp]), (stranger, [bowl, lamp]), (buyer, [bowl, mug])]:
        make_order(who, *basket, paid=True)
    make_order(stranger, mug, lamp)


def pairs() -> dict[tuple[str, str], int]:
    rows = Recommendation.objects.select_related("product", "other")
    return {(row.product.title, row.other.title): row.together for row in rows}


def found(client, path: str) -> list[tuple[str, str]]:
    rows = client.get(f"/api/v1/{path}").json()["results"]
    return [(row["slug"], row["reason_code"]) for row in rows]


def test_what_is_bought_together_is_recommended_together(sold):
    call_command("rollup_analytics", stdout=io.StringIO())
    once = pairs()
    affinities.rebuild()

    assert once == {
        ("Bowl", "Lamp"): 2,
        ("Lamp", "Bowl"): 2,
        ("Bowl", "Mug"): 1,
        ("Mug", "Bowl"): 1,
    }
    assert pairs() == once
    of_bowl = Recommendation.objects.filter(product__title="Bowl")
    assert [row.other.title for row in of_bowl] == ["Lamp", "Mug"]


def test_a_product_is_shown_with_its_companions_and_why(sold, client):
    affinities.rebuild()

    answer = client.get("/api/v1/products/bowl/recommendations/").json()

    assert [(row["slug"], row["reason_code"]) for row in answer["results"]] == [
        ("lamp", "bought_together"),
        ("mug", "bought_together"),
        ("dish", "popular_in_category"),
    ]
    assert answer["results"][0]["reason"] == "Often bought with Bowl"
    assert answer["results"][2]["reason"] == "Popular in Bowls"


def test_nothing_that_is_sold_out_or_not_on_sale(sold, goods, client):
    affinities.rebuild()
    _bowl, lamp, mug, dish = goods
    item = StockItem.objects.filter(variant=lamp)
    item.update(on_hand=5, allocated=5)
    mug.product.state = "draft"
    mug.product.save()
    dish.product.is_listed = False
    dish.product.save()

    assert found(client, "products/bowl/recommendations/") == []
    assert client.get("/api/v1/products/mug/recommendations/").status_code == 404


def test_little_is_known_and_something_is_said_all_the_same(goods, client):
    assert found(client, "products/bowl/recommendations/")[0] == ("dish", "popular_in_category")
    assert {code for _slug, code in found(client, "recommendations/")} == {"popular"}


def test_ana_is_recommended_what_goes_with_what_she_has(sold, goods, shop):
    affinities.rebuild()
    kim = make_user("kim")
    make_order(kim, goods[1], paid=True)
    wish_list.add(user=kim, product=goods[2].product)

    rows = found(api_for(kim), "recommendations/")

    assert rows[0] == ("bowl", "bought_together")
    assert not {"lamp", "mug"} & {slug for slug, _code in rows}


def test_a_list_costs_the_same_for_one_and_for_many(
    sold, shop, buyer, goods, client, django_assert_num_queries
):
    affinities.rebuild()
    with django_assert_num_queries(7):
        client.get("/api/v1/products/lamp/recommendations/")

    extra = [make_variant(shop, f"Vase {n}", stock=9) for n in range(5)]
    make_order(buyer, goods[1], *extra, paid=True)
    affinities.rebuild()

    with django_assert_num_queries(7):
        client.get("/api/v1/products/lamp/recommendations/")


def test_the_product_page_shows_them(sold, client):
    affinities.rebuild()

    assert b"Often bought together" in client.get("/p/bowl/").content
    assert b"Often bought together" not in client.get("/p/dish/").content


def test_they_are_measured_beside_popularity(sold, buyer, goods, capsys):
    bowl, lamp, mug, dish = goods
    for _ in range(4):
        make_order(buyer, bowl, lamp, paid=True)

    call_command("evaluate_recommendations", "--share=0.3")

    told = capsys.readouterr().out
    assert "bought together" in told and "popular" in told and "100.0%" in told
    assert told.splitlines()[-1].endswith("best is bought together.")


def test_without_orders_there_is_nothing_to_measure(db):
    with pytest.raises(CommandError, match="too few"):
        call_command("evaluate_recommendations")
    with pytest.raises(CommandError):
        call_command("evaluate_recommendations", "--share=2")


def test_the_visitors_shelf_says_why(sold, goods, client):
    affinities.rebuild()
    client.post("/cart/add/", {"variant": goods[1].uuid, "quantity": 1})
    assert b'hx-get="/recommended/?of=cart"' in client.get("/cart/").content

    page = client.get("/recommended/?of=cart").content.decode()
    part = client.get(
        "/recommended/?of=cart", headers={"HX-Request": "true", "HX-Request-Type": "partial"}
    ).content.decode()

    assert "Often bought with Lamp" in page and "<html" in page
    assert "Often bought with Lamp" in part and "<html" not in part
