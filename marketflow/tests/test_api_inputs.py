"""Nothing is taken that was not asked for: privileged names, and numbers that are none."""

from __future__ import annotations

import hashlib
import json

import pytest
from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from rest_framework.test import APIClient

from accounts.tests.factories import make_address, make_shop, make_user
from carts.tests.factories import fill_cart
from catalog.tests.factories import make_variant
from marketflow.core.tests.clients import api_for
from orders.models import SellerOrder
from orders.tests.factories import make_completed, make_order
from orders.tests.reviewing import make_review

pytestmark = pytest.mark.django_db

OURS = ("accounts", "catalog", "carts", "orders", "notifications")
# Names that decide who somebody is, whose a thing is, what it costs and how far it has come.
PRIVILEGED = {
    "id": 1,
    "pk": 1,
    "uuid": "7f2a1a0e-6a5d-4a7b-9a43-1f2b3c4d5e6f",
    "user": 1,
    "buyer": 1,
    "role": "owner",
    "is_staff": True,
    "is_superuser": True,
    "verified": True,
    "session_version": 9,
    "shop_id": 1,
    "status": "paid",
    "paid_at": "2020-01-01T00:00:00Z",
    "total": {"amount": 0, "currency": "EUR"},
    "amount": 1,
    "unit_price": {"amount": 0, "currency": "EUR"},
    "price_minor": 1,
    "currency": "USD",
    "discount": {"amount": 100, "currency": "EUR"},
    "commission_rate": 0,
    "balance": 1_000_000,
    "allocated": 0,
    "units_sold": 99,
    "rating_average": 5,
    "published_at": "2020-01-01T00:00:00Z",
}
NO_NUMBERS = ["1", "one", "NaN", "١", 1.5, 1.0, True, None, -1, 2**63, 10**400, [], {}]


def digest() -> str:
    """Everything that is stored of the market."""
    sums = hashlib.sha256()
    for label in OURS:
        for model in apps.get_app_config(label).get_models():
            rows = list(model.objects.order_by("pk").values())
            sums.update(json.dumps([str(model), rows], cls=DjangoJSONEncoder).encode())
    return sums.hexdigest()


@pytest.fixture(scope="module")
def market(module_db):
    """Something to write to at every address: who may, how, where, and a body that would do."""
    buyer, shop = make_user("ana"), make_shop("Fern & Co", members=["fern"])
    seller = make_user("fern")
    make_shop("Rival Goods", members=["rita"])
    bowl = make_variant(shop, "Oak bowl", price=2000, stock=50)
    price = {"amount": 1999, "currency": "EUR"}
    order = make_order(buyer, bowl)
    part = make_order(buyer, bowl, paid=True).seller_orders.get()
    address = make_address(buyer)
    ana, fern = api_for(buyer), api_for(seller)
    arrived = make_completed(buyer, bowl).lines.get()
    review = f"reviews/{make_review(buyer, bowl).uuid}/"
    # After the orders, which each take the cart along.
    line = fill_cart(buyer, bowl).lines.get()
    pair = {"email": buyer.email, "password": "x"}
    return {
        "register": (APIClient(), "post", "auth/register/", pair | {"name": "A"}),
        "token": (APIClient(), "post", "auth/token/", pair),
        "refresh": (APIClient(), "post", "auth/token/refresh/", {"refresh": "x"}),
        "logout": (APIClient(), "post", "auth/logout/", {"refresh": "x"}),
        "password": (
            ana,
            "post",
            "auth/password/change/",
            {"current_password": "x", "new_password": "y"},
        ),
        "profile": (ana, "patch", "users/me/", {"name": "New"}),
        "deletion": (ana, "delete", "users/me/", {"password": "x"}),
        "address": (ana, "post", "users/me/addresses/", make_address()),
        "address change": (ana, "patch", f"users/me/addresses/{address.uuid}/", {"city": "C"}),
        "shop": (ana, "post", "shops/", {"name": "N", "slug": "n", "country": "IE"}),
        "shop change": (fern, "patch", "shops/fern-co/", {"tagline": "New"}),
        "product": (fern, "post", "products/", {"shop": "fern-co", "title": "New"}),
        "product change": (fern, "patch", "products/oak-bowl/", {"title": "New"}),
        "variant": (fern, "post", "products/oak-bowl/variants/", {"price": price}),
        "variant change": (fern, "patch", f"variants/{bowl.uuid}/", {"price": price}),
        "cart": (ana, "patch", "cart/", {"postcode": "1"}),
        "item": (ana, "post", "cart/items/", {"variant": str(bowl.uuid), "quantity": 1}),
        "item change": (ana, "patch", f"cart/items/{line.uuid}/", {"quantity": 2}),
        "checkout": (ana, "post", "checkout/", {"quote": "x", "address_id": str(address.uuid)}),
        "payment": (ana, "post", f"orders/{order.number}/payments/", {"method": "test"}),
        "review": (ana, "post", "reviews/", {"order_line": str(arrived.uuid), "rating": 5}),
        "review change": (ana, "patch", review, {"rating": 4}),
        "reply": (fern, "post", f"{review}reply/", {"body": "Thanks"}),
        "report": (fern, "post", f"{review}reports/", {"reason": "Rude"}),
        "shipment": (fern, "post", f"seller-orders/{part.number}/shipment/", {"carrier": "C"}),
    }


def send(write, body: dict):
    client, method, path, _good = write
    headers = {"Idempotency-Key": "k"} if method == "post" else {}
    return getattr(client, method)(f"/api/v1/{path}", body, headers=headers)


WRITES = [
    "register", "token", "refresh", "logout", "password", "profile", "deletion", "address",
    "address change", "shop", "shop change", "product", "product change", "variant",
    "variant change", "cart", "item", "item change", "checkout", "payment", "shipment",
    "review", "review change", "reply", "report",
]  # fmt: skip


@pytest.mark.parametrize("name", WRITES)
def test_privileged_names_are_unknown_and_change_nothing(market, name):
    write = market[name]
    before = digest()

    answer = send(write, write[3] | PRIVILEGED)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), answer.content
    assert answer.json()["fields"] == dict.fromkeys(sorted(PRIVILEGED), ["Unknown field."])
    assert digest() == before


def test_the_list_of_writes_is_whole(market):
    assert set(market) == set(WRITES)


@pytest.mark.parametrize("name", ["product", "product change", "variant", "variant change"])
def test_a_product_does_not_say_what_only_its_life_can(market, name):
    write = market[name]
    before = digest()

    for field in ("slug", "rating", "rating_count", "keywords", "created_at", "stock", "level"):
        answer = send(write, write[3] | {field: "x"})
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert digest() == before


def test_a_product_stays_with_its_shop_and_goes_to_no_other(market):
    _, _, path, good = market["product"]
    before = digest()

    moved = send(market["product change"], {"shop": "rival-goods"})
    foreign = send(market["product"], good | {"shop": "rival-goods"})

    assert (moved.status_code, list(moved.json()["fields"])) == (400, ["shop"])
    assert foreign.status_code == 404
    assert digest() == before


def test_a_category_that_is_not_there(market):
    answer = send(market["product"], market["product"][3] | {"category": "no-such"})

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["category"])


@pytest.mark.parametrize("number", NO_NUMBERS, ids=str)
@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("item", "quantity"),
        ("item change", "quantity"),
        ("variant", "on_hand"),
        ("variant change", "on_hand"),
        ("shop change", "returns_days"),
    ],
)
def test_a_quantity_that_is_none_is_refused(market, name, field, number):
    write = market[name]
    before = digest()

    answer = send(write, write[3] | {field: number})

    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert digest() == before


@pytest.mark.parametrize("number", [*NO_NUMBERS, 10**12 + 1], ids=str)
@pytest.mark.parametrize("field", ["price", "compare_at_price"])
def test_an_amount_that_is_none_is_refused(market, field, number):
    write = market["variant change"]
    before = digest()

    for price in ({"amount": number, "currency": "EUR"}, number):
        if field == "compare_at_price" and price is None:
            continue  # No former price, which is a price indeed.
        answer = send(write, {field: price})
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [field]), price
    assert digest() == before


@pytest.mark.parametrize("currency", ["USD", "eur", "", "EURO", None, 978, ["EUR"]])
def test_a_price_in_another_currency_is_refused(market, currency):
    write = market["variant change"]
    before = digest()

    answer = send(write, {"price": {"amount": 100, "currency": currency}})

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["price"])
    assert digest() == before


@pytest.mark.parametrize("number", [*NO_NUMBERS, 0, 1000], ids=str)
def test_a_parcel_holds_whole_units(market, number):
    write = market["shipment"]
    part = send((write[0], "get", write[2].removesuffix("shipment/"), {}), None).json()
    line = part["lines"][0]["id"]
    before = digest()

    answer = send(write, {"lines": [{"id": line, "quantity": number}]})

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["lines"])
    assert digest() == before


@pytest.mark.parametrize("body", [b"[]", b'""', b"0", b"false", b"[null]", b'{"a": null}'])
def test_what_takes_no_body_takes_null_for_none_and_nothing_else(market, body):
    fern, bowl = market["product"][0], "/api/v1/products/oak-bowl/"
    before = digest()

    wrong = fern.generic("DELETE", bowl, body, content_type="application/json")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid")
    assert digest() == before

    assert (
        fern.generic("DELETE", bowl, b"null", content_type="application/json").status_code == 204
    )


def test_what_is_wrong_with_a_filter_is_told_like_any_other_mistake(market):
    answer = market["shipment"][0].get("/api/v1/seller-orders/?state=stolen&state=paid&state=lost")

    assert answer.status_code == 400
    assert answer.json() == {
        "code": "invalid",
        "detail": "Some of this can't be accepted.",
        "fields": {"state": [f"One of {', '.join(SellerOrder.State.values)}."]},
    }


@pytest.mark.parametrize("lines", [[], "all", {}, [{}], ["twice"]])
def test_a_parcel_names_lines_and_each_once(market, lines):
    write = market["shipment"]
    if lines == ["twice"]:
        part = send((write[0], "get", write[2].removesuffix("shipment/"), {}), None).json()
        lines = [{"id": part["lines"][0]["id"], "quantity": 1}] * 2
    before = digest()

    answer = send(write, {"lines": lines})

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["lines"])
    assert digest() == before
