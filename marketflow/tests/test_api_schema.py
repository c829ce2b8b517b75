"""The reference is written from the code, without a warning, and as the code is."""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator, FormatChecker
from rest_framework.test import APIClient

from accounts.tests.factories import make_bank_account
from catalog.tests.factories import make_variant
from marketflow.core.api.idempotency import LONGEST_KEY
from marketflow.core.api.schema import ERRORS
from marketflow.core.tests.clients import api_for
from notifications.tests.receiving import make_endpoint
from orders.tests.factories import make_order
from tests import openapi

WRITES = ("post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def schema() -> dict:
    return SchemaGenerator().get_schema(request=None, public=True)


def operations(schema):
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", method, operation


def documented(schema, part: dict) -> Draft202012Validator:
    whole = part | {"components": schema["components"]}
    return Draft202012Validator(whole, format_checker=FormatChecker())


def test_the_document_is_made_without_a_warning(tmp_path, capsys):
    call_command(
        "spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yml")
    )

    assert capsys.readouterr().err == ""


def test_the_document_is_sound(schema):
    validate_schema(schema)

    assert schema["openapi"] == "3.1.0"


def test_the_document_in_docs_is_as_the_code_is():
    is_current = openapi.FILE.read_text() == openapi.document()

    assert is_current, "docs/openapi.yaml is not what the code says: `make openapi` rewrites it"


def test_every_address_is_in_the_document(schema):
    documented = {re.sub(r"{\w+}", "{}", path) for path in schema["paths"]}

    assert set(_addresses(get_resolver().url_patterns, "/")) == documented


def _addresses(patterns, prefix):
    for pattern in patterns:
        address = f"{prefix}{pattern.pattern}"
        if hasattr(pattern, "url_patterns"):
            yield from _addresses(pattern.url_patterns, address)
        elif address.startswith("/api/v1/"):
            plain = re.sub(r"\(\?P<\w+>[^)]*\)|<[^>]+>", "{}", address)
            yield plain.replace("^", "").replace("$", "").replace("\\Z", "")


def test_every_operation_says_what_it_does_and_how_it_fails(schema):
    for name, _method, operation in operations(schema):
        assert operation["summary"], name
        assert operation["tags"], name
        errors = {status for status in operation["responses"] if status >= "400"}
        assert {"400", "404", "503"} <= errors, name
        for status in errors:
            error = operation["responses"][status]
            assert error == {"$ref": f"#/components/responses/{ERRORS[int(status)][0]}"}, name


def test_all_errors_have_one_form(schema):
    for error in schema["components"]["responses"].values():
        assert error["content"]["application/json"]["schema"] == {
            "$ref": "#/components/schemas/Error"
        }


def test_every_json_body_has_an_example(schema):
    for name, method, operation in operations(schema):
        if method in WRITES and "requestBody" in operation:
            content = operation["requestBody"]["content"]
            assert "multipart/form-data" in content or content["application/json"]["examples"], (
                name
            )


def test_every_example_is_as_the_document_says(schema):
    for name, _method, operation in operations(schema):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        for example in body["examples"].values() if body else ():
            wrong = documented(schema, body["schema"]).iter_errors(example["value"])
            assert not list(wrong), name


def test_keys_and_guests_tokens_are_parameters(schema):
    def headers(path: str) -> dict[str, bool]:
        parameters = schema["paths"][path]["post"].get("parameters", [])
        return {one["name"]: one.get("required", False) for one in parameters}

    assert headers("/api/v1/checkout/") == {"Idempotency-Key": True, "X-Cart-Token": False}
    assert headers("/api/v1/cart/items/") == {"Idempotency-Key": False, "X-Cart-Token": False}
    assert headers("/api/v1/orders/{number}/payments/").items() >= {
        ("Idempotency-Key", True),
        ("X-Order-Token", False),
    }
    assert headers("/api/v1/auth/token/") == {}


def test_the_document_says_how_long_a_key_is(schema):
    said = [
        parameter["schema"]
        for _name, _method, operation in operations(schema)
        for parameter in operation.get("parameters", [])
        if parameter["name"] == "Idempotency-Key"
    ]

    assert said
    for one in said:
        assert one == {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY}


def test_an_order_opens_by_its_token_and_a_list_of_orders_does_not(schema):
    one, every = (schema["paths"][f"/api/v1/orders/{end}"]["get"] for end in ("{number}/", ""))

    assert {"orderToken": []} in one["security"]
    assert {"orderToken": []} not in every["security"]
    assert "X-Order-Token" not in [parameter["name"] for parameter in every["parameters"]]


# --- what generated input found; tests/fuzz looks for more

SINCE = "changed_since=2020-01-01T00:00:00Z"


def assert_documented(schema, answer, method: str, path: str) -> None:
    responses = schema["paths"][path][method]["responses"]
    said = responses[str(answer.status_code)]["content"]["application/json"]["schema"]
    documented(schema, said).validate(answer.json())


@pytest.mark.parametrize("query", ["", f"?{SINCE}"])
@pytest.mark.parametrize("name", ["products", "orders", "seller-orders", "payouts"])
def test_a_page_and_what_changed_are_both_in_the_document(
    schema, buyer, shop, seller, name, query
):
    make_order(buyer, make_variant(shop, "Oak bowl"), paid=True)
    person = buyer if name == "orders" else seller

    answer = api_for(person).get(f"/api/v1/{name}/{query}")

    assert answer.json()["results"] or name == "payouts"
    assert_documented(schema, answer, "get", f"/api/v1/{name}/")


def test_a_page_after_the_last_and_before_the_first_is_null_in_the_document(schema):
    page = schema["components"]["schemas"]["PaginatedShopList"]

    assert page["required"] == ["count", "next", "previous", "results"]
    assert page["properties"]["next"]["type"] == ["string", "null"]


def test_what_is_blank_or_null_is_so_in_the_document(schema, shop, seller, stranger):
    make_endpoint(shop, "https://hooks.example/market")
    applied = api_for(stranger).post(
        "/api/v1/shops/", {"name": "Sam's", "slug": "sams", "country": "IE"}
    )
    endpoints = api_for(seller).get("/api/v1/webhook-endpoints/")
    make_bank_account(shop)
    balance = api_for(seller).get("/api/v1/shops/fern-co/balance/")

    assert applied.json()["email"] == endpoints.json()["results"][0]["off_reason"] == ""
    assert balance.json()["problem"] is None
    assert_documented(schema, applied, "post", "/api/v1/shops/")
    assert_documented(schema, endpoints, "get", "/api/v1/webhook-endpoints/")
    assert_documented(schema, balance, "get", "/api/v1/shops/{slug}/balance/")


def test_hours_of_the_clock_are_so_in_the_document(schema, api):
    hours = {"from": "22:00", "until": "07:00"}

    answer = api.put(
        "/api/v1/notifications/preferences/",
        {"kinds": {}, "quiet_hours": hours, "digest_at": "08:00"},
    )

    assert answer.json()["quiet_hours"] == hours
    assert_documented(schema, answer, "put", "/api/v1/notifications/preferences/")


@pytest.mark.parametrize("path", ["/api/v1/cart/items/{id}/", "/api/v1/cart/coupon/{code}/"])
def test_what_is_taken_out_of_the_cart_leaves_the_cart_to_answer(schema, path):
    responses = schema["paths"][path]["delete"]["responses"]

    assert "200" in responses
    assert "204" not in responses


def test_the_password_that_deletes_an_account_is_in_the_document(schema):
    [body] = [
        operation["requestBody"]
        for _name, method, operation in operations(schema)
        if method == "delete" and "requestBody" in operation
    ]

    assert body["required"]
    assert list(body["content"]["application/json"]["examples"]["Example"]["value"]) == [
        "password"
    ]


def test_a_refused_password_and_token_are_in_the_document(schema):
    for path in ("/api/v1/auth/token/", "/api/v1/auth/token/refresh/"):
        assert "401" in schema["paths"][path]["post"]["responses"]


def test_tags_stand_in_reading_order(schema):
    used = {tag for _name, _method, operation in operations(schema) for tag in operation["tags"]}

    assert used <= {tag["name"] for tag in schema["tags"]}
    assert schema["tags"][0] == {"name": "auth"}


def test_the_document_is_served(db):
    answer = APIClient().get("/api/schema/")

    assert answer.status_code == 200
    assert b"openapi: 3.1.0" in answer.content
