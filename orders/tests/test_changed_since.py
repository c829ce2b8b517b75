"""Orders, their parts and payouts that changed since an hour."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now
from rest_framework.test import APIClient

from accounts.tests.factories import make_bank_account
from catalog.tests.factories import make_variant
from marketflow.core.tests.clients import api_for
from orders.models import Order, Payout, SellerOrder
from orders.services import cancelling, fulfilment, payouts, refunds
from orders.services.shares import Wanted
from orders.tests.factories import make_completed, make_order

pytestmark = pytest.mark.django_db


def since(hours: float = 1) -> str:
    return (now() - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def long_ago() -> None:
    for model in (Order, SellerOrder, Payout):
        model.objects.update(changed_at=now() - timedelta(days=9))


def changed(client, path: str) -> list[str]:
    answer = client.get(f"/api/v1/{path}/?changed_since={since()}")
    assert answer.status_code == 200, answer.content
    return [row.get("number") or row["id"] for row in answer.json()["results"]]


@pytest.fixture
def part(buyer, shop):
    order = make_order(buyer, make_variant(shop, stock=9), quantity=3, paid=True)
    long_ago()
    return order.seller_orders.get()


STEPS = {
    "first parcel": lambda part: fulfilment.ship(
        seller_order=part, lines={part.lines.get().pk: 1}
    ),
    "whole parcel": lambda part: fulfilment.ship(seller_order=part),
    "cancelled units": lambda part: cancelling.cancel_units(
        part=part, lines={part.lines.get().pk: 1}, reason="Broken"
    ),
    "refund": lambda part: refunds.decide(
        part=part, lines={part.lines.get().pk: Wanted(units=1)}, shipping_minor=0, kind="goodwill"
    ),
}


@pytest.mark.parametrize("step", STEPS)
def test_whatever_happens_to_a_part_shows(part, buyer, seller, step):
    fern, ana = api_for(seller), api_for(buyer)
    assert changed(fern, "seller-orders") == changed(ana, "orders") == []

    STEPS[step](part)

    assert changed(fern, "seller-orders") == [part.number]
    assert changed(ana, "orders") == [part.order.number]


def test_only_ones_own_is_read(part, rival):
    fulfilment.ship(seller_order=part)

    rita = api_for(rival.members.get())
    assert changed(rita, "seller-orders") == changed(rita, "orders") == []
    assert APIClient().get(f"/api/v1/orders/?changed_since={since()}").status_code == 401


def test_a_payout_shows_when_it_moves(buyer, shop, seller):
    make_bank_account(shop)
    make_completed(buyer, make_variant(shop), days_ago=30)
    payouts.request(shop=shop, currency="EUR", actor=seller)
    fern = api_for(seller)

    assert len(changed(fern, "payouts")) == 1
    long_ago()
    assert changed(fern, "payouts") == []


def test_lists_are_read_to_their_end(buyer, shop, seller):
    bowl = make_variant(shop, stock=None)
    numbers = [make_order(buyer, bowl).seller_orders.get().number for _ in range(5)]
    fern, found = api_for(seller), []
    url = f"/api/v1/seller-orders/?changed_since={since()}&page_size=2"
    while url:
        answer = fern.get(url).json()
        found += [row["number"] for row in answer["results"]]
        url = answer["next"]

    assert found == numbers
