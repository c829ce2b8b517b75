"""A11: any history of the market, against an auditor who shares no line of code with it."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from orders.services.ledger import Overdrawn
from tests.books import auditor
from tests.books.machine import MarketAgainstAuditor
from tests.books.refunding import Refunding
from tests.books.vandal import without_checks

# A few here; `make gauntlet ARGS=A11` asks for 100,000.
OPERATIONS = int(os.environ.get("BOOKS_OPERATIONS", "200"))
STEPS = 40
REFUNDED = ["orders_orderline", "orders_payment", "orders_sellerorder", "orders_commission"]


@pytest.mark.django_db
def test_whatever_happens_every_balance_is_the_auditors(record_property):
    """And the audit raises no alarm at the end of any history."""
    MarketAgainstAuditor.taken = MarketAgainstAuditor.histories = 0
    while MarketAgainstAuditor.taken < OPERATIONS:
        wanted = (OPERATIONS - MarketAgainstAuditor.taken) // STEPS + 1
        run_state_machine_as_test(MarketAgainstAuditor, settings=of(histories=wanted))

    record_property("operations", MarketAgainstAuditor.taken)
    record_property("healthy histories", MarketAgainstAuditor.histories)


# --- A3: the guard `refund_condition`


@pytest.fixture
def unconditional(settings):
    settings.DISABLED_GUARDS = ["refund_condition"]


@pytest.mark.django_db
def test_without_the_condition_and_its_constraint_the_machine_goes_red(unconditional):
    """The books part, or the last to refuse is the shop's account that would turn over."""
    with without_checks(*REFUNDED), pytest.raises((AssertionError, Overdrawn)):
        run_state_machine_as_test(Refunding, settings=of(histories=400))


@pytest.mark.django_db
def test_without_the_condition_the_constraint_keeps_the_books(unconditional):
    run_state_machine_as_test(Refunding, settings=of(histories=2))


def of(*, histories: int) -> settings:
    return settings(
        max_examples=histories,
        stateful_step_count=STEPS,
        deadline=None,
        # A failure is told as it is found: to make it small takes minutes.
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def test_the_auditor_imports_nothing_of_the_product():
    tree = ast.parse(Path(auditor.__file__).read_text())

    imported = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None) or node.names[0].name]
    }

    assert imported == {"__future__", "collections"}
