"""Section 3 of the public contract, row by row: what others' programs were written for is there.

The table is the contract's own, copied by hand. It may grow. What is taken out of it, or renamed,
breaks somebody's program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from tests import openapi
from tests.access.routes import routes

# Method and address; `?` names what may be asked; `<` what may be sent, a dot for what is inside;
# then the status, and `>` what the answer has at least.
ROWS = """
POST   auth/register/                       < email password name  201
POST   auth/token/                          < email password  200 > access refresh
POST   auth/token/refresh/                  < refresh  200 > access refresh
POST   auth/logout/                         < refresh  204
POST   auth/password/reset/                 < email  202
POST   auth/password/reset/confirm/         204
POST   auth/password/change/                204
POST   auth/ws-ticket/                      200 > ticket expires_in
GET    users/me/                            200
PATCH  users/me/                            200
DELETE users/me/                            < password  204
POST   users/me/export/                     202
GET    users/me/addresses/                  ? page page_size  200 > count next previous results
POST   users/me/addresses/                  201
PATCH  users/me/addresses/{id}/             200
DELETE users/me/addresses/{id}/             204
GET    categories/                          ? page page_size  200 > count next previous results
GET    categories/{slug}/                   200
GET    products/                            ? q category shop min_price max_price in_stock min_rating option.<name> ordering facets page page_size  200 > count next previous results
GET    products/{slug}/                     200 > variants.id variants.sku variants.options variants.price.amount variants.price.currency variants.compare_at_price.amount variants.stock.level variants.stock.available
POST   products/                            201
PATCH  products/{slug}/                     200
DELETE products/{slug}/                     204
POST   products/{slug}/variants/            201
PATCH  variants/{id}/                       200
DELETE variants/{id}/                       204
POST   products/{slug}/images/              201
GET    products/{slug}/reviews/             ? page page_size  200 > count next previous results
GET    products/{slug}/recommendations/     ? page page_size  200 > count next previous results.reason
POST   reviews/                             < order_line rating title body  201
POST   reviews/{id}/reply/                  201
GET    search/suggestions/                  ? q  200 > products categories shops
GET    shops/                               ? page page_size  200 > count next previous results
GET    shops/{slug}/                        200
POST   shops/                               201
PATCH  shops/{slug}/                        200
GET    shops/{slug}/stock/                  ? page page_size  200
POST   shops/{slug}/stock/                  < items.sku items.on_hand items.as_of items.delta items.key  200
GET    cart/                                200 > groups.shipping_options totals quote
PATCH  cart/                                < country postcode shipping  200 > groups totals quote
POST   cart/items/                          < variant quantity  201 > groups totals quote
PATCH  cart/items/{id}/                     < quantity  200 > groups totals quote
DELETE cart/items/{id}/                     200 > groups totals quote
POST   cart/coupon/                         < code  200 > groups totals quote
DELETE cart/coupon/{code}/                  200 > groups totals quote
POST   checkout/                            < quote email shipping_address address_id shipping payment_method note  201 > number state expires_at seller_orders.number payment totals token
GET    orders/                              ? page page_size  200
GET    orders/{number}/                     200
GET    orders/{number}/timeline/            200
GET    orders/{number}/invoice/             200
POST   orders/{number}/payments/            < method  201 > id status
POST   orders/{number}/cancellation/        201
POST   orders/{number}/returns/             < lines.id lines.quantity reason  201
GET    seller-orders/                       ? page page_size  200
GET    seller-orders/{number}/              200
POST   seller-orders/{number}/shipment/     < carrier tracking_number lines  201
POST   seller-orders/{number}/delivery/     201
POST   seller-orders/{number}/cancellation/ 201
POST   seller-orders/{number}/refunds/      < lines shipping reason  201
POST   returns/{id}/approval/               201
POST   returns/{id}/rejection/              201
POST   returns/{id}/receipt/                < lines.id lines.quantity  201
GET    shops/{slug}/balance/                200
GET    payouts/                             ? page page_size  200
GET    payouts/{id}/                        200 > lines.kind lines.amount lines.note
GET    conversations/                       ? page page_size  200 > count next previous results
POST   conversations/                       < shop product order body  201
GET    conversations/{id}/messages/         ? after page page_size  200 > results.seq results.id results.client_id results.author results.body results.created_at
POST   conversations/{id}/messages/         < client_id body  201 > seq id client_id author body created_at
POST   conversations/{id}/read/             < seq  200
GET    notifications/                       ? page page_size  200 > count next previous results
POST   notifications/read/                  200
GET    notifications/preferences/           200
PUT    notifications/preferences/           200
GET    wishlist/                            ? page page_size  200 > count next previous results
PUT    wishlist/{product}/                  201
DELETE wishlist/{product}/                  204
GET    recommendations/                     ? page page_size  200 > count next previous results.reason
GET    analytics/shops/{slug}/              ? from to interval  200
GET    analytics/marketplace/               ? from to interval  200
GET    webhook-endpoints/                   ? page page_size  200 > count next previous results
POST   webhook-endpoints/                   201
PATCH  webhook-endpoints/{id}/              200
DELETE webhook-endpoints/{id}/              204
GET    webhook-endpoints/{id}/deliveries/   ? page page_size  200 > count next previous results
POST   webhook-deliveries/{id}/redelivery/  201
"""  # noqa: E501
# A key is required where money moves, and read by every other POST but those of signing in.
MONEY = ("checkout/", "payments/", "refunds/")
ONE_OF = {
    ("GET", "products/", "? ordering"): {
        "relevance", "newest", "price", "-price", "rating", "popular",
    },
    ("GET", "products/", "? facets"): {1},
    ("GET", "products/{slug}/", "> variants.stock.level"): {"in", "low", "out"},
    ("POST", "orders/{number}/payments/", "> status"): {
        "captured", "requires_action", "processing", "failed",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    method: str
    path: str
    asked: tuple[str, ...]
    sent: tuple[str, ...]
    status: str
    told: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def rows() -> Iterator[Row]:
    for line in ROWS.strip().splitlines():
        method, path, *words = line.split()
        parts: dict[str, list[str]] = {"?": [], "<": [], ">": [], "status": []}
        current = "status"
        for word in words:
            if word in parts:
                current = word
            elif re.fullmatch(r"\d{3}", word):
                parts["status"].append(word)
            else:
                parts[current].append(word)
        [status] = parts["status"]
        yield Row(method, path, tuple(parts["?"]), tuple(parts["<"]), status, tuple(parts[">"]))


TABLE = list(rows())


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The committed one. That it is as the code is, test_api_schema says."""
    return yaml.safe_load(openapi.FILE.read_text())


@pytest.fixture(scope="module")
def answered() -> dict[str, set[str]]:
    """Of the URL configuration itself: the methods of every address."""
    found: dict[str, set[str]] = {}
    for route in routes():
        written = "/" + re.sub(r"<(\w+)>", r"{\1}", route.name)
        found.setdefault(written, set()).update(method.upper() for method in route.methods)
    return found


def resolved(document: dict, schema: dict) -> dict:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def choices(document: dict, schema: dict) -> Iterator[dict]:
    """What a schema may be: itself, and each it is made of."""
    schema = resolved(document, schema)
    yield schema
    for part in (schema.get(word, []) for word in ("allOf", "oneOf", "anyOf")):
        for inner in part:
            yield from choices(document, inner)
    if "items" in schema:
        yield from choices(document, schema["items"])


def inside(document: dict, schema: dict, path: str) -> list[dict]:
    """What stands in `schema` under `path`, names with dots between; none where it doesn't."""
    found = [schema]
    for name in path.split("."):
        found = [
            choice["properties"][name]
            for one in found
            for choice in choices(document, one)
            if name in choice.get("properties", {})
        ]
    return found


def content(document: dict, part: dict) -> dict:
    [media] = part["content"].values()
    return media["schema"]


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_a_row_of_the_contract_is_there(row, document, answered):
    address = f"/api/v1/{row.path}"
    assert row.method in answered[address]
    operation = document["paths"][address][row.method.lower()]
    parameters = {one["name"]: one["in"] for one in operation.get("parameters", [])}

    assert {name for name in row.asked if parameters.get(name) == "query"} == set(row.asked)
    assert row.status in operation["responses"]
    for name in row.sent:
        assert inside(document, content(document, operation["requestBody"]), name), name
    for name in row.told:
        assert inside(document, content(document, operation["responses"][row.status]), name), name


@pytest.mark.parametrize("row", [row for row in TABLE if row.method == "POST"], ids=str)
def test_a_key_is_required_where_money_moves_and_read_elsewhere(row, document):
    operation = document["paths"][f"/api/v1/{row.path}"]["post"]
    [required] = [
        one.get("required", False)
        for one in operation.get("parameters", [])
        if one["name"] == "Idempotency-Key"
    ] or [None]

    if row.path.startswith("auth/"):
        assert required is None
    else:
        assert required == row.path.endswith(MONEY)


# By the place alone: sets are written in another order by every worker of a test run.
@pytest.mark.parametrize("place", ONE_OF, ids=str)
def test_where_the_contract_names_the_values_the_document_does(place, document):
    method, path, name = place
    operation = document["paths"][f"/api/v1/{path}"][method.lower()]

    mark, name = name.split()
    if mark == "?":
        found = [one["schema"] for one in operation["parameters"] if one["name"] == name]
    else:
        answer = next(answer for status, answer in operation["responses"].items() if status < "3")
        found = inside(document, content(document, answer), name)

    named = [set(choice["enum"]) for one in found for choice in choices(document, one)
             if "enum" in choice]  # fmt: skip
    assert named == [ONE_OF[place]]


def test_what_is_not_in_the_document_is_not_found(document):
    cart = document["paths"]["/api/v1/cart/"]["get"]["responses"]["200"]

    assert not inside(document, content(document, cart), "groups.colour")
    assert not inside(document, content(document, cart), "colour")
