from __future__ import annotations

import pytest
import time_machine
from django.core.management import call_command
from rest_framework.test import APIClient

from accounts.models import ShopMember
from accounts.tests.factories import make_user
from analytics.models import DailySales, ProductTraffic
from catalog.tests.factories import make_variant
from marketflow.core.api.exceptions import NOT_FOUND
from marketflow.core.tests.clients import api_for
from orders.models import Refund
from orders.services import refunds
from orders.services.shares import Wanted
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db

DAYS = "from=2026-03-01&to=2026-03-10"
FERN = f"/api/v1/analytics/shops/fern-co/?{DAYS}"


@pytest.fixture
def spring(buyer, stranger, shop, rival):
    """Ana buys on the 3rd and again on the 5th; a bowl goes back on the 9th."""
    bowl, lamp = make_variant(shop, "Bowl", stock=20), make_variant(rival, "Lamp", stock=20)
    with time_machine.travel("2026-03-03T23:59:30Z"):
        part = make_order(buyer, bowl, lamp, quantity=2, paid=True).seller_orders.get(shop=shop)
        make_order(stranger, bowl, paid=True)
    with time_machine.travel("2026-03-05T00:00:30Z"):
        make_order(buyer, bowl, paid=True)
        make_order(buyer, bowl)  # Never paid.
    with time_machine.travel("2026-03-09T12:00Z"):
        line = part.lines.get().pk
        refund = refunds.decide(
            part=part,
            lines={line: Wanted(units=1)},
            shipping_minor=0,
            kind=Refund.Kind.GOODWILL,
        )
        refunds.send(refund)
    call_command("rollup_analytics", "--from=2026-03-01", "--to=2026-03-10")


def euros(amount: int) -> dict:
    return {"amount": amount, "currency": "EUR"}


def test_a_shop_reads_its_days_and_those_without_sales_are_zeros(spring, seller):
    told = api_for(seller).get(FERN).json()

    assert len(told["periods"]) == 10
    third, fifth, ninth = (told["periods"][n] for n in (2, 4, 8))
    assert (third["from"], third["to"]) == ("2026-03-03", "2026-03-03")
    assert (third["orders"], third["units"], third["new_buyers"]) == (2, 3, 2)
    assert (fifth["orders"], fifth["new_buyers"], fifth["returning_buyers"]) == (1, 0, 1)
    assert (ninth["orders"], ninth["refunds"], ninth["net"]) == (0, euros(2000), euros(-2000))
    assert told["periods"][0]["gross"] == euros(0)
    assert told["totals"]["orders"] == 3
    assert told["totals"]["net"]["amount"] == told["totals"]["gross"]["amount"] - 2000
    assert [row["slug"] for row in told["top_products"]] == ["bowl"]
    assert told["top_products"][0]["units"] == 4


@pytest.mark.parametrize(
    ("interval", "edges"),
    [
        ("week", [("2026-03-01", "2026-03-01"), ("2026-03-02", "2026-03-08"),
                  ("2026-03-09", "2026-03-10")]),
        ("month", [("2026-03-01", "2026-03-10")]),
    ],
)  # fmt: skip
def test_days_are_put_together(spring, seller, interval, edges):
    told = api_for(seller).get(f"{FERN}&interval={interval}").json()

    assert [(row["from"], row["to"]) for row in told["periods"]] == edges
    assert sum(row["orders"] for row in told["periods"]) == 3


def test_counting_twice_changes_nothing(spring):
    def rows() -> list:
        return [
            list(model.objects.order_by("day", "pk").values_list(*names))
            for model, names in (
                (DailySales, ("day", "shop", "orders", "gross_minor", "refunded_minor")),
                (ProductTraffic, ("day", "product", "units", "sales_minor")),
            )
        ]

    once = rows()
    call_command("rollup_analytics", "--from=2026-03-01", "--to=2026-03-10")

    assert rows() == once


def test_figures_are_for_members_of_the_shop(spring, buyer, shop, rival):
    support = make_user("max")
    ShopMember.objects.create(shop=shop, user=support, role="support")
    assert api_for(support).get(FERN).status_code == 200

    for who in (make_user("rita"), buyer):
        answer = api_for(who).get(FERN)
        assert (answer.status_code, answer.json()) == (404, NOT_FOUND)
    assert APIClient().get(FERN).status_code == 401


def test_the_marketplace_is_for_staff(spring, seller):
    address = f"/api/v1/analytics/marketplace/?{DAYS}&interval=month"
    told = api_for(make_user("vera", is_staff=True)).get(address).json()

    assert told["totals"]["orders"] == 4
    assert [row["slug"] for row in told["top_shops"]] == ["fern-co", "rival-goods"]
    assert api_for(seller).get(address).json() == NOT_FOUND


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-03-05&to=2026-03-04", "from"),
        ("from=1999-01-01&to=2026-03-04", "from"),
        ("from=yesterday", "from"),
        ("to=2026-02-30", "to"),
        ("interval=hour", "interval"),
    ],
)
def test_days_that_make_no_sense_are_named(seller, query, field):
    answer = api_for(seller).get(f"/api/v1/analytics/shops/fern-co/?{query}")

    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])


def test_it_costs_the_same_for_a_day_and_for_a_year(spring, seller, django_assert_num_queries):
    fern = api_for(seller)
    for days in ("from=2026-03-03&to=2026-03-03", "from=2025-04-01&to=2026-03-30"):
        with django_assert_num_queries(3):
            fern.get(f"/api/v1/analytics/shops/fern-co/?{days}&interval=month")
