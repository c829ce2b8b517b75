"""The product page: what it says, what it lets people do, who may see it."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta

import pytest
from django.utils.timezone import localdate

from carts.models import CartLine, ShippingOption
from catalog.models import Product, ProductImage
from catalog.tests.factories import make_category, make_product, make_variant

pytestmark = pytest.mark.django_db

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def post(shop):
    return ShippingOption.objects.create(
        shop=shop, name="Post", price_minor=390, free_above_minor=10000, currency="EUR"
    )


@pytest.fixture
def mug(shop, post):
    return make_variant(
        shop, "Speckled mug", price=2450, stock=3, sku="CK-1", category=make_category("Mugs")
    )


@pytest.fixture
def shirt(shop, post):
    shirt = make_product(shop, "Shirt", option1_name="Size", option2_name="Colour")
    for size, colour, price, stock in (
        ("S", "Red", 2000, 0),
        ("S", "Blue", 2000, 9),
        ("L", "Blue", 2500, 9),
    ):
        make_variant(shop, product=shirt, option1=size, option2=colour, price=price, stock=stock)
    return shirt


def page(client, address, status=200, **headers) -> str:
    response = client.get(address, headers=headers)
    assert response.status_code == status, response
    return html.unescape(response.content.decode())


def linked_data(text: str) -> list[dict]:
    blocks = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text)
    return [json.loads(block) for block in blocks]


def about(text: str) -> dict:
    return next(t for t in linked_data(text) if t["@type"] in ("Product", "ProductGroup"))


def variant_of(product, *values):
    return next(v for v in product.variants.all() if v.option_values == list(values))


def test_a_product_says_what_it_costs_and_that_few_are_left(client, mug):
    text = page(client, "/p/speckled-mug/")

    assert "€24.50" in text
    assert "Only 3 left" in text
    assert 'max="3"' in text
    assert f'name="variant" value="{mug.uuid}"' in text


def test_machines_are_told_what_people_see(client, mug):
    text = page(client, "/p/speckled-mug/")
    offer = about(text)["offers"]

    assert (offer["price"], offer["priceCurrency"]) == ("24.50", "EUR")
    assert offer["availability"].endswith("/LimitedAvailability")
    assert offer["seller"]["name"] == "Fern & Co"
    assert offer["shippingDetails"]["shippingRate"]["value"] == "3.90"
    assert "delivery €3.90" in text
    assert 'content="24.50"' in text


def test_machines_are_told_of_every_variant(client, shirt):
    group = about(page(client, "/p/shirt/"))

    offers = [variant["offers"] for variant in group["hasVariant"]]
    assert [offer["price"] for offer in offers] == ["20.00", "20.00", "25.00"]
    assert offers[0]["availability"].endswith("/OutOfStock")


def test_a_title_can_not_end_the_block_it_stands_in(client, shop):
    make_variant(shop, "</script><b>Bowl")

    text = client.get("/p/scriptbbowl/").content.decode()

    assert "</script><b>" not in text
    assert about(text)["name"] == "</script><b>Bowl"


def test_a_choice_has_an_address_of_its_own(client, shirt):
    large = variant_of(shirt, "L", "Blue")

    text = page(client, f"/p/shirt/?v={large.uuid}")

    assert "€25.00" in text
    assert 'value="L" checked' in text
    assert f'rel="canonical" href="http://127.0.0.1:8000{shirt.get_absolute_url()}"' in text


def test_without_javascript_a_choice_leads_to_its_address(client, shirt):
    large = variant_of(shirt, "L", "Blue")

    response = client.post("/p/shirt/", {"option.Size": "L", "option.Colour": "Blue"})

    assert (response.status_code, response.url) == (303, f"/p/shirt/?v={large.uuid}")


def test_what_is_not_made_can_be_asked_for_and_not_be_bought(client, shirt):
    response = client.post("/p/shirt/", {"option.Size": "L", "option.Colour": "Red"})
    text = page(client, response.url)

    assert "Not made in this combination" in text
    assert 'name="variant"' not in text


def test_what_is_sold_out_is_shown_and_not_sold(client, shirt):
    text = page(client, f"/p/shirt/?v={variant_of(shirt, 'S', 'Red').uuid}")

    assert re.search(r'id="add" disabled>Sold out<', text)
    assert "(sold out)" in text


def test_htmx_gets_the_choice_alone(client, shirt):
    response = client.get("/p/shirt/?option.Size=L&option.Colour=Blue", headers=PART)

    assert b"<html" not in response.content
    assert b"\xe2\x82\xac25.00" in response.content
    assert response["HX-Push-Url"] == f"/p/shirt/?v={variant_of(shirt, 'L', 'Blue').uuid}"
    assert "seen" not in response.cookies


def test_what_was_chosen_is_what_lands_in_the_cart(client, shirt):
    shown, chosen = variant_of(shirt, "S", "Blue"), variant_of(shirt, "L", "Blue")
    form = {"variant": shown.uuid, "option.Size": "L", "option.Colour": "Blue", "quantity": 2}

    assert client.post("/cart/add/", form).status_code == 303

    [line] = CartLine.objects.all()
    assert (line.variant, line.quantity) == (chosen, 2)


def test_what_is_not_made_does_not_land_in_the_cart(client, shirt):
    form = {"variant": variant_of(shirt, "S", "Blue").uuid}
    form |= {"option.Size": "L", "option.Colour": "Red"}

    client.post("/cart/add/", form)

    assert not CartLine.objects.exists()


# --- delivery


def test_delivery_is_counted_for_the_country_chosen(client, mug, post):
    post.countries = ["IE"]
    post.save()
    assert "Arrives in Ireland" in page(client, "/p/speckled-mug/")

    response = client.post("/country/", {"country": "FR", "next": "/p/speckled-mug/"})

    assert (response.status_code, response.url) == (303, "/p/speckled-mug/")
    text = page(client, "/p/speckled-mug/")
    assert "does not deliver to France" in text
    assert re.search(r'id="add" disabled>Not delivered to your country<', text)


@pytest.mark.parametrize("there", ["https://evil.test/", "//evil.test", "javascript:alert(1)"])
def test_a_country_never_leads_elsewhere(client, there):
    response = client.post("/country/", {"country": "FR", "next": there})

    assert response.url == "/"


def test_delivery_is_free_where_the_shop_says_so(client, mug, post):
    post.free_above_minor = 2000
    post.save()

    assert "free delivery" in page(client, "/p/speckled-mug/")


def test_a_shop_on_holiday_sells_nothing_and_says_until_when(client, mug):
    shop = mug.product.shop
    shop.away_from, shop.away_until = localdate(), localdate() + timedelta(days=3)
    shop.save()

    text = page(client, "/p/speckled-mug/")

    assert "is on holiday until" in text
    assert re.search(r'id="add" disabled>Not on sale at the moment<', text)


# --- pictures and words


def test_pictures_come_in_every_size_that_was_made(client, mug):
    image = ProductImage.objects.create(
        product=mug.product,
        state="ready",
        fallback="pictures/x/640.jpg",
        sizes={"avif": [160, 640], "webp": [160, 640]},
        alt="A mug seen from above",
        tint="321",
    )

    text = page(client, "/p/speckled-mug/")

    assert f"/media/pictures/{image.uuid}/160.avif 160w" in text
    assert 'type="image/webp"' in text
    assert 'alt="A mug seen from above"' in text
    assert "tint tint-r3 tint-g2 tint-b1" in text
    assert 'fetchpriority="high"' in text


def test_a_picture_in_the_making_shows_its_fallback_and_none_a_drawing(client, mug):
    assert "/art/speckled-mug.svg" in page(client, "/p/speckled-mug/")
    ProductImage.objects.create(product=mug.product, fallback="pictures/x/640.jpg")
    ProductImage.objects.create(product=mug.product, state="remote", source_url="https://a.test/")

    text = page(client, "/p/speckled-mug/")

    assert 'src="/media/pictures/x/640.jpg" alt="Speckled mug"' in text
    assert "<source" not in text


def test_a_description_keeps_its_shape_and_loses_its_scripts(client, mug):
    Product.objects.update(description='<p onclick="x()">Oak.</p><script>alert(1)</script>')

    text = client.get("/p/speckled-mug/").content.decode()

    assert "<p>Oak.</p>" in text
    assert "onclick" not in text
    assert "alert(1)" not in text


def test_what_stands_beside_it_is_of_the_shop_and_of_its_kind(client, mug, rival):
    make_variant(mug.shop, "Fern vase")
    make_variant(rival, "Rival mug", category=mug.product.category)
    make_variant(rival, "Rival lamp")

    text = page(client, "/p/speckled-mug/")

    assert "Fern vase" in text[text.index("More from this shop") : text.index("Similar")]
    assert "Rival mug" in text[text.index("Similar") :]
    assert "Rival lamp" not in text


# --- who sees it


def test_a_draft_is_for_the_shop_alone(client, shop, seller, stranger, rival):
    make_variant(shop, "Secret lamp", state="draft")
    address = "/p/secret-lamp/"

    assert client.get(address).status_code == 404
    for person in (stranger, rival.members.get()):
        client.force_login(person)
        assert client.get(address).status_code == 404
    client.force_login(seller)
    text = page(client, address)
    assert "Only your shop sees this page" in text
    assert "noindex" in text
    assert re.search(r'id="add" disabled>Not on sale yet<', text)


def test_what_was_taken_down_says_so_and_offers_others(client, mug, rival):
    make_variant(rival, "Rival mug", category=mug.product.category)
    Product.objects.filter(pk=mug.product_id).update(state="archived")

    text = page(client, "/p/speckled-mug/", status=410)

    assert "no longer sold" in text
    assert "Rival mug" in text


def test_goods_of_a_closed_shop_are_gone(client, mug):
    shop = mug.product.shop
    shop.state = "suspended"
    shop.save()

    assert client.get("/p/speckled-mug/").status_code == 404


def test_an_unlisted_product_has_its_page_and_is_in_no_list(client, mug):
    Product.objects.update(is_listed=False)

    assert "noindex" in page(client, "/p/speckled-mug/")
    assert "Speckled mug" not in page(client, "/c/mugs/")
    assert "Speckled mug" not in page(client, "/search/?q=speckled")
