from __future__ import annotations

import io

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db.models import Sum
from django.utils.timezone import now

from accounts.models import ShopFollow
from catalog.models import Product, StockItem
from marketflow.demo.people import BUYER, PASSWORD, STAFF
from notifications.models import Notification
from orders.models import (
    Commission,
    Dispute,
    Order,
    Payout,
    Redemption,
    Refund,
    Return,
    Review,
    SellerOrder,
)

pytestmark = pytest.mark.django_db

SMALL = ["--shops=4", "--products=30", "--orders=25", "--days=40"]


def seed(*arguments: str) -> str:
    out = io.StringIO()
    call_command("seed_market", *SMALL, *arguments, stdout=out)
    return out.getvalue().splitlines()[-1]


@pytest.fixture(scope="module")
def market(module_db):
    """What the command said of the market it made."""
    return seed()


def test_the_market_is_alive_and_its_books_balance(market):
    assert market == f"4 shops, 30 products, {Order.objects.count()} orders."
    assert SellerOrder.objects.filter(state="completed").exists()
    call_command("audit")


def test_not_everything_goes_as_planned_and_shops_are_paid_all_the_same(market):
    assert Commission.objects.exists()
    assert Redemption.objects.filter(state="used").exists()
    assert Order.objects.filter(discount_minor__gt=0).exists()
    assert Refund.objects.filter(state="succeeded").exists()
    assert Return.objects.exists()
    assert Dispute.objects.open().exists()
    assert Review.objects.exclude(body="").exists()
    assert ShopFollow.objects.filter(user__email=BUYER[0], is_muted=False).exists()
    mondays = {payout.created_at.date() for payout in Payout.objects.filter(state="paid")}
    assert len(mondays) >= 2
    assert {day.weekday() for day in mondays} == {0}


def test_nobody_was_told_anything_that_is_yet_to_come(market):
    latest = Notification.objects.latest("created_at")
    assert latest.created_at <= now()


def test_a_market_is_not_poured_into_another(market):
    goods = Product.objects.count()

    with pytest.raises(CommandError, match="holds a market"):
        seed()

    assert Product.objects.count() == goods


def test_nobody_of_the_demo_signs_in_outside_one(market, settings, rf):
    credentials = {"email": STAFF[0], "password": PASSWORD}
    assert authenticate(rf.get("/"), **credentials)

    settings.DEMO = False

    assert authenticate(rf.get("/"), **credentials) is None


def test_every_shelf_has_something_on_it_at_full_size():
    from marketflow.demo.goods import SHELVES
    from marketflow.demo.market import Size

    assert len(SHELVES) >= 30
    assert Size().products >= 200
    assert Size().shops >= 12


def test_stock_is_never_promised_twice(market):
    totals = StockItem.objects.aggregate(on_hand=Sum("on_hand"), allocated=Sum("allocated"))
    assert totals["allocated"] <= totals["on_hand"]
