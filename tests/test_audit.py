"""Each invariant is broken behind the code's back, and the audit names it."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.models import ShopMember
from catalog.tests.factories import make_variant
from marketflow.core import append_only, invariants
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(buyer, shop):
    return make_order(buyer, make_variant(shop, stock=5), quantity=2, paid=True)


def audit() -> tuple[bool, dict[str, list[dict]]]:
    """Whether all holds, and the offending rows by code."""
    out = io.StringIO()
    try:
        call_command("audit", "--json", stdout=out)
    except SystemExit as stop:
        assert stop.code == 1
    found = json.loads(out.getvalue())
    broken: dict[str, list[dict]] = {}
    for fact in found["invariants"]:
        if not fact["ok"]:
            broken.setdefault(fact["code"], []).extend(fact["rows"])
    return found["ok"], broken


def corrupt(*statements: str) -> None:
    """Write past every guard, as nobody may."""
    if connection.vendor == "postgresql":
        # Foreign keys still to be checked would hold the tables.
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with append_only.suspended(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            cursor.execute(statement)
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


OLD = "'2020-01-01 00:00:00+00'" if connection.vendor == "postgresql" else "'2020-01-01 00:00:00'"


def test_a_healthy_market_passes(order):
    assert audit() == (True, {})


@pytest.mark.parametrize(
    ("code", "statement"),
    [
        ("I1", "UPDATE catalog_stockitem SET on_hand = on_hand + 1"),
        ("I1", "UPDATE catalog_stockmovement SET delta = delta + 1"),
        ("I2", "UPDATE catalog_stockitem SET allocated = allocated + 1"),
        ("I2", "UPDATE orders_orderline SET allocated = allocated - 1"),
        ("I4", "UPDATE orders_orderline SET allocated = allocated - 1, released = 0"),
        ("I4", "UPDATE orders_orderline SET shipped = 1"),
        ("I6", "UPDATE orders_payment SET captured_minor = 1"),
        ("I7", "UPDATE orders_sellerorder SET total_minor = total_minor + 1"),
        ("I7", "UPDATE orders_orderline SET tax_included_minor = 1"),
        ("I8", "UPDATE orders_sellerorder SET shipping_minor = 1"),
        ("I11", None),
        ("I13", "UPDATE orders_order SET state = 'expired'"),
        ("I13", "UPDATE orders_statechange SET dst = 'completed' WHERE subject = 'order'"),
        ("I13", "UPDATE orders_statechange SET seq = seq + 5 WHERE subject = 'payment'"),
        ("I14", None),
    ],
)
def test_what_is_broken_is_named(order, code, statement):
    if code == "I11":
        statement = (
            "INSERT INTO core_idempotentrequest (actor, key, fingerprint, state, body, created_at)"
            f" VALUES ('user:1', 'k', 'f', 'claimed', '', {OLD})"
        )
    if code == "I14":
        statement = f"UPDATE core_outboxevent SET done_at = NULL, created_at = {OLD}"

    corrupt(statement)

    ok, broken = audit()
    assert ok is False
    assert code in broken
    assert broken[code]


def test_money_for_a_closed_order_must_go_back(order):
    corrupt(
        f"UPDATE orders_payment SET captured_at = {OLD}",
        "UPDATE orders_order SET state = 'cancelled'",
    )

    assert "I6" in audit()[1]


def test_a_seller_on_the_staff_is_named(shop, seller):
    type(seller).objects.filter(pk=seller.pk).update(is_staff=True)

    assert audit()[1] == {"I17": [{"id": seller.pk}]} or "I17" in audit()[1]
    assert ShopMember.objects.filter(user=seller).exists()


def test_a_line_of_a_foreign_shop_is_named(order, rival):
    lamp = make_variant(rival, "Brass lamp", stock=None)

    corrupt(f"UPDATE orders_orderline SET variant_id = {lamp.pk}")

    assert "I16" in audit()[1]


def test_every_registered_fact_has_a_code_and_a_sentence():
    facts = invariants.registered()

    assert len(facts) >= 20
    assert all(fact.code.startswith("I") and fact.title for fact in facts)
    assert {"I1", "I2", "I3", "I4", "I14", "I16", "I17", "I18"} <= {fact.code for fact in facts}


def test_the_last_line_sums_up(order, capsys):
    call_command("audit")

    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"{len(invariants.registered())} invariants checked: all hold."
