"""What PostgreSQL is really asked to lock, and when: ready-made test 2."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.services import bank_accounts
from accounts.tests.factories import make_bank_account
from carts.services import baskets
from carts.tests.factories import fill_cart
from catalog.services import inventory, repricing
from catalog.services.repricing import PriceChange
from catalog.tests.factories import make_variant
from orders.models import CommissionRule, Refund, SellerOrder
from orders.services import (
    cancelling,
    commission_rules,
    disputes,
    fulfilment,
    payouts,
    refunds,
    returns,
)
from orders.services.returns import Arrived
from orders.tests.factories import make_completed, make_order, pay, place

pytestmark = [pytest.mark.races, pytest.mark.django_db]

LOCKS = re.compile(r'FROM "(\w+)".* FOR (?:NO KEY )?UPDATE', re.S)
WRITES = re.compile(r'^(?:UPDATE|DELETE FROM) "(\w+)"')
ONE_ROW = re.compile(r'WHERE .*"(?:id|key)" = |LIMIT 1 ', re.S)


@pytest.fixture
def lamp(shop):
    return make_variant(shop, "Lamp", stock=9)


@pytest.fixture
def bowl(rival):
    return make_variant(rival, "Bowl", stock=9)


def asked_for(work: Callable) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        work()
    return [query["sql"] for query in queries]


def locked(statements: list[str]) -> list[str]:
    """The tables whose rows are locked, each once, as they come."""
    found = [LOCKS.search(sql) for sql in statements]
    return list(dict.fromkeys(match[1].split("_")[1] for match in found if match))


def require_order(statements: list[str]) -> None:
    """Many rows are locked by an order; a table's rows are locked before they are written."""
    locked, written = set(), set()
    for sql in statements:
        if found := LOCKS.search(sql):
            assert "ORDER BY" in sql or ONE_ROW.search(sql), sql
            assert found[1] not in written - locked, f"written before it is locked: {sql}"
            locked.add(found[1])
        elif found := WRITES.search(sql):
            written.add(found[1])


# --- the steps of an order: each gives what is to be done, everything before it done


@pytest.fixture
def paid(buyer, bowl, lamp):
    """Two shops' parts, paid."""
    return make_order(buyer, bowl, lamp, quantity=2, paid=True)


@pytest.fixture
def part(paid) -> SellerOrder:
    return paid.seller_orders.order_by("pk").first()


@pytest.fixture
def sent(part):
    fulfilment.ship(seller_order=part)
    fulfilment.deliver(seller_order=part)
    return part


def test_2_placing_locks_the_cart_first(buyer, bowl, lamp):
    """Ready-made test 2, stock: rows of stock are taken by their condition, in their order."""
    cart = fill_cart(buyer, lamp, bowl)

    statements = asked_for(lambda: place(cart, buyer=buyer))

    require_order(statements)
    assert locked(statements) == ["cart"]
    takes = [sql for sql in statements if sql.startswith('UPDATE "catalog_stockitem"')]
    taken = [int(re.search(r'"id" = (\d+)', sql)[1]) for sql in takes]
    assert taken == sorted([bowl.stock.pk, lamp.stock.pk])
    assert all('"on_hand" - ' in sql.split("WHERE")[1] for sql in takes)


def test_2_paying_locks_order_payment_and_accounts(buyer, bowl, lamp):
    """Ready-made test 2."""
    order = make_order(buyer, bowl, lamp)

    statements = asked_for(lambda: pay(order))

    require_order(statements)
    assert locked(statements) == ["order", "payment", "ledgeraccount"]


def test_2_cancelling_locks_every_part_before_any_is_written(buyer, paid):
    """Ready-made test 2."""
    statements = asked_for(lambda: cancelling.cancel(order=paid, actor=buyer))

    require_order(statements)
    assert locked(statements)[:3] == ["order", "sellerorder", "payment"]
    assert locked(statements)[-1] == "ledgeraccount"


def test_2_sending_locks_the_part(part):
    """Ready-made test 2."""
    statements = asked_for(lambda: fulfilment.ship(seller_order=part))

    require_order(statements)
    assert locked(statements) == ["sellerorder"]


def test_2_completing_locks_the_order(sent):
    """Ready-made test 2."""
    statements = asked_for(lambda: fulfilment.complete(seller_order=sent))

    require_order(statements)
    assert locked(statements) == ["order", "ledgeraccount"]


def test_2_refunding_locks_order_part_payment_and_accounts(part):
    """Ready-made test 2."""
    decide = refunds.decide_all

    statements = asked_for(lambda: decide(part=part, kind=Refund.Kind.GOODWILL))

    require_order(statements)
    assert locked(statements) == ["order", "sellerorder", "payment", "ledgeraccount"]


def test_2_settling_a_refund_locks_the_refund(part):
    """Ready-made test 2."""
    refund = refunds.decide_all(part=part, kind=Refund.Kind.GOODWILL)

    statements = asked_for(lambda: refunds.send(refund))

    require_order(statements)
    assert locked(statements) == ["order", "refund", "ledgeraccount"]


def test_2_a_return_locks_all_it_will_touch(sent):
    """Ready-made test 2."""
    line = sent.lines.get()
    parcel = returns.request(part=sent, lines={line.pk: 2}, reason="Blue.")
    returns.approve(parcel=parcel)
    came = {line.pk: Arrived(units=2)}

    statements = asked_for(lambda: returns.receive(parcel=parcel, lines=came))

    require_order(statements)
    assert locked(statements)[:4] == ["order", "sellerorder", "payment", "return"]


def test_2_a_dispute_locks_order_and_part(sent):
    """Ready-made test 2."""
    statements = asked_for(lambda: disputes.open_by_buyer(part=sent, reason="Broken."))

    require_order(statements)
    assert locked(statements)[:2] == ["order", "sellerorder"]


def test_2_a_payout_locks_shop_and_accounts_at_once(buyer, seller, shop, lamp):
    """Ready-made test 2: all three accounts by one statement, in their order."""
    make_bank_account(shop)
    make_completed(buyer, lamp)

    statements = asked_for(lambda: payouts.request(shop=shop, currency="EUR", actor=seller))

    require_order(statements)
    assert locked(statements)[:2] == ["shop", "ledgeraccount"]


# --- and beside orders


def test_2_the_cart_is_locked_before_its_lines_are_changed(buyer, lamp, bowl):
    """Ready-made test 2: two carts that become one are locked too."""
    cart, guest = fill_cart(buyer, lamp), fill_cart(None, lamp, bowl)

    statements = asked_for(lambda: baskets.merge(guest, buyer))

    require_order(statements)
    assert locked(statements) == ["cart"]
    assert cart.lines.count() == 2


def test_2_repricing_locks_variants_in_their_order(shop, lamp):
    """Ready-made test 2."""
    products = [lamp.product, make_variant(shop, "Vase").product]
    cheaper = PriceChange(percent=Decimal(-10))

    statements = asked_for(lambda: repricing.reprice(products=products, change=cheaper))

    require_order(statements)
    assert locked(statements) == ["variant"]


def test_2_counting_stock_locks_it_first(lamp):
    """Ready-made test 2."""
    statements = asked_for(lambda: inventory.count(lamp.stock, 4, key="monday"))

    require_order(statements)
    assert locked(statements) == ["stockitem"]


def test_2_the_list_of_commissions_is_locked_whole(shop):
    """Ready-made test 2."""
    rule = CommissionRule.objects.create(name="All", position=1)

    statements = asked_for(lambda: commission_rules.move(rule, by=1))

    require_order(statements)
    assert locked(statements) == ["commissionrule"]


def test_2_a_new_bank_account_waits_for_a_payout(seller, shop):
    """Ready-made test 2."""
    iban = "IE29AIBK93115212345678"
    work = bank_accounts.replace

    statements = asked_for(lambda: work(shop=shop, holder="Fern", iban=iban, by=seller))

    require_order(statements)
    assert locked(statements) == ["shop"]


# --- the check sees what it is to see


@pytest.mark.parametrize(
    "statements",
    [
        ['SELECT 1 FROM "orders_payment" WHERE "orders_payment"."order_id" = 7 FOR UPDATE'],
        [
            'UPDATE "orders_payment" SET "state" = 1',
            'SELECT 1 FROM "orders_payment" WHERE "orders_payment"."id" = 7 LIMIT 21 FOR UPDATE',
        ],
    ],
)
def test_a_lock_without_order_or_after_the_write_is_seen(statements):
    with pytest.raises(AssertionError):
        require_order(statements)
