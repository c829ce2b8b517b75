"""Sweeps, requests and refunds that meet. Each has its deterministic twin in orders/tests."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from accounts.tests.factories import make_bank_account, make_shop, make_user
from carts.tests.factories import make_shipping
from catalog.tests.factories import make_variant
from orders.models import LedgerAccount, Payout, Refund
from orders.services import payout_sending, payouts, refunds
from orders.services.refunds import Wanted
from orders.tasks import issue_fees, issue_invoices
from orders.tests.factories import make_completed
from tests.races.racing import race

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]
CLEARED = 5 * 1800


@pytest.fixture
def shop():
    shop = make_shop("Fern & Co", members=["fern"])
    make_bank_account(shop)
    make_shipping(shop, price=0)
    return shop


@pytest.fixture
def parts(shop):
    """Five sales whose money is cleared."""
    bowl = make_variant(shop, price=2000, stock=50)
    ana = make_user("ana")
    return [make_completed(ana, bowl, days_ago=40) for _ in range(5)]


def prove() -> None:
    issue_invoices()
    issue_fees()
    call_command("audit")


def sweep() -> list:
    return list(payouts.sweep())


def test_eight_sweeps_at_once_pay_once(parts, shop):
    results = race(*[sweep] * 8)

    assert not [result for result in results if isinstance(result, Exception)], results
    made = [swept.payout for result in results for swept in result if swept.payout]
    assert len(made) == 1
    assert Payout.objects.get().amount_minor == CLEARED
    prove()


def test_a_shop_that_asks_twice_at_once_is_paid_once(parts, shop):
    fern = make_user("fern")

    def ask():
        return payouts.request(shop=shop, currency="EUR", actor=fern)

    results = race(*[ask] * 6)

    assert sum(isinstance(result, Payout) for result in results) == 1
    assert sum(isinstance(result, payouts.NotPayable) for result in results) == 5
    prove()


def test_sweeps_and_refunds_that_meet_never_overpay(parts, shop):
    def refund(part):
        line = part.lines.get()
        kind = Refund.Kind.GOODWILL
        return lambda: refunds.decide(part=part, lines={line.pk: Wanted(units=1)}, kind=kind)

    results = race(*[sweep] * 3, *[refund(part) for part in parts])

    assert not [result for result in results if isinstance(result, Exception)], results
    paid = sum(Payout.objects.values_list("amount_minor", flat=True))
    books = LedgerAccount.objects.filter(shop=shop, kind__in=["shop_available", "shop_receivable"])
    # All five were given back: what was paid out is owed, or nothing was.
    assert sum(books.values_list("balance_minor", flat=True)) == paid
    prove()


def test_a_payout_that_four_workers_send_at_once_is_closed_once(parts, shop, monkeypatch):
    monkeypatch.setattr(payouts, "_send_after_commit", lambda payout: None)
    sweep()
    payout = Payout.objects.get()

    results = race(*[lambda: payout_sending.send(payout=Payout.objects.get(pk=payout.pk))] * 4)

    assert not [result for result in results if isinstance(result, Exception)], results
    payout.refresh_from_db()
    assert payout.state == "paid"
    assert list(payout.history.values_list("dst", flat=True)) == ["pending", "processing", "paid"]
    prove()
