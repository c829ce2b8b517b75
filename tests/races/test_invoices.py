"""Numbers of invoices under concurrency: every number once, and none left out."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import transaction

from accounts.tests.factories import make_shop, make_user
from catalog.tests.factories import make_variant
from orders.models import Invoice, InvoiceSeries, SellerOrder
from orders.services import invoices
from orders.tests.factories import make_order
from tests.races.racing import race

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]


class Crashed(Exception):
    pass


@pytest.fixture
def parts():
    """Eight paid parts of one shop, none invoiced: even the series is still to be made."""
    buyer, bowl = make_user("ana"), make_variant(make_shop(), stock=20)
    orders = [make_order(buyer, bowl, paid=True) for _ in range(8)]
    found = SellerOrder.objects.filter(order__in=orders).select_related("order", "shop")
    return list(found.order_by("pk"))


def numbers() -> list[int]:
    return sorted(Invoice.objects.values_list("number", flat=True))


def test_everybody_asks_for_everything_at_once_and_each_is_issued_once(parts):
    results = race(*[lambda p=part: invoices.of_part(p) for part in parts * 3])

    assert {type(result) for result in results} == {Invoice}, results
    assert numbers() == list(range(1, 9))
    assert InvoiceSeries.objects.get().last_number == 8
    call_command("audit")


def test_transactions_that_roll_back_in_between_leave_no_gap(parts):
    def crash(part):
        with transaction.atomic():
            invoices.of_part(part)
            raise Crashed

    good, bad = parts[:4], parts[4:]
    results = race(
        *[lambda p=part: invoices.of_part(p) for part in good],
        *[lambda p=part: crash(p) for part in bad],
    )

    assert sum(isinstance(result, Crashed) for result in results) == 4, results
    assert numbers() == [1, 2, 3, 4]
    call_command("audit")


def test_beat_and_buyers_issue_side_by_side(parts):
    results = race(
        invoices.issue_due,
        invoices.issue_due,
        *[lambda p=part: invoices.of_order(p.order) for part in parts],
    )

    assert not [result for result in results if isinstance(result, Exception)], results
    assert numbers() == list(range(1, 9))
