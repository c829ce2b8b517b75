"""A seed decides what the demo market is. Each is made and undone."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import transaction

from catalog.models import Product, StockItem
from orders.models import Order

pytestmark = pytest.mark.django_db

TINY = ["--shops=3", "--products=15", "--orders=10", "--days=20"]


def digest() -> tuple:
    """What the market is, without ids, numbers of orders and times."""
    products = Product.objects.order_by("slug").values_list("slug", "title", "price_minor")
    stock = StockItem.objects.order_by("variant__sku").values_list(
        "variant__sku", "on_hand", "allocated"
    )
    orders = Order.objects.order_by("placed_at").values_list("email", "state", "total_minor")
    return list(products), list(stock), list(orders)


class Undone(Exception):
    def __init__(self, digest: tuple) -> None:
        self.digest = digest


def seeded(number: int) -> tuple:
    try:
        with transaction.atomic():
            call_command("seed_market", *TINY, f"--seed={number}", verbosity=0)
            raise Undone(digest())
    except Undone as undone:
        return undone.digest


def test_the_same_seed_makes_the_same_market_and_another_makes_another():
    seven = seeded(7)

    assert seeded(7) == seven
    assert seeded(8) != seven
