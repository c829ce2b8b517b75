from __future__ import annotations

import pytest
import time_machine
from django.core.management import CommandError, call_command

from analytics.models import DailySales
from catalog.tests.factories import make_variant
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db

TUESDAY = "2026-03-03"


@pytest.fixture
def tuesdays_orders(buyer, stranger, shop, rival):
    bowl, lamp = make_variant(shop, "Bowl", stock=20), make_variant(rival, "Lamp", stock=20)
    with time_machine.travel(f"{TUESDAY}T12:00Z"):
        make_order(buyer, bowl, lamp, quantity=2, paid=True)
        make_order(stranger, bowl, paid=True)
        make_order(buyer, bowl)  # Never paid.


def figures() -> dict[str, tuple[int, int, int]]:
    rows = DailySales.objects.select_related("shop")
    return {row.shop.slug: (row.orders, row.units, row.gross_minor) for row in rows}


def count(*arguments: str) -> None:
    call_command("rollup_analytics", *arguments)


def test_a_day_is_counted_by_shop(tuesdays_orders, shop, rival):
    count(f"--from={TUESDAY}", f"--to={TUESDAY}")

    assert figures() == {shop.slug: (2, 3, 7000), rival.slug: (1, 2, 4500)}


def test_counting_twice_changes_nothing(tuesdays_orders):
    count(f"--from={TUESDAY}", f"--to={TUESDAY}")
    once = figures()

    count(f"--from={TUESDAY}", f"--to={TUESDAY}")

    assert figures() == once


def test_other_days_are_left_alone(tuesdays_orders):
    count(f"--from={TUESDAY}", f"--to={TUESDAY}")

    count("--from=2026-03-04", "--to=2026-03-05")

    assert len(figures()) == 2


def test_days_run_forwards():
    with pytest.raises(CommandError, match="is after"):
        count("--from=2026-03-05", "--to=2026-03-04")


def test_a_member_sees_the_figures_of_their_shop_only(tuesdays_orders, seller, shop):
    count(f"--from={TUESDAY}", f"--to={TUESDAY}")

    assert [row.shop for row in DailySales.objects.managed_by(seller)] == [shop]
