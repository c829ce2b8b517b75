"""`stress_checkout` itself: it counts right, and it sees what is wrong."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from accounts.models import Shop
from catalog.models import Product
from notifications.models import Mail
from orders.models import Order

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]


def storm(capsys, *, buyers: int, stock: int, skus: int) -> list[str]:
    sizes = {"buyers": buyers, "stock": stock, "skus": skus, "at_once": 16}
    call_command("stress_checkout", **sizes)
    return capsys.readouterr().out.splitlines()


def test_more_buyers_than_units_and_all_units_are_sold(capsys):
    lines = storm(capsys, buyers=60, stock=20, skus=3)

    assert lines[-1] == "20 of 20 units sold to 60 buyers, and the books balance."
    figures = {line.split()[0]: line.split()[1] for line in lines[:3]}
    assert figures == {"sold": "20", "refused": "40", "failed": "0"}
    assert set(Order.objects.values_list("state", flat=True)) == {"paid"}


def test_what_it_made_is_taken_off_the_market_and_nobody_is_written_to(capsys):
    storm(capsys, buyers=4, stock=2, skus=1)

    assert list(Shop.objects.values_list("state", flat=True)) == ["suspended"]
    assert set(Product.objects.values_list("state", flat=True)) == {"archived"}
    assert not Mail.objects.exists()


def test_where_no_test_card_is_taken_the_orders_are_cancelled(capsys, settings):
    settings.PAYMENT_PROVIDERS = []

    lines = storm(capsys, buyers=6, stock=3, skus=1)

    assert lines[-1] == "3 of 3 units sold to 6 buyers, and the books balance."
    assert set(Order.objects.values_list("state", flat=True)) == {"cancelled"}


def test_buyers_without_a_definite_answer_are_wrong(capsys, settings):
    """The negative control: without the condition the constraint fails, and that is no answer."""
    settings.TESTING, settings.DISABLED_GUARDS = True, ["stock_condition"]

    with pytest.raises(SystemExit) as stop:
        storm(capsys, buyers=40, stock=5, skus=1)

    lines = capsys.readouterr().out.splitlines()
    assert stop.value.code == 1
    assert any(line.startswith("WRONG: IntegrityError") for line in lines)
    assert lines[-1] == "5 of 5 units sold to 40 buyers, and something is wrong."
