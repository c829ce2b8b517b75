from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from accounts.models import ShopMember
from accounts.tests.factories import make_user
from catalog.models import Product, ProductImage, StockMovement, Variant
from catalog.services import inventory
from catalog.tests.factories import make_category, make_product, make_variant, stock_of
from catalog.tests.pictures import SVG, picture
from marketflow.core.tests.clients import api_for

pytestmark = pytest.mark.django_db

PRODUCTS = "/api/v1/products/"
PRICE = {"amount": 1999, "currency": "EUR"}


@pytest.fixture
def shop_api(seller):
    return api_for(seller)


@pytest.fixture
def bowl(shop):
    return make_variant(shop, "Oak bowl", price=2000, stock=5, sku="BOWL")


def url_of(product: Product, part: str = "") -> str:
    return f"{PRODUCTS}{product.slug}/{part}"


def variant_url(variant: Variant) -> str:
    return f"/api/v1/variants/{variant.uuid}/"


def file(data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("whatever.exe", data, content_type="text/html")


# --- making


def test_a_seller_brings_in_a_product_with_its_variants(shop_api, shop):
    make_category("Home", "Bowls")
    body = {
        "shop": "fern-co",
        "title": "Oak bowl",
        "description": "<p onclick='x()'>Turned by hand.<script>alert(1)</script></p>",
        "category": "bowls",
        "tags": ["wood", "wood", "kitchen"],
        "option_names": ["Size"],
        "attributes": [{"name": "Material", "value": "Oak"}],
        "state": "published",
        "variants": [
            {"sku": "S", "options": {"Size": "Small"}, "price": PRICE, "on_hand": 3},
            {"sku": "L", "options": {"Size": "Large"}, "price": PRICE | {"amount": 2999}},
        ],
    }

    answer = shop_api.post(PRODUCTS, body)

    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert (made["slug"], made["state"], made["tags"]) == (
        "oak-bowl",
        "published",
        ["wood", "kitchen"],
    )
    assert made["description"] == "<p>Turned by hand.</p>"
    assert [one["on_hand"] for one in made["variants"]] == [3, None]
    product = Product.objects.get()
    assert (product.price_minor, product.shop) == (1999, shop)
    assert "wood" in product.keywords
    small = product.variants.get(sku="S")
    assert StockMovement.objects.get(stock_item=small.stock).kind == "opening"
    assert APIClient().get(url_of(product)).status_code == 200


def test_two_products_of_one_title_have_two_addresses(shop_api, shop):
    body = {"shop": "fern-co", "title": "Oak bowl"}

    first, second = (shop_api.post(PRODUCTS, body).json() for _ in range(2))

    assert (first["slug"], second["slug"]) == ("oak-bowl", "oak-bowl-2")
    assert (first["state"], first["variants"]) == ("draft", [])


def test_a_product_without_a_variant_can_not_be_published(shop_api, shop):
    answer = shop_api.post(
        PRODUCTS, {"shop": "fern-co", "title": "Oak bowl", "state": "published"}
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_sell")
    assert not Product.objects.exists()


def test_the_same_key_makes_one_product(shop_api, shop):
    body = {"shop": "fern-co", "title": "Oak bowl"}

    first, second = (
        shop_api.post(PRODUCTS, body, headers={"Idempotency-Key": "k"}) for _ in range(2)
    )

    assert first.content == second.content
    assert second.headers["Idempotent-Replayed"] == "true"
    assert Product.objects.count() == 1


# --- changing


def test_only_what_is_sent_is_changed(shop_api, bowl):
    product = bowl.product

    answer = shop_api.patch(url_of(product), {"title": "Elm bowl", "brand": "Fern"})

    product.refresh_from_db()
    assert answer.status_code == 200
    assert (product.title, product.brand, product.slug) == ("Elm bowl", "Fern", "oak-bowl")
    assert (product.state, product.price_minor) == ("published", 2000)
    assert "Fern" in product.keywords


def test_a_product_goes_off_sale_and_on_again(shop_api, bowl):
    visitor = APIClient()

    shop_api.patch(url_of(bowl.product), {"state": "draft"})
    assert visitor.get(url_of(bowl.product)).status_code == 404
    shop_api.patch(url_of(bowl.product), {"state": "published"})
    assert visitor.get(url_of(bowl.product)).status_code == 200


def test_deleting_archives(shop_api, bowl):
    answer = shop_api.delete(url_of(bowl.product))

    bowl.product.refresh_from_db()
    assert (answer.status_code, bowl.product.state) == (204, "archived")
    assert APIClient().get(url_of(bowl.product)).status_code == 404


def test_attributes_are_replaced_as_a_whole(shop_api, bowl):
    for value in ("Oak", "Elm"):
        attributes = [{"name": "Wood", "value": value}] * 2
        answer = shop_api.patch(url_of(bowl.product), {"attributes": attributes})

    assert answer.json()["attributes"] == [{"name": "Wood", "value": "Elm"}]


def test_an_option_in_use_is_renamed_but_not_removed(shop_api, shop):
    product = make_product(shop, option1_name="Size")
    make_variant(shop, product=product, option1="L")

    renamed = shop_api.patch(url_of(product), {"option_names": ["Width"]})
    refused = shop_api.patch(url_of(product), {"option_names": []})

    assert renamed.json()["variants"][0]["options"] == {"Width": "L"}
    assert (refused.status_code, refused.json()["code"]) == (409, "option_in_use")


# --- variants


def test_a_variant_is_added(shop_api, shop):
    product = make_product(shop, option1_name="Size")
    make_variant(shop, product=product, option1="M", price=3000)
    body = {"options": {"Size": "L"}, "price": PRICE, "on_hand": 4, "sku": "L"}

    answer = shop_api.post(url_of(product, "variants/"), body)

    product.refresh_from_db()
    assert answer.status_code == 201, answer.content
    assert answer.json()["stock"] == {"level": "low", "available": 4}
    assert answer.json()["position"] == 1
    assert product.price_minor == 1999


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"options": {"Size": "M"}}, "variant_exists"),
        ({"options": {"Colour": "Red"}}, "wrong_options"),
        ({"options": {}}, "wrong_options"),
        ({"options": {"Size": "L"}, "sku": "TAKEN"}, "sku_taken"),
        ({"options": {"Size": "L"}, "compare_at_price": PRICE}, "former_price_too_low"),
    ],
)
def test_a_variant_that_does_not_fit_is_refused(shop_api, shop, changes, code):
    product = make_product(shop, option1_name="Size")
    make_variant(shop, product=product, option1="M", sku="TAKEN")

    answer = shop_api.post(url_of(product, "variants/"), {"price": PRICE} | changes)

    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert Variant.objects.count() == 1


def test_a_rival_may_use_the_same_sku(shop_api, shop, rival):
    make_variant(rival, sku="BOWL")
    product = make_product(shop, "Mine")

    answer = shop_api.post(url_of(product, "variants/"), {"price": PRICE, "sku": "BOWL"})

    assert answer.status_code == 201


def test_a_price_changes_and_lists_know(shop_api, bowl):
    answer = shop_api.patch(variant_url(bowl), {"price": PRICE, "compare_at_price": None})

    bowl.refresh_from_db()
    bowl.product.refresh_from_db()
    assert answer.json()["price"] == PRICE
    assert (bowl.price_minor, bowl.product.price_minor) == (1999, 1999)
    assert stock_of(bowl) == (5, 0)


def test_a_count_corrects_the_shelf_by_a_movement(shop_api, bowl):
    answer = shop_api.patch(variant_url(bowl), {"on_hand": 2})

    assert (answer.json()["on_hand"], stock_of(bowl)) == (2, (2, 0))
    assert [one.delta for one in bowl.stock.movements.filter(kind="correction")] == [-3]


def test_a_count_below_what_is_promised_is_refused(shop_api, bowl):
    inventory.reserve({bowl.stock.pk: 4})

    answer = shop_api.patch(variant_url(bowl), {"on_hand": 3, "sku": "NEW"})

    bowl.refresh_from_db()
    assert (answer.status_code, answer.json()["code"]) == (409, "stock_below_allocated")
    assert (stock_of(bowl), bowl.sku) == ((5, 4), "BOWL")


def test_counting_begins_with_the_first_count(shop_api, shop):
    uncounted = make_variant(shop, stock=None)

    shop_api.patch(variant_url(uncounted), {"on_hand": 7})

    assert stock_of(uncounted) == (7, 0)


def test_a_variant_without_a_past_is_deleted(shop_api, shop):
    product = make_product(shop, option1_name="Size")
    make_variant(shop, product=product, option1="M", stock=None)
    slip = make_variant(shop, product=product, option1="Ml", stock=None)

    assert shop_api.delete(variant_url(slip)).status_code == 204

    assert [one.option1 for one in product.variants.all()] == ["M"]


def test_a_variant_with_movements_is_taken_off_sale_instead(shop_api, shop):
    product = make_product(shop, option1_name="Size")
    make_variant(shop, product=product, option1="M")
    old = make_variant(shop, product=product, option1="L", price=100)

    assert shop_api.delete(variant_url(old)).status_code == 204

    old.refresh_from_db()
    product.refresh_from_db()
    assert (old.is_active, product.price_minor) == (False, 2000)
    assert len(APIClient().get(url_of(product)).json()["variants"]) == 1
    assert len(shop_api.get(url_of(product)).json()["variants"]) == 2


def test_the_last_variant_of_a_published_product_stays(shop_api, bowl):
    for answer in (
        shop_api.delete(variant_url(bowl)),
        shop_api.patch(variant_url(bowl), {"is_active": False}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_sell")
    bowl.refresh_from_db()
    assert bowl.is_active


# --- pictures


def test_a_picture_is_taken_in(shop_api, bowl, media_root, settings):
    body = {"file": file(picture()), "alt": "A bowl"}

    answer = shop_api.post(url_of(bowl.product, "images/"), body, format="multipart")

    assert answer.status_code == 201, answer.content
    image = ProductImage.objects.get()
    assert answer.json()["id"] == str(image.uuid)
    assert (image.alt, image.product) == ("A bowl", bowl.product)
    assert answer.json()["url"] == f"{settings.SITE_URL}{image.fallback_url}"


def test_a_picture_sent_twice_under_one_key_is_one_picture(shop_api, bowl, media_root):
    def send(data: bytes):
        return shop_api.post(
            url_of(bowl.product, "images/"),
            {"file": file(data)},
            format="multipart",
            headers={"Idempotency-Key": "k"},
        )

    first, second = send(picture()), send(picture())
    other = send(picture(colour="red"))

    assert first.content == second.content
    assert second.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert ProductImage.objects.count() == 1


@pytest.mark.parametrize("data", [b"", b"GIF89a", SVG, picture()[:100]])
def test_what_is_no_picture_is_refused(shop_api, bowl, media_root, data):
    answer = shop_api.post(
        url_of(bowl.product, "images/"), {"file": file(data)}, format="multipart"
    )

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["file"])
    assert not ProductImage.objects.exists()


def test_a_picture_that_is_too_large_is_a_413(shop_api, bowl, media_root, settings):
    url = url_of(bowl.product, "images/")
    settings.PICTURE_MAX_BYTES = 200

    answer = shop_api.post(url, {"file": file(picture())}, format="multipart")
    huge = shop_api.post(url, {"file": file(b"x" * 200_000)}, format="multipart")

    assert (answer.status_code, huge.status_code) == (413, 413)
    assert answer.json()["code"] == huge.json()["code"] == "too_large"


def test_a_product_has_no_more_than_twenty_pictures(shop_api, bowl, media_root):
    ProductImage.objects.bulk_create(ProductImage(product=bowl.product) for _ in range(20))

    answer = shop_api.post(
        url_of(bowl.product, "images/"), {"file": file(picture())}, format="multipart"
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "picture_too_many")


def test_uploads_are_counted(shop_api, bowl, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"upload": "1/600"}
    url = url_of(bowl.product, "images/")
    shop_api.post(url, {"file": file(b"x")}, format="multipart")

    answer = shop_api.post(url, {"file": file(b"x")}, format="multipart")

    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert int(answer.headers["Retry-After"]) > 0


# --- who may


def writes(product: Product, variant: Variant):
    yield "post", PRODUCTS, {"shop": product.shop.slug, "title": "Mine now"}
    yield "patch", url_of(product), {"title": "Mine now"}
    yield "delete", url_of(product), {}
    yield "post", url_of(product, "variants/"), {"price": PRICE}
    yield "patch", variant_url(variant), {"price": PRICE}
    yield "delete", variant_url(variant), {}


def test_a_rival_finds_nothing_to_change(bowl, rival, stranger):
    unknown = "/api/v1/products/no-such/"
    helper = make_user("helper")
    ShopMember.objects.create(shop=bowl.shop, user=helper, role=ShopMember.Role.FULFILMENT)
    nothing = api_for(stranger).patch(unknown, {"title": "x"})

    for person in (rival.members.get(), stranger, helper):
        for method, url, body in writes(bowl.product, bowl):
            answer = getattr(api_for(person), method)(url, body)
            assert (answer.status_code, answer.content) == (404, nothing.content), url
    image = api_for(stranger).post(
        url_of(bowl.product, "images/"), {"file": file(picture())}, format="multipart"
    )
    assert (image.status_code, image.content) == (404, nothing.content)
    bowl.refresh_from_db()
    assert (bowl.price_minor, bowl.product.title, Product.objects.count()) == (2000, "Oak bowl", 1)


def test_nobody_signs_in_first(bowl):
    for method, url, body in writes(bowl.product, bowl):
        answer = getattr(APIClient(), method)(url, body)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated"), url
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"options": {"Size": "M"}}, "variant_exists"),
        ({"options": {}}, "wrong_options"),
        ({"options": {"Size": "L"}, "compare_at_price": PRICE}, "former_price_too_low"),
    ],
)
def test_a_refusal_names_the_variant_it_is_about(shop_api, shop, wrong, code):
    good = {"sku": "SHIRT-M", "price": PRICE, "options": {"Size": "M"}}
    body = {"shop": shop.slug, "title": "Shirt", "option_names": ["Size"]}
    second = {"sku": "SHIRT-L", "price": PRICE} | wrong

    answer = shop_api.post("/api/v1/products/", body | {"variants": [good, second]})

    told = answer.json()
    assert (answer.status_code, told["code"]) == (409, code)
    assert (told["sku"], told["position"]) == ("SHIRT-L", 1)
    assert not Product.objects.filter(title="Shirt").exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": 5}, "title"),
        ({"brand": 1.5}, "brand"),
        ({"tags": ["wood", 5]}, "tags"),
        ({"category": 5}, "category"),
    ],
)
def test_a_number_is_no_text(shop_api, bowl, change, field):
    answer = shop_api.patch(url_of(bowl.product), change)

    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    bowl.product.refresh_from_db()
    assert (bowl.product.title, bowl.product.brand, bowl.product.tags) == ("Oak bowl", "", [])


def test_a_word_that_is_no_choice_is_answered_with_those_there_are(shop_api, bowl):
    answer = shop_api.patch(url_of(bowl.product), {"condition": "broken"})

    assert answer.status_code == 400
    assert answer.json()["fields"]["condition"] == ["One of new, refurbished, used."]
