from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import ShopMember
from accounts.services import api_keys
from accounts.tests.factories import make_bank_account, make_user
from carts.tests.factories import make_shipping
from catalog.tests.factories import make_variant
from marketflow.core.tests.clients import api_for
from orders.models import Payout, Refund
from orders.services import payouts, refunds
from orders.services.refunds import Wanted
from orders.tests.factories import make_completed, make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def fern(seller):
    return api_for(seller)


@pytest.fixture
def bowl(shop):
    make_shipping(shop, price=500)
    make_bank_account(shop)
    return make_variant(shop, "Oak bowl", price=999, stock=90)


@pytest.fixture
def pay(buyer, bowl, shop, django_capture_on_commit_callbacks):
    def pay(quantity=1) -> Payout:
        make_completed(buyer, bowl, quantity=quantity)
        with django_capture_on_commit_callbacks(execute=True):
            payout = payouts.request(shop=shop, currency="EUR", actor=buyer)
        payout.refresh_from_db()
        return payout

    return pay


def eur(amount: int) -> dict:
    return {"amount": amount, "currency": "EUR"}


def test_the_lines_of_a_payout_add_up_to_it(fern, pay, buyer, bowl, shop):
    part = make_completed(buyer, bowl, quantity=3)
    line = part.lines.get()
    refunds.decide(part=part, lines={line.pk: Wanted(units=1)}, kind=Refund.Kind.GOODWILL)
    payout = pay(quantity=2)

    answer = fern.get(f"/api/v1/payouts/{payout.uuid}/").json()

    assert (answer["state"], answer["sent_to"]) == ("paid", "IE•• •••• 5678")
    assert answer["amount"] == eur(payout.amount_minor)
    assert sum(line["amount"]["amount"] for line in answer["lines"]) == payout.amount_minor
    kinds = [line["kind"] for line in answer["lines"] if line["seller_order"] == part.number]
    assert kinds == ["sale", "commission", "delivery", "commission_back", "refund"]
    fee = next(line for line in answer["lines"] if line["kind"] == "commission")
    assert (fee["rule"], fee["amount"]) == ("Standard rate", eur(-300))
    assert (fee["inputs"]["basis_points"], fee["inputs"]["quantity"]) == (1000, 3)
    assert fee["order_line"] == str(line.uuid)
    assert "AIBK" not in str(answer)


def test_a_list_is_filtered_and_newest_first(fern, pay, shop):
    first, second = pay(), pay()
    Payout.objects.filter(pk=first.pk).update(created_at="2026-01-05T10:00:00Z")

    def numbers(query=""):
        answer = fern.get(f"/api/v1/payouts/{query}")
        assert answer.status_code == 200, answer.content
        return [row["number"] for row in answer.json()["results"]]

    assert numbers() == [2, 1]
    assert numbers("?to=2026-01-05") == [1]
    assert numbers("?from=2026-01-06") == [2]
    assert numbers("?state=paid") == [2, 1]
    assert numbers("?state=failed") == []
    assert numbers(f"?shop={shop.slug}") == [2, 1]
    assert numbers("?shop=rival-goods") == []
    assert second.number == 2


@pytest.mark.parametrize("query", ["?state=stolen", "?from=soon", "?shop=a/b"])
def test_a_filter_that_makes_no_sense_is_an_error(fern, query):
    answer = fern.get(f"/api/v1/payouts/{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_list_costs_the_same_for_one_payout_and_for_five(fern, pay):
    counts = []
    for number in (1, 4):
        for _ in range(number):
            pay()
        with CaptureQueriesContext(connection) as queries:
            fern.get("/api/v1/payouts/")
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_the_balance_adds_up(fern, pay, buyer, bowl, shop):
    pay()
    pending = make_order(buyer, bowl, paid=True).seller_orders.get()
    make_completed(buyer, bowl, days_ago=40)
    make_completed(buyer, bowl)

    answer = fern.get(f"/api/v1/shops/{shop.slug}/balance/").json()

    net = 999 + 500 - 100
    assert answer["shop"] == {"slug": "fern-co", "name": "Fern & Co"}
    assert (answer["available"], answer["due"]) == (eur(2 * net), eur(net))
    assert (answer["pending"], answer["held"], answer["owed"]) == (eur(net), eur(0), eur(0))
    assert answer["pending_orders"] == [
        {"seller_order": pending.number, "amount": eur(net), "until": None}
    ]
    assert (answer["schedule"], answer["problem"]) == ("weekly", None)
    assert answer["next_payout_on"]


@pytest.mark.parametrize("who", ["rita", "pat", "ana", None])
def test_money_is_for_owners_and_managers_of_the_shop(who, pay, shop, rival):
    payout = pay()
    pat = make_user("pat")
    ShopMember.objects.create(shop=shop, user=pat, role=ShopMember.Role.FULFILMENT)
    client = api_for(make_user(who)) if who else APIClient()
    expected = 404 if who else 401

    for known, unknown in [
        (f"/api/v1/shops/{shop.slug}/balance/", "/api/v1/shops/never-was/balance/"),
        (f"/api/v1/payouts/{payout.uuid}/", f"/api/v1/payouts/{uuid.uuid4()}/"),
    ]:
        foreign, missing = client.get(known), client.get(unknown)
        assert foreign.status_code == missing.status_code == expected, known
        assert foreign.content == missing.content
    if who:
        assert client.get("/api/v1/payouts/").json()["count"] == 0


def test_a_shop_on_manual_payouts_asks_for_its_money(
    fern, buyer, bowl, shop, django_capture_on_commit_callbacks
):
    type(shop).objects.update(payout_schedule="manual")
    make_completed(buyer, bowl)

    with django_capture_on_commit_callbacks(execute=True):
        asked = fern.post("/api/v1/payouts/", {"shop": shop.slug})
    again = fern.post("/api/v1/payouts/", {"shop": shop.slug})

    net = 999 + 500 - 100
    assert (asked.status_code, asked.json()["amount"]) == (201, eur(net))
    assert sum(line["amount"]["amount"] for line in asked.json()["lines"]) == net
    payout = Payout.objects.get()
    assert (str(payout.uuid), payout.state) == (asked.json()["id"], "paid")
    assert (again.status_code, again.json()["code"]) == (409, "not_payable")
    assert again.json()["obstacle"] == "nothing"


def test_a_shop_on_a_schedule_waits_for_it(fern, buyer, bowl, shop):
    make_completed(buyer, bowl)

    answer = fern.post("/api/v1/payouts/", {"shop": shop.slug})

    assert (answer.status_code, answer.json()["code"]) == (409, "on_schedule")
    assert not Payout.objects.exists()


@pytest.mark.parametrize("who", ["rita", "pat", "ana", None])
def test_money_is_asked_for_by_owners_and_managers_of_the_shop(who, buyer, bowl, shop, rival):
    type(shop).objects.update(payout_schedule="manual")
    make_completed(buyer, bowl)
    pat = make_user("pat")
    ShopMember.objects.create(shop=shop, user=pat, role=ShopMember.Role.FULFILMENT)
    client = api_for(make_user(who)) if who else APIClient()

    foreign = client.post("/api/v1/payouts/", {"shop": shop.slug})
    missing = client.post("/api/v1/payouts/", {"shop": "never-was"})

    assert foreign.status_code == missing.status_code == (404 if who else 401)
    assert foreign.content == missing.content
    assert not Payout.objects.exists()


def test_a_key_does_not_ask_for_money(buyer, bowl, shop, seller):
    type(shop).objects.update(payout_schedule="manual")
    make_completed(buyer, bowl)
    _key, text = api_keys.make(by=seller, shop=shop, name="Books", scopes=["payouts:read"])
    client = APIClient(headers={"Authorization": f"Bearer {text}"})

    answer = client.post("/api/v1/payouts/", {"shop": shop.slug})

    assert (answer.status_code, answer.json()["code"]) == (403, "not_for_keys")
    assert not Payout.objects.exists()
