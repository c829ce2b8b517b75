"""The reference is written from the code, without a warning, and as the code is."""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from rest_framework.test import APIClient

from tests import openapi

WRITES = ("post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def schema() -> dict:
    return SchemaGenerator().get_schema(request=None, public=True)


def operations(schema):
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", method, operation


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
        error = operation["responses"]["default"]["content"]["application/json"]["schema"]
        assert error == {"$ref": "#/components/schemas/Error"}, name


def test_every_json_body_has_an_example(schema):
    for name, method, operation in operations(schema):
        if method in WRITES and "requestBody" in operation:
            content = operation["requestBody"]["content"]
            assert "multipart/form-data" in content or content["application/json"]["examples"], (
                name
            )


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


def test_tags_stand_in_reading_order(schema):
    used = {tag for _name, _method, operation in operations(schema) for tag in operation["tags"]}

    assert used <= {tag["name"] for tag in schema["tags"]}
    assert schema["tags"][0] == {"name": "auth"}


def test_the_document_is_served(db):
    answer = APIClient().get("/api/schema/")

    assert answer.status_code == 200
    assert b"openapi: 3.1.0" in answer.content
