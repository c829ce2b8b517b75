"""Sellers who change their catalogue at the same moment."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from accounts.tests.factories import make_shop
from catalog.models import Product, Variant
from catalog.services import editing, upserting
from catalog.services.editing import NothingToSell, SameOptions, SkuTaken
from catalog.services.upserting import Archived
from catalog.tests.factories import make_product, make_variant
from marketflow.core.money import Money
from tests.races.racing import PATIENCE, outcome, race

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

PRICE = Money(1000, "EUR")


def test_two_products_of_one_title_have_two_addresses():
    shop = make_shop()

    made = race(*[lambda: editing.create_product(shop=shop, title="Oak bowl")] * 2)

    assert all(isinstance(one, Product) for one in made), made
    assert set(Product.objects.values_list("slug", flat=True)) == {"oak-bowl", "oak-bowl-2"}


def test_two_products_can_not_have_one_sku():
    shop = make_shop()
    bowl, lamp = make_product(shop, "Bowl"), make_product(shop, "Lamp")

    made = race(
        lambda: editing.add_variant(product=bowl, price=PRICE, sku="ONE"),
        lambda: editing.add_variant(product=lamp, price=PRICE, sku="ONE"),
    )

    assert {type(one) for one in made} == {Variant, SkuTaken}


def test_two_variants_can_not_have_the_same_options():
    product = make_product(make_shop(), option1_name="Size")

    made = race(
        *[lambda: editing.add_variant(product=product, price=PRICE, options={"Size": "L"})] * 2
    )

    assert {type(one) for one in made} == {Variant, SameOptions}


def test_the_last_two_variants_are_not_both_removed():
    shop = make_shop()
    product = make_product(shop, option1_name="Size")
    small = make_variant(shop, product=product, option1="S")
    large = make_variant(shop, product=product, option1="L")

    removed = race(
        lambda: editing.remove_variant(variant=small),
        lambda: editing.remove_variant(variant=large),
    )

    assert {type(one) for one in removed} == {type(None), NothingToSell}
    assert product.variants.active().count() == 1


def test_an_item_sees_that_its_product_is_being_archived():
    shop = make_shop()
    bowl = make_variant(shop, sku="BOWL", price=2000)

    def upsert():
        try:
            return outcome(lambda: upserting.upsert(shop=shop, sku="BOWL", price=PRICE))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            editing.archive_product(product=bowl.product)
            item = pool.submit(upsert)
            wait_for_a_lock()
        refused = item.result(PATIENCE)

    bowl.refresh_from_db()
    assert isinstance(refused, Archived), refused
    assert (bowl.price_minor, bowl.product.state) == (2000, "archived")


def wait_for_a_lock() -> None:
    """Until somebody waits for what this transaction holds."""
    ends = time.monotonic() + PATIENCE
    asked = "SELECT pid FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    while time.monotonic() < ends:
        with connection.cursor() as cursor:
            cursor.execute(asked)
            if cursor.fetchone():
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits")
