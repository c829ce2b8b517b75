"""Every error of the API has one form, whoever finds it: a view, a parser, the resolver."""

from __future__ import annotations

import json

import pytest
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import OperationalError
from django.test import Client
from rest_framework.test import APIClient

from accounts.services.tokens import sign_in
from accounts.tests.factories import make_shop
from catalog.tests.factories import make_variant
from marketflow.core.api.exceptions import NOT_FOUND
from marketflow.core.tests.clients import api_for
from orders.tests.factories import make_order
from tests.access.routes import routes
from tests.access.world import NOBODYS_UUID

pytestmark = pytest.mark.django_db

JSON = "application/json"
# A coupon that never was is out of the cart already.
NAMING_SOMETHING = [
    route for route in routes() if route.name.startswith("api/v1/") and route.parameters - {"code"}
]


def error(answer, status: int, code: str) -> dict:
    assert answer.status_code == status, answer.content
    body = answer.json()
    assert answer.headers["Content-Type"] == JSON
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert body["code"] == code
    assert body["detail"].endswith(".")
    return body


@pytest.mark.parametrize(
    "url",
    [
        "/api/nothing/",
        "/api/v1/nothing/",
        "/api/v2/orders/",
        "/api/v1/orders",
        "/api/v1/orders/MF-UNKNOWN1/",
        "/api/v1/orders/%00/",
        "/api/v1/orders/MF-1/nothing/",
        "/api/v1/seller-orders/MF-UNKNOWN1-1/",
        "/api/v1/shops/unknown/",
        "/api/v1/shops/%00/",
        "/api/v1/products/unknown/",
        "/api/v1/products/%00/",
        "/api/v1/categories/unknown/",
        "/api/v1/cart/items/not-a-uuid/",
    ],
)
def test_what_is_not_there_is_always_the_same_404(api, url):
    answer = api.get(url)

    assert error(answer, 404, "not_found") == NOT_FOUND
    assert answer.content == json.dumps(NOT_FOUND, separators=(",", ":")).encode()


@pytest.mark.parametrize("route", NAMING_SOMETHING, ids=lambda route: route.name)
def test_what_is_not_there_is_a_404_whatever_else_is_wrong(api, route):
    address = route.address(dict.fromkeys(route.parameters, "unknown") | {"id": NOBODYS_UUID})
    for method in route.methods:
        for body in ({"no such field": 1}, ["no object"]):
            answer = _wrongly(api, method, address, body)

            assert answer.status_code in (404, 405), (method, answer.content)


def _wrongly(api, method: str, address: str, body: object):
    if method == "get":
        return api.get(address, {"page": "x", "from": "x", "state": "x", "changed_since": "x"})
    if address.endswith("/images/"):
        return api.post(address, {"alt": "no file"}, format="multipart")
    return getattr(api, method)(address, body, headers={"Idempotency-Key": "k"})


def test_foreign_and_unknown_are_the_same_bytes(api, stranger, seller, shop):
    order = make_order(stranger, make_variant(shop))
    part = order.seller_orders.get()
    address = stranger.addresses.create(
        name="S", line1="1", postcode="1", city="C", country="IE", is_default=True
    )
    unknown = api.get("/api/v1/nothing/").content

    for url in (
        f"/api/v1/orders/{order.number}/",
        f"/api/v1/orders/{order.number}/timeline/",
        f"/api/v1/seller-orders/{part.number}/",
    ):
        assert error(api.get(url), 404, "not_found")
        assert api.get(url).content == unknown
    for url, body in (
        (f"/api/v1/orders/{order.number}/payments/", {"method": "test"}),
        (f"/api/v1/orders/{order.number}/cancellation/", {}),
        (f"/api/v1/seller-orders/{part.number}/shipment/", {}),
    ):
        answer = api.post(url, body, headers={"Idempotency-Key": "k"})
        assert (answer.status_code, answer.content) == (404, unknown)
    assert api.patch(f"/api/v1/users/me/addresses/{address.uuid}/", {}).content == unknown
    assert api.patch("/api/v1/shops/fern-co/", {"name": "x"}).content == unknown
    order.refresh_from_db()
    assert order.state == "awaiting_payment"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"quantity": NaN}',
        b'{"quantity": Infinity}',
        b"\xff",
        b"[" * 100_000,
        b'{"\\ud800": 1}',
        b"",
    ],
)
def test_a_body_that_is_no_json(api, body):
    answer = api.generic("POST", "/api/v1/cart/items/", body, content_type=JSON)

    fields = error(answer, 400, "invalid" if body == b"" else "parse_error").get("fields")
    assert (fields is not None) == (body == b"")


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"null", b"17", b"true"])
def test_a_body_that_is_no_object(api, body):
    answer = api.generic("POST", "/api/v1/cart/items/", body, content_type=JSON)

    assert "fields" in error(answer, 400, "invalid")


def test_a_body_nested_too_deeply(api):
    body = {"variant": {}}
    for _ in range(30):
        body = {"variant": body}

    error(api.post("/api/v1/cart/items/", body), 400, "parse_error")


def test_an_unknown_field_is_named(api):
    body = error(api.post("/api/v1/cart/items/", {"variant": 1, "price": 0}), 400, "invalid")

    assert body["fields"] == {"price": ["Unknown field."]}


def test_a_wrong_method_names_the_right_ones(api):
    answer = api.put("/api/v1/cart/", {})

    error(answer, 405, "method_not_allowed")
    assert "PATCH" in answer.headers["Allow"]


def test_a_body_of_another_kind(api):
    answer = api.generic("POST", "/api/v1/cart/items/", "a=b", content_type="text/plain")

    error(answer, 415, "unsupported_media_type")


def test_an_answer_of_another_kind(api):
    error(api.get("/api/v1/cart/", headers={"Accept": "image/png"}), 406, "not_acceptable")


def test_a_body_that_is_too_large(api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    error(api.post("/api/v1/cart/items/", {"variant": "x" * 200}), 413, "too_large")


@pytest.mark.parametrize(("levels", "status"), [(3, 400), (2, 400), (1, 400)])
def test_how_deep_a_body_may_nest_is_a_setting(api, settings, levels, status):
    settings.JSON_MAX_LEVELS = 2
    body: object = "no uuid"
    for _ in range(levels):
        body = {"variant": body}

    code = "parse_error" if levels > 1 else "invalid"
    error(api.post("/api/v1/cart/items/", body), status, code)


def test_a_query_string_that_is_too_long(api, settings, client):
    settings.QUERY_MAX_LENGTH = 100

    assert api.get(f"/api/v1/products/?q={'x' * 98}").status_code == 200
    error(api.get(f"/api/v1/products/?q={'x' * 99}"), 400, "query_too_long")
    assert client.get(f"/search/?q={'x' * 99}").status_code == 400


def test_nobody_is_told_to_sign_in():
    answer = APIClient().get("/api/v1/orders/")

    error(answer, 401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_token_that_is_none():
    for token in ("x", "a.b.c", ""):
        answer = APIClient().get("/api/v1/orders/", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
        assert set(answer.json()) == {"code", "detail"}


def test_a_session_without_a_csrf_token(buyer):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(buyer)

    answer = browser.post("/api/v1/cart/items/", {}, content_type=JSON)

    error(answer, 403, "permission_denied")


def test_a_refusal_bears_its_facts(api, shop):
    variant = make_variant(shop, stock=1)
    body = {"variant": str(variant.uuid), "quantity": 5}

    refused = error(api.post("/api/v1/cart/items/", body), 409, "out_of_stock")

    assert refused["items"][0]["available"] == 1


def test_who_asks_too_often_is_told_when_to_come_back(settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"search": "2/60"}
    visitor = APIClient()
    for _ in range(2):
        assert visitor.get("/api/v1/products/?q=x").status_code == 200

    answer = visitor.get("/api/v1/products/?q=x")

    error(answer, 429, "rate_limited")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


@pytest.mark.logs_errors
def test_a_database_that_is_busy_is_a_503(api, monkeypatch):
    def busy(*args, **kwargs):
        raise OperationalError("database is locked")

    monkeypatch.setattr("carts.services.pricing.price", busy)

    answer = api.get("/api/v1/cart/")

    error(answer, 503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.logs_errors
@pytest.mark.parametrize("path", ["/api/v1/cart/", "/cart/"])
def test_a_database_that_is_away_around_the_view_is_a_503_too(path, monkeypatch):
    """Sessions are loaded and saved by middleware, where views' errors are not asked after."""

    def away(*args, **kwargs):
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(SessionMiddleware, "process_response", away)
    client = APIClient(raise_request_exception=False)

    answer = client.get(path)

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    if path.startswith("/api/"):
        error(answer, 503, "unavailable")


@pytest.mark.logs_errors
def test_a_bug_is_a_500_that_tells_nothing_but_its_id(buyer, monkeypatch):
    def broken(*args, **kwargs):
        raise KeyError("secret")

    monkeypatch.setattr("carts.services.pricing.price", broken)
    client = APIClient(raise_request_exception=False)

    answer = client.get("/api/v1/cart/", headers={"X-Request-ID": "abcdefgh"})

    assert error(answer, 500, "error")["request_id"] == "abcdefgh"
    assert b"secret" not in answer.content


def test_answers_about_somebody_are_kept_by_nobody(api, buyer):
    for url in ("cart/", "orders/", "users/me/", "users/me/addresses/", "shops/"):
        answer = api.get(f"/api/v1/{url}")
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-store")
    pair = sign_in(buyer)
    answer = APIClient().post("/api/v1/auth/token/refresh/", {"refresh": pair.refresh})
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_lists_cost_the_same_for_five_and_fifty(
    api, buyer, seller, shop, django_assert_max_num_queries
):
    bowl = make_variant(shop, stock=500)
    for number in range(20):
        buyer.addresses.create(
            name="A", line1=str(number), postcode="1", city="C", country="IE", is_default=False
        )
    for _ in range(50):
        make_order(buyer, bowl, paid=True)

    costs = {}
    for size in (5, 50):
        for client, url in (
            (api, "orders/"),
            (api_for(seller), "seller-orders/"),
            (api, "users/me/addresses/"),
        ):
            with django_assert_max_num_queries(8) as queries:
                rows = client.get(f"/api/v1/{url}?page_size={size}").json()["results"]
            assert len(rows) == (min(size, 20) if "addresses" in url else size)
            costs.setdefault(url, set()).add(len(queries))
    assert {url: len(counts) for url, counts in costs.items()} == dict.fromkeys(costs, 1), costs


def test_shops_cost_the_same_for_five_and_fifty(django_assert_num_queries):
    for number in range(50):
        make_shop(f"Shop {number}", members=["fern"])

    for size in (5, 50):
        with django_assert_num_queries(2):
            rows = APIClient().get(f"/api/v1/shops/?page_size={size}").json()["results"]
        assert len(rows) == size


def test_one_order_costs_the_same_whatever_is_in_it(
    api, buyer, seller, shop, rival, django_assert_max_num_queries
):
    small = make_order(buyer, make_variant(shop, "One"), paid=True)
    large = make_order(
        buyer,
        *[make_variant(shop, f"Bowl {n}") for n in range(5)],
        *[make_variant(rival, f"Lamp {n}") for n in range(5)],
        paid=True,
    )
    for order in (small, large):
        part = order.seller_orders.get(shop=shop)
        url = f"/api/v1/seller-orders/{part.number}/shipment/"
        assert api_for(seller).post(url, {}).status_code == 201

    costs = []
    for order in (small, large):
        with django_assert_max_num_queries(12) as queries:
            assert api.get(f"/api/v1/orders/{order.number}/").status_code == 200
        costs.append(len(queries))
        part = order.seller_orders.get(shop=shop)
        with django_assert_max_num_queries(12) as queries:
            assert api_for(seller).get(f"/api/v1/seller-orders/{part.number}/").status_code == 200
        costs.append(len(queries))
    assert costs[:2] == costs[2:]
