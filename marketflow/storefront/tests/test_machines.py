"""robots.txt, the sitemap and the feed."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from django.conf import settings

from carts.models import ShippingOption
from catalog.tests.factories import make_category, make_product, make_variant

pytestmark = pytest.mark.django_db

G = "{http://base.google.com/ns/1.0}"
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def feed(client) -> list[dict[str, str]]:
    body = b"".join(client.get("/feeds/google.xml").streaming_content)
    items = ElementTree.fromstring(body).iter("item")
    return [{field.tag.removeprefix(G): field.text for field in item} for item in items]


def locations(client, path) -> list[str]:
    tree = ElementTree.fromstring(client.get(path).content)
    return [place.text for place in tree.iter(f"{MAP}loc")]


def test_robots_are_kept_out_of_carts_and_orders(client):
    text = client.get("/robots.txt").content.decode()

    assert "Disallow: /cart/" in text
    assert "Disallow: /*ordering=" in text
    assert f"Sitemap: {settings.SITE_URL}/sitemap.xml" in text


def test_the_sitemap_leads_to_everything_that_is_listed(client, shop):
    make_variant(shop, "Oak bowl", category=make_category("Home", "Bowls"))
    make_variant(shop, "Secret lamp", state="draft")
    make_category("Empty")

    found = [
        place.partition("testserver")[2]
        for index in locations(client, "/sitemap.xml")
        for place in locations(client, index)
    ]

    of_the_catalogue = [path for path in found if not path.startswith("/help/")]
    assert sorted(of_the_catalogue) == ["/c/bowls/", "/p/oak-bowl/", "/shops/fern-co/"]


def test_the_feed_names_every_variant_and_its_seller(client, shop):
    ShippingOption.objects.create(shop=shop, name="Post", price_minor=390, currency="EUR")
    shirt = make_product(shop, "Shirt & tie \x0b", option1_name="Size")
    small = make_variant(shop, product=shirt, option1="S", price=1999, compare_at_minor=2999)
    make_variant(shop, product=shirt, option1="L", price=2500, stock=0)
    make_variant(shop, "Secret lamp", state="draft")

    first, second = feed(client)

    assert first["id"] == str(small.uuid)
    assert first["title"] == "Shirt & tie  S"
    assert (first["price"], first["sale_price"]) == ("29.99 EUR", "19.99 EUR")
    assert first["link"] == f"{settings.SITE_URL}/p/shirt-tie/?v={small.uuid}"
    assert first["external_seller_id"] == "fern-co"
    assert first["item_group_id"] == second["item_group_id"] == str(shirt.pk)
    assert (first["availability"], second["availability"]) == ("in_stock", "out_of_stock")
    assert "shipping" in first


def test_the_feed_costs_the_same_for_one_and_for_many(client, shop, django_assert_num_queries):
    make_variant(shop, "Oak bowl 0")
    with django_assert_num_queries(4):
        feed(client)

    for number in range(1, 6):
        make_variant(shop, f"Oak bowl {number}")
    with django_assert_num_queries(4):
        feed(client)
