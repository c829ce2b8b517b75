"""A13: every write of the reference, by everybody, with every column there is (threat T4)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils.timezone import now
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from accounts.models import ApiKey
from accounts.services import api_keys
from accounts.tests.factories import make_address, make_user
from carts.tests.factories import fill_cart
from catalog.tests.factories import make_variant
from marketflow.core.api.scopes import OF_THE_HOUSE, SCOPES
from marketflow.core.tests.clients import api_for
from marketflow.tests.test_api_inputs import PRIVILEGED, digest
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db

OURS = ("accounts", "catalog", "carts", "orders", "chat", "analytics", "notifications")
WRITES = ("post", "put", "patch", "delete")
REFUSED = {400, 401, 403, 404, 405, 409, 415, 429}


def columns() -> dict[str, object]:
    """Every column of every table of the market, and the privileged names."""
    names = {
        name
        for label in OURS
        for model in apps.get_app_config(label).get_models()
        for column in model._meta.concrete_fields
        for name in (column.name, column.attname)
    }
    return {**dict.fromkeys(sorted(names), 1), **PRIVILEGED}


@pytest.fixture(scope="module")
def writes() -> list[tuple[str, str, set[str]]]:
    """Method, address and the documented fields of every write that reads JSON."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    found = []
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            if method in WRITES and "application/json" in content:
                found.append((method, path, _fields(schema, content["application/json"])))
    return found


def _fields(schema: dict, content: dict) -> set[str]:
    reference = content["schema"].get("$ref", "").rpartition("/")[2]
    described = schema["components"]["schemas"].get(reference, content["schema"])
    return set(described.get("properties", {}))


@pytest.fixture
def market(buyer, seller, shop):
    """Where the addresses lead: to what Ana has bought and Fern sells."""
    bowl = make_variant(shop, "Oak bowl", stock=50)
    make_order(buyer, bowl)
    order = make_order(buyer, bowl, paid=True)
    line = fill_cart(buyer, bowl).lines.get()
    return {
        "slug": {"products": "oak-bowl", "shops": shop.slug, "": "oak-bowl"},
        "number": {"orders": order.number, "seller-orders": order.seller_orders.get().number},
        "id": {
            "variants": bowl.uuid,
            "users": make_address(buyer).uuid,
            "cart": line.uuid,
        },
    }


def address(path: str, market: dict) -> str:
    resource = path.split("/")[3]
    for name, values in market.items():
        # What is not there stands for the rest: an answer of 404 changes nothing either.
        value = values.get(resource, "7f2a1a0e-6a5d-4a7b-9a43-1f2b3c4d5e6f")
        path = path.replace(f"{{{name}}}", str(value))
    return path.replace("{code}", "x").replace("{product}", "oak-bowl")


@pytest.fixture(params=["nobody", "buyer", "seller", "staff", "key"])
def client_of(request, buyer, seller, shop):
    if request.param == "nobody":
        return APIClient()
    if request.param == "key":
        key, text = api_keys.make(
            by=seller, shop=shop, name="K", scopes=SCOPES.keys() - OF_THE_HOUSE
        )
        # That it is used is noted, and is no column that was sent.
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now() + timedelta(hours=1))
        return APIClient(headers={"Authorization": f"Bearer {text}"})
    staff = {"is_staff": True, "is_superuser": True}
    people = {"buyer": buyer, "seller": seller, "staff": make_user("vera", **staff)}
    return api_for(people[request.param])


def test_no_column_is_taken_that_the_reference_does_not_name(writes, market, client_of, settings):
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, "100000/60")
    assert len(writes) > 30
    everything, before = columns(), digest()
    surprises = {}

    for number, (method, path, documented) in enumerate(writes):
        body = {name: value for name, value in everything.items() if name not in documented}
        headers = {"Idempotency-Key": f"k{number}"}
        answer = getattr(client_of, method)(address(path, market), body, headers=headers)
        if answer.status_code not in REFUSED:
            surprises[f"{method} {path}"] = answer.status_code

    assert surprises == {}
    assert digest() == before
