"""Facts about payouts are broken behind the code's back, and the audit names each."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command

from accounts.tests.factories import make_bank_account
from catalog.tests.factories import make_variant
from orders.models import Payout, Refund
from orders.services import payout_sending, payouts, refunds
from orders.tests.factories import make_completed
from tests.test_audit import OLD, corrupt

pytestmark = pytest.mark.django_db

COVERED = "what a shop has available is what no payout covers yet"
BOOKED = "a payout and its reversal are booked between the shop and the provider it went by"
RECOVERED = "no refund is recovered beyond what it made the shop owe"
NUMBERED = "payouts of a shop are numbered 1, 2, 3 … without gap or double"
CLOSED = "a payout is closed when it has an end, and not before"
WAITING = "no payout of a shop that nobody holds waits for more than a day"
SENT_TO = "a payout goes to a bank account of its own shop, which had cooled off"
SUM = "a payout is the sum of what it covers, all of it in its own shop and currency"
ONCE = "a payout that was sent is booked once, and reversed where it failed or came back"


@pytest.fixture
def paid(buyer, shop, rival, seller) -> Payout:
    """Two payouts: one paid, of which a refund was recovered by the other, that came back."""
    make_bank_account(rival)
    make_bank_account(shop, iban="DE89370400440532013000")
    bowl = make_variant(shop, price=2000, stock=50)
    part = make_completed(buyer, bowl)
    first = payouts.request(shop=shop, currency="EUR", actor=seller)
    first = payout_sending.send(payout=first)
    refunds.send(refunds.decide_all(part=part, kind=Refund.Kind.GOODWILL))
    make_completed(buyer, bowl, quantity=3)
    second = payouts.request(shop=shop, currency="EUR", actor=seller)
    payout_sending.mark_returned(payout=payout_sending.send(payout=second))
    return first


def broken() -> set[str]:
    out = io.StringIO()
    try:
        call_command("audit", "--json", stdout=out)
    except SystemExit as stop:
        assert stop.code == 1
    return {fact["title"] for fact in json.loads(out.getvalue())["invariants"] if not fact["ok"]}


def test_a_healthy_history_of_payouts_passes(paid):
    assert broken() == set()


@pytest.mark.parametrize(
    ("title", "statement"),
    [
        (COVERED, "DELETE FROM orders_payoutitem WHERE payout_id = {pk}"),
        (SUM, "DELETE FROM orders_payoutitem WHERE payout_id = {pk}"),
        (SUM, "UPDATE orders_payout SET amount_minor = amount_minor + 1 WHERE id = {pk}"),
        (ONCE, "UPDATE orders_payout SET amount_minor = amount_minor + 1 WHERE id = {pk}"),
        (ONCE, "UPDATE orders_payout SET state = 'returned' WHERE id = {pk}"),
        (ONCE, "UPDATE orders_payout SET state = 'paid' WHERE state = 'returned'"),
        (BOOKED, "UPDATE orders_ledgertransfer SET payout_id = NULL WHERE kind = 'payout'"),
        (
            BOOKED,
            "UPDATE orders_ledgertransfer SET credit_id = (SELECT id FROM orders_ledgeraccount"
            " WHERE kind = 'commission') WHERE kind = 'payout'",
        ),
        (
            RECOVERED,
            "UPDATE orders_ledgertransfer SET amount_minor = amount_minor + 1"
            " WHERE kind = 'recovery'",
        ),
        (RECOVERED, "UPDATE orders_ledgertransfer SET refund_id = NULL WHERE kind = 'recovery'"),
        (NUMBERED, "UPDATE orders_payout SET number = 7 WHERE id = {pk}"),
        (CLOSED, "UPDATE orders_payout SET closed_at = NULL WHERE id = {pk}"),
        (
            WAITING,
            "UPDATE orders_payout SET closed_at = NULL, created_at = {old} WHERE id = {pk}",
        ),
        (
            SENT_TO,
            "UPDATE orders_payout SET bank_account_id = (SELECT b.id FROM accounts_bankaccount b"
            " WHERE b.iban LIKE 'IE%') WHERE id = {pk}",
        ),
        (SENT_TO, "UPDATE orders_payout SET created_at = {old} WHERE id = {pk}"),
    ],
)
def test_what_is_broken_is_named(paid, title, statement):
    corrupt(statement.format(pk=paid.pk, old=OLD))

    assert title in broken()
