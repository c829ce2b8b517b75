"""The example of docs/ledger.md is played, and every amount of it compared."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.conf import settings

from accounts.tests.factories import make_bank_account
from carts.models import TaxRate
from carts.tests.factories import make_shipping
from catalog.tests.factories import make_variant
from orders.models import LedgerAccount, LedgerTransfer, Refund
from orders.services import payout_sending, payouts, refunds
from orders.services.refunds import Wanted
from orders.tests.factories import make_completed

pytestmark = pytest.mark.django_db
ROW = re.compile(r"^\| (\w+) \| (\w+) \| (\w+) \| ([\d.]+) \|$", re.MULTILINE)


def document() -> str:
    return (settings.BASE_DIR / "docs" / "ledger.md").read_text()


def test_the_example_is_what_the_books_say(buyer, shop, seller):
    TaxRate.objects.create(
        country="IE", tax_class="standard", basis_points=2300, valid_from=date(2020, 1, 1)
    )
    make_shipping(shop, price=500)
    make_bank_account(shop)
    bowl = make_variant(shop, price=999, stock=9)

    part = make_completed(buyer, bowl, quantity=3)
    pay_out(shop, seller)
    wanted = {part.lines.get().pk: Wanted(units=1)}
    refunds.send(refunds.decide(part=part, lines=wanted, kind=Refund.Kind.GOODWILL))
    make_completed(buyer, bowl, quantity=3)
    pay_out(shop, seller)

    rows = LedgerTransfer.objects.select_related("debit", "credit").order_by("pk")
    booked = [
        (row.kind, row.debit.kind, row.credit.kind, f"{row.amount_minor / 100:.2f}")
        for row in rows
    ]
    assert ROW.findall(document().partition("## An example")[2]) == booked
    left = LedgerAccount.objects.exclude(balance_minor=0).values_list("kind", "balance_minor")
    assert dict(left) == {"provider": 615, "commission": -500, "commission_vat": -115}


def pay_out(shop, seller) -> None:
    payout_sending.send(payout=payouts.request(shop=shop, currency="EUR", actor=seller))


def test_every_account_stands_in_the_document():
    for kind in LedgerAccount.Kind.values:
        assert f"`{kind}`" in document(), kind
