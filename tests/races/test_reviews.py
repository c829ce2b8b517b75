"""Reviews of one product that commit at the same moment: none is forgotten by the average."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from django.core.management import call_command

from accounts.tests.factories import make_shop, make_user
from catalog.models import Product
from catalog.services import ratings
from catalog.tests.factories import make_variant
from orders.models import OrderLine, Review
from orders.services import reviews
from orders.tests.factories import make_completed
from tests.races.racing import race

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

BUYERS = 8


@pytest.fixture
def lines() -> list[OrderLine]:
    bowl = make_variant(make_shop(), stock=100)
    parts = [make_completed(make_user(f"ana{n}"), bowl) for n in range(BUYERS)]
    rows = OrderLine.objects.filter(seller_order__in=parts).order_by("pk")
    return list(rows.select_related("seller_order__order__buyer", "variant"))


def post(line: OrderLine, rating: int) -> Review:
    return reviews.post(line=line, author=line.seller_order.order.buyer, rating=rating)


def rating() -> tuple[Decimal, int]:
    return Product.objects.values_list("rating_average", "rating_count").get()


def test_reviews_at_once_are_all_counted(lines):
    results = race(*[lambda ln=line, n=n: post(ln, 1 + n % 4) for n, line in enumerate(lines)])

    assert all(isinstance(result, Review) for result in results), results
    assert rating() == (Decimal("2.50"), BUYERS)
    call_command("audit")


def test_one_line_reviewed_in_three_tabs_is_reviewed_once(lines):
    results = race(*[lambda: post(lines[0], 5)] * 3)

    assert sum(isinstance(result, Review) for result in results) == 1
    assert {type(r) for r in results} == {Review, reviews.AlreadyReviewed}, results
    assert rating() == (Decimal("5.00"), 1)
    call_command("audit")


def test_reviews_written_changed_and_taken_back_at_once_do_not_deadlock(lines):
    first, second = post(lines[0], 1), post(lines[1], 2)

    results = race(
        lambda: reviews.withdraw(review=first),
        lambda: reviews.edit(review=second, rating=5, title="", body=""),
        lambda: reviews.hide(review=second, reason="Rude."),
        *[lambda ln=line: post(ln, 4) for line in lines[2:]],
    )

    wrong = [r for r in results if isinstance(r, Exception)]
    assert all(isinstance(r, reviews.NotEditable) for r in wrong), wrong
    assert rating() == (Decimal("4.00"), BUYERS - 2)
    call_command("audit")


def test_without_the_lock_some_are_forgotten(lines, monkeypatch):
    """The negative control: what the race above would miss if it could not see a drift."""
    replace = ratings.replace

    def slowly(**counted: int) -> None:
        time.sleep(0.2)  # Until everybody has counted what they can see.
        replace(**counted)

    monkeypatch.setattr(ratings, "hold", lambda **product: None)
    monkeypatch.setattr(ratings, "replace", slowly)

    race(*[lambda line=line: post(line, 5) for line in lines])

    assert rating()[1] < BUYERS == Review.objects.count()
    with pytest.raises(SystemExit):
        call_command("audit")
