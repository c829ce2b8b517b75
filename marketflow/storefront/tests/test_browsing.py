"""Home, lists and search, as somebody without JavaScript sees them, and as htmx asks for them."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.utils.timezone import localdate

from accounts.tests.factories import make_shop, make_user
from carts.models import ShippingOption
from catalog.models import Product, SearchMiss
from catalog.services import search_misses
from catalog.tests.factories import make_category, make_product, make_variant
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def kitchen(shop):
    mugs, bowls = make_category("Kitchen", "Mugs"), make_category("Kitchen", "Bowls")
    make_variant(shop, "Speckled mug", category=mugs, price=1200, sku="CK-1001")
    make_variant(shop, "Tall mug", category=mugs, price=2500, stock=0)
    make_variant(shop, "Oak bowl", category=bowls, price=4000, stock=None)
    return mugs.get_parent()


def page(client, address, status=200, **headers) -> str:
    response = client.get(address, headers=headers)
    assert response.status_code == status, response
    return html.unescape(response.content.decode())


def cards(text: str) -> list[str]:
    return re.findall(r'class="card__link"[^>]*>([^<]+)<', text)


# --- home


def test_home_shows_what_is_there(client, kitchen):
    text = page(client, "/")

    assert sorted(cards(text)[:3]) == ["Oak bowl", "Speckled mug", "Tall mug"]
    assert "Fresh this week" in text
    assert "Shops to know" in text
    assert 'href="/c/kitchen/"' in text
    assert "Recently viewed" not in text


def test_an_empty_market_tells_staff_how_to_fill_it(client, buyer):
    assert "manage.py demo" not in page(client, "/")
    client.force_login(make_user("stella", is_staff=True))

    assert "manage.py demo" in page(client, "/")


def test_home_remembers_what_was_looked_at(client, kitchen):
    client.get("/p/tall-mug/")
    client.get("/p/oak-bowl/")

    text = page(client, "/")

    assert cards(text[text.index("Recently viewed") :]) == ["Oak bowl", "Tall mug"]


def test_a_made_up_cookie_is_no_error(client, kitchen):
    client.cookies["seen"] = "1.x.-3.99999999999999999999.7e3"
    client.cookies["country"] = "XX<script>"

    assert page(client, "/")
    assert page(client, "/p/oak-bowl/")


# --- lists


def test_a_category_shows_what_lies_below_it(client, kitchen):
    text = page(client, "/c/kitchen/")

    assert sorted(cards(text)) == ["Oak bowl", "Speckled mug", "Tall mug"]
    assert "3 products" in text
    assert re.search(r'href="/c/mugs/">Mugs <span class="chip__count">2<', text)


def test_a_filter_is_a_form_that_is_got(client, kitchen):
    text = page(client, "/c/kitchen/?in_stock=1&min_price=&max_price=20&ordering=price")

    assert cards(text) == ["Speckled mug"]
    assert 'name="in_stock" value="1" checked' in text
    assert 'value="20"' in text
    # Each filter can be taken away, and the others stay.
    assert (
        'href="/c/kitchen/?in_stock=1&ordering=price" aria-label="Remove filter Up to €20"' in text
    )
    assert (
        'href="/c/kitchen/?max_price=20&ordering=price" aria-label="Remove filter In stock"'
        in text
    )


def test_nonsense_in_an_address_is_left_out(client, kitchen):
    text = page(client, "/c/kitchen/?min_price=cheap&ordering=size&page=x&utm_source=mail")

    assert len(cards(text)) == 3
    assert '/c/kitchen/">' in text[text.index("canonical") :][:120]


def test_filters_that_leave_nothing_say_what_would(client, kitchen):
    text = page(client, "/c/mugs/?min_price=20&in_stock=1")

    assert "No products match all 2 filters" in text
    assert re.search(r'href="/c/mugs/\?in_stock=1"[^>]*>€20 and more <[^>]*>1<', text)
    assert re.search(r'href="/c/mugs/\?min_price=20"[^>]*>In stock <[^>]*>1<', text)
    assert "Popular here" in text


def test_an_empty_category_is_no_error(client):
    make_category("Music")

    assert "Nothing here yet" in page(client, "/c/music/")


def test_a_page_beyond_the_last_leads_back(client, kitchen):
    text = page(client, "/c/kitchen/?page=9&in_stock=1", status=404)

    assert 'href="/c/kitchen/?in_stock=1"' in text


def test_pages_follow_each_other(client, shop):
    bowls = make_category("Bowls")
    for number in range(30):
        make_product(shop, f"Bowl {number}", category=bowls, units_sold=number)

    first, second = page(client, "/c/bowls/"), page(client, "/c/bowls/?page=2")

    assert (len(cards(first)), len(cards(second))) == (24, 6)
    assert not set(cards(first)) & set(cards(second))
    assert 'rel="next" href="?page=2"' in first


def test_htmx_gets_the_region_and_its_address(client, kitchen):
    response = client.get("/c/kitchen/?in_stock=1&min_price=&page=1", headers=PART)

    assert b"<html" not in response.content
    assert b"2 products" in response.content
    assert response["HX-Push-Url"] == "/c/kitchen/?in_stock=1"
    assert "HX-Request-Type" in response["Vary"]
    assert "HX-Request-Type" in client.get("/c/kitchen/")["Vary"]


def test_htmx_gets_the_next_cards_alone(client, shop):
    for number in range(30):
        make_product(shop, f"Bowl {number}", category=make_category("Bowls"))

    text = page(client, "/c/bowls/?page=2", **PART)

    assert len(cards(text)) == 6
    assert "<h1" not in text
    assert "facet" not in text
    assert 'data-announce="6 more products"' in text


def test_lists_with_several_filters_are_not_indexed(client, kitchen):
    assert "noindex" not in page(client, "/c/kitchen/")
    assert "noindex" not in page(client, "/c/kitchen/?in_stock=1")
    assert "noindex" in page(client, "/c/kitchen/?in_stock=1&max_price=20")


# --- search


def test_search_finds_and_keeps_the_words(client, kitchen):
    text = page(client, "/search/?q=mug&in_stock=1")

    assert cards(text) == ["Speckled mug"]
    assert "Results for “mug”" in text
    assert '<input type="hidden" name="q" value="mug">' in text


def test_a_spelling_is_mended_and_may_be_kept(client, kitchen):
    text = page(client, "/search/?q=spekled")

    assert cards(text) == ["Speckled mug"]
    assert "Showing results for <strong>speckled</strong>" in text
    assert 'href="/search/?q=spekled&literally=1"' in text
    assert "No results for “spekled”" in page(client, "/search/?q=spekled&literally=1")


def test_nothing_found_is_no_dead_end(client, kitchen):
    text = page(client, "/search/?q=zeppelin")

    assert "No results for “zeppelin”" in text
    assert "What others buy" in text
    assert len(cards(text)) == 3


def test_a_miss_is_noted_once_for_people_and_never_for_robots(client, kitchen):
    page(client, "/search/?q=zeppelin", **{"User-Agent": "Mozilla/5.0"})
    page(client, "/search/?q=zeppelin&in_stock=1", **{"User-Agent": "Mozilla/5.0"})
    page(client, "/search/?q=zeppelin", **{"User-Agent": "Googlebot/2.1"})
    page(client, "/search/?q=mug", **{"User-Agent": "Mozilla/5.0"})

    search_misses.write_down()
    assert list(SearchMiss.objects.values_list("term", "times")) == [("zeppelin", 1)]


def test_a_long_search_is_cut_with_a_notice(client, kitchen):
    text = page(client, "/search/?q=" + "mug+" * 80)

    assert "at most 200 characters" in text


def test_an_exact_sku_leads_to_the_product(client, kitchen):
    response = client.get("/search/?q=ck-1001")

    assert (response.status_code, response.url) == (302, "/p/speckled-mug/")


def test_an_own_order_leads_there_and_a_foreign_one_does_not(client, buyer, stranger, shop):
    ShippingOption.objects.create(shop=shop, name="Post", price_minor=390, currency="EUR")
    order = make_order(buyer, make_variant(shop, "Fern vase"))
    client.force_login(buyer)
    assert client.get(f"/search/?q={order.number.lower()}").url == f"/orders/{order.number}/"

    client.force_login(stranger)
    assert client.get(f"/search/?q={order.number}").status_code == 200


def test_a_search_names_shops(client, kitchen):
    assert 'href="/shops/fern-co/"' in page(client, "/search/?q=fern")


def test_what_people_type_is_text(client, kitchen):
    response = client.get("/search/", {"q": '"><script>alert(1)</script>'})

    assert b"<script>alert" not in response.content


def test_too_many_searches_are_told_when_to_come_back(client, settings, kitchen):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"search": "2/60"}
    codes = [client.get("/search/?q=mug").status_code for _ in range(3)]

    assert codes == [200, 200, 429]
    assert client.get("/search/?q=mug")["Retry-After"]


# --- shops


def test_a_shop_shows_its_own(client, kitchen, rival):
    make_variant(rival, "Rival lamp")

    text = page(client, "/shops/fern-co/")

    assert sorted(cards(text)) == ["Oak bowl", "Speckled mug", "Tall mug"]
    assert cards(page(client, "/shops/fern-co/?q=bowl")) == ["Oak bowl"]
    assert cards(page(client, "/shops/fern-co/?q=lamp")) == []


def test_a_shop_tells_about_itself(client, shop):
    shop.about, shop.returns_policy, shop.legal_name = (
        "We throw pots.",
        "Wrap it well.",
        "Fern Ltd",
    )
    shop.save()

    assert "We throw pots." in page(client, "/shops/fern-co/?tab=about")
    policies = page(client, "/shops/fern-co/?tab=policies")
    assert "Wrap it well." in policies
    assert "Fern Ltd" in policies


def test_a_new_shop_opens_soon(client, shop):
    assert "Opening soon" in page(client, "/shops/fern-co/")


def test_a_shop_on_holiday_says_until_when(client, kitchen, shop):
    shop.away_from, shop.away_until = localdate(), localdate() + timedelta(days=3)
    shop.save()

    assert "is on holiday until" in page(client, "/shops/fern-co/")


def test_a_planned_holiday_closes_nothing_yet(client, kitchen, shop):
    shop.away_from = localdate() + timedelta(days=2)
    shop.save()

    assert "on holiday" not in page(client, "/shops/fern-co/")


def test_a_suspended_shop_shows_no_goods(client, kitchen, shop):
    shop.state = "suspended"
    shop.save()

    text = page(client, "/shops/fern-co/")

    assert "not trading now" in text
    assert cards(text) == []
    assert Product.objects.listed().count() == 0


def test_a_shop_in_review_is_seen_by_its_own_people_alone(client, stranger, seller, shop):
    shop.state = "applied"
    shop.save()

    assert client.get("/shops/fern-co/").status_code == 404
    client.force_login(stranger)
    assert client.get("/shops/fern-co/").status_code == 404
    client.force_login(seller)
    assert client.get("/shops/fern-co/").status_code == 200


def test_two_shops_are_told_apart_in_a_list(client, kitchen):
    make_variant(make_shop("Moss"), "Moss mug", category=make_category("Kitchen", "Mugs"))

    assert cards(page(client, "/c/mugs/?shop=moss")) == ["Moss mug"]
    assert len(cards(page(client, "/c/mugs/?shop=moss&shop=fern-co"))) == 3
