from __future__ import annotations

import re

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from catalog.models import StockItem, StockMovement
from catalog.services import inventory
from catalog.services.inventory import BelowAllocated, OutOfStock, Sold
from catalog.tests.factories import make_product, make_variant, stock_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def bowl(shop):
    return make_variant(shop, "Oak bowl", stock=5)


def sold(variant, quantity: int, line: int = 1, parcel: str = "p1") -> Sold:
    return Sold(variant.stock.pk, quantity=quantity, order_line_id=line, parcel=parcel)


def moved(variant) -> int:
    return variant.stock.movements.aggregate(moved=Sum("delta"))["moved"]


def test_all_or_nothing(shop, bowl):
    lamp = make_variant(shop, "Brass lamp", stock=1)

    with pytest.raises(OutOfStock) as refusal:
        inventory.reserve({bowl.stock.pk: 2, lamp.stock.pk: 2})

    short = {"variant": str(lamp.uuid), "title": "Brass lamp", "available": 1}
    assert refusal.value.facts == {"items": [short]}
    assert (stock_of(bowl), stock_of(lamp)) == ((5, 0), (1, 0))


def test_what_is_promised_is_not_promised_again(bowl):
    inventory.reserve({bowl.stock.pk: 4})

    with pytest.raises(OutOfStock):
        inventory.reserve({bowl.stock.pk: 2})

    assert stock_of(bowl) == (5, 4)


def test_movements_add_up_to_the_shelf(bowl):
    inventory.reserve({bowl.stock.pk: 3})
    inventory.release({bowl.stock.pk: 1})
    inventory.sell([sold(bowl, 2)])

    assert stock_of(bowl) == (3, 0)
    assert moved(bowl) == 3


def test_a_line_is_sold_once_in_a_parcel(bowl):
    inventory.reserve({bowl.stock.pk: 4})
    inventory.sell([sold(bowl, 2)])

    with pytest.raises(IntegrityError), transaction.atomic():
        inventory.sell([sold(bowl, 2)])

    assert stock_of(bowl) == (3, 2)


def test_a_line_leaves_in_two_parcels(bowl):
    inventory.reserve({bowl.stock.pk: 3})

    inventory.sell([sold(bowl, 2, parcel="p1")])
    inventory.sell([sold(bowl, 1, parcel="p2")])

    assert stock_of(bowl) == (2, 0)


def test_what_was_not_promised_is_not_sold(bowl):
    with pytest.raises(ValueError, match="promised"), transaction.atomic():
        inventory.sell([sold(bowl, 1)])

    assert stock_of(bowl) == (5, 0)
    assert moved(bowl) == 5


def test_a_negative_quantity_is_a_bug(bowl):
    with pytest.raises(ValueError, match="start at 1"):
        inventory.reserve({bowl.stock.pk: -1})

    assert stock_of(bowl) == (5, 0)


def test_a_delivery_counts_once_per_key(bowl):
    inventory.receive(bowl.stock, 7, key="delivery-1")

    with pytest.raises(IntegrityError), transaction.atomic():
        inventory.receive(bowl.stock, 7, key="delivery-1")

    assert stock_of(bowl) == (12, 0)


def test_a_count_sets_the_shelf_and_says_why(bowl):
    inventory.count(bowl.stock, 9, key="stocktaking", note="found a box")

    movement = StockMovement.objects.latest("pk")
    assert (movement.kind, movement.delta, movement.note) == ("correction", 4, "found a box")
    assert stock_of(bowl) == (9, 0)


def test_a_count_below_what_is_promised_is_refused(bowl):
    inventory.reserve({bowl.stock.pk: 4})

    with pytest.raises(BelowAllocated):
        inventory.count(bowl.stock, 3, key="stocktaking")

    assert stock_of(bowl) == (5, 4)
    assert moved(bowl) == 5


def test_tracking_begins_once(shop):
    mug = make_variant(shop, "Mug", stock=None)

    inventory.track(mug, 4)
    inventory.track(mug, 9)

    assert stock_of(mug) == (4, 0)


def test_many_are_opened_at_once(shop):
    product = make_product(shop, "Mug")
    variants = [make_variant(shop, product=product, stock=None, option1=str(n)) for n in range(3)]

    inventory.open_many([(variants[0], 4), (variants[1], 0)])

    assert [stock_of(v) for v in variants[:2]] == [(4, 0), (0, 0)]
    assert StockItem.objects.filter(variant=variants[2]).exists() is False
    assert moved(variants[0]) == 4


def test_the_database_refuses_what_the_code_forgot(bowl):
    with pytest.raises(IntegrityError), transaction.atomic():
        StockItem.objects.filter(variant=bowl).update(allocated=6)


def test_rows_are_taken_in_primary_key_order_each_under_its_condition(shop):
    """The sure twin of the races, which an unguarded or shuffled version passes now and then."""
    items = [make_variant(shop, f"Bowl {n}").stock for n in range(6)]

    with CaptureQueriesContext(connection) as queries:
        inventory.reserve({item.pk: 3 for item in reversed(items)})

    updates = [query["sql"] for query in queries if query["sql"].startswith("UPDATE")]
    taken = [int(re.search(r'"id" = (\d+)', update)[1]) for update in updates]
    assert taken == [item.pk for item in items]
    assert all(re.search(r">= \(?3\)?\)?$", update) for update in updates), updates
