"""A22: every list of the API asks the database as often for one row as for all, and seldom."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.services import shops
from accounts.services.tokens import sign_in
from accounts.tests.factories import make_address, make_bank_account, make_shop, make_user
from carts.services import wish_list
from catalog.models import Variant
from catalog.tests.factories import make_category, make_variant
from chat.services import messaging
from chat.tests.factories import make_message
from notifications.models import WebhookEndpoint
from notifications.services.webhooks import endpoints
from notifications.tests.factories import make_notifications
from orders.services import payouts
from orders.tests.factories import make_completed
from orders.tests.reviewing import make_review
from tests.access.routes import Route
from tests.fuzz.asking import undone
from tests.fuzz.stage import Stage

pytestmark = pytest.mark.django_db
MOST = 8
LARGEST = 100


@pytest.fixture(scope="module")
def full(stage) -> Stage:
    """Three more of everything that a list shows, all alike."""
    ana, fern = stage.people["ana"], stage.people["fern"]
    bowl = Variant.objects.filter(product__shop=stage.shop).first()
    endpoint = WebhookEndpoint.objects.get(shop=stage.shop)
    # The orders to come would take along what lies in it.
    stage.cart.lines.all().delete()
    for number in range(3):
        messaging.post(conversation=stage.conversation, author=ana, body=f"And {number}?")
        make_variant(stage.shop, f"Jug {number}", stock=20, sku=f"JUG-{number}")
    make_notifications(ana, 3, kind="parcel_delivered")
    for number in range(3):
        make_category(f"Kind {number}")
        applicant = make_user(f"applicant{number}")
        shops.apply(user=applicant, name=f"New {number}", slug=f"new-{number}", country="IE")
        make_address(ana, is_default=False)
        shop = make_shop(f"Shop {number}", members=["fern"])
        make_message(ana, shop)
        vase = make_variant(shop, f"Vase {number}", stock=20)
        wish_list.add(user=ana, product=vase.product)
        make_bank_account(shop)
        make_completed(ana, vase)
        payouts.request(shop=shop, currency="EUR", actor=fern)
        make_review(ana, vase)
        make_review(make_user(f"guest{number}"), bowl)
        WebhookEndpoint.objects.create(
            shop=stage.shop, url=f"https://hooks.example/{number}", events=["*"]
        )
        endpoints.send_test(endpoint=endpoint)
    return stage


def lists(document: dict) -> list[str]:
    found = []
    for path, operations in document["paths"].items():
        parameters = operations.get("get", {}).get("parameters", [])
        if "page_size" in {one["name"] for one in parameters}:
            found.append(path)
    return found


def test_every_list_costs_the_same_for_one_row_and_for_all(document, full):
    tokens = {name: sign_in(full.people[name]).access for name in ("ana", "fern", "root")}
    found, wrong = lists(document), {}

    for path in found:
        own = max((rows(full, path, token, LARGEST), token) for token in tokens.values())
        (many, most), token = own
        one, cost = rows(full, path, token, 1)
        if not (many >= 3 and one == 1 and cost == most <= MOST):
            wrong[path] = f"{one} row for {cost} queries, {many} for {most}"

    assert len(found) >= 20
    assert not wrong


def test_every_list_leaves_a_parameter_alone_that_it_does_not_know(document, full):
    tokens = [sign_in(full.people[name]).access for name in ("ana", "fern", "root")]

    for path in lists(document):
        found = [
            APIClient(headers={"Authorization": f"Bearer {token}"}).get(
                f"{address(full, path)}?utm_source=mail"
            )
            for token in tokens
        ]
        assert 200 in {answer.status_code for answer in found}, path
        assert 400 not in {answer.status_code for answer in found}, path


def address(full: Stage, path: str) -> str:
    route = Route(path.lstrip("/").replace("{", "<").replace("}", ">"), None, ())
    return route.address(full.parameters(route) or {"slug": full.shop.slug})


def rows(full: Stage, path: str, token: str, size: int) -> tuple[int, int]:
    """How many rows there were, and how often the database was asked."""
    client = APIClient(headers={"Authorization": f"Bearer {token}"})
    with undone(), CaptureQueriesContext(connection) as asked:
        answer = client.get(f"{address(full, path)}?page_size={size}")
    return len(answer.json().get("results", [])), len(asked)
