"""A5b at a tenth: a promotion with ten uses and one per buyer, three tabs of every buyer."""

from __future__ import annotations

from collections import Counter

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection

from accounts.tests.factories import make_shop
from carts.models import Promotion
from carts.services import coupons, pricing
from carts.tests.factories import fill_cart, make_promotion
from catalog.models import Variant
from catalog.tests.factories import make_variant
from orders.models import Order, Redemption
from orders.services import closing
from orders.services.checkout import CouponExhausted, PriceChanged
from orders.services.promotions import UsedUp
from orders.tests.factories import place
from tests.races.racing import race

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

BUYERS, TRIES, AT_ONCE, LIMIT = 100, 3, 30, 10
WITHIN = "promotion_used_within_its_limit"


@pytest.fixture
def promotion():
    make_variant(make_shop(), stock=1000)
    return make_promotion(percent=10, code="TEN", max_uses=LIMIT, max_per_buyer=1)


def tries_of(addresses: list[str], *, tries: int = TRIES) -> list:
    """Each buyer's carts, in three tabs, all with the coupon in the price that was agreed to."""
    bowl = Variant.objects.select_related("product__shop", "stock").get()
    calls = []
    for address in addresses:
        for _ in range(tries):
            cart = coupons.apply(cart=fill_cart(None, bowl), code="TEN")
            quote = pricing.price(cart, country="IE").quote
            calls.append(lambda c=cart, q=quote, a=address: place(c, quote=q, email=a))
    return calls


def run(calls: list) -> list:
    return [
        result
        for start in range(0, len(calls), AT_ONCE)
        for result in race(*calls[start : start + AT_ONCE])
    ]


def addresses(count: int, prefix: str = "buyer") -> list[str]:
    return [f"{prefix}{n}@example.test" for n in range(count)]


def uses_by_buyer() -> Counter:
    return Counter(Redemption.objects.in_use().values_list("buyer_key", flat=True))


def test_ten_of_a_hundred_buyers_get_it_none_twice_and_what_is_given_back_is_had_again(promotion):
    results = run(tries_of(addresses(BUYERS)))

    orders = [result for result in results if isinstance(result, Order)]
    refused = [result for result in results if not isinstance(result, Order)]
    assert len(orders) == LIMIT
    assert {type(result) for result in refused} == {CouponExhausted}
    assert set(uses_by_buyer().values()) == {1}
    assert Promotion.objects.get().used == LIMIT
    call_command("audit")

    # What is agreed to by now has the price without it: three more are free, and only three.
    late = [f"late{n}@example.test" for n in range(20)]
    for order in orders[:3]:
        closing.cancel(order=order)
    again = run(tries_of(late))

    assert sum(isinstance(result, Order) for result in again) == 3
    assert Redemption.objects.in_use().count() == LIMIT
    assert set(uses_by_buyer().values()) == {1}
    call_command("audit")


@pytest.fixture
def without_the_counter(settings):
    settings.TESTING, settings.DISABLED_GUARDS = True, ["promotion_counter"]


@pytest.fixture
def without_the_constraint(promotion):
    """The second line of defence, which would hide the loss of the first."""
    constraint = next(c for c in Promotion._meta.constraints if c.name == WITHIN)
    with connection.schema_editor() as schema:
        schema.remove_constraint(Promotion, constraint)
    yield
    # Refused while a row still breaks it.
    Promotion.objects.update(used=0)
    with connection.schema_editor() as schema:
        schema.add_constraint(Promotion, constraint)


def test_without_the_condition_more_use_it_than_may(
    promotion, without_the_counter, without_the_constraint
):
    """The negative control: what the race above would miss if it could not see a use too many."""
    results = run(tries_of(addresses(30), tries=1))

    assert sum(isinstance(result, Order) for result in results) > LIMIT
    with pytest.raises(SystemExit):
        call_command("audit")


def test_without_the_condition_the_constraint_still_holds(promotion, without_the_counter):
    results = run(tries_of(addresses(30), tries=1))

    assert {type(r) for r in results} <= {Order, CouponExhausted, IntegrityError}, results
    assert Redemption.objects.in_use().count() == LIMIT == Promotion.objects.get().used
    call_command("audit")


def test_orders_placed_and_called_off_at_once_do_not_deadlock():
    bowl = make_variant(make_shop(), stock=1000)
    for n in range(3):
        make_promotion(percent=5, position=3 - n, max_per_buyer=5)
    placed = [place(fill_cart(None, bowl), email="ana@example.test") for _ in range(5)]
    carts = [fill_cart(None, bowl) for _ in range(10)]

    results = race(
        *[lambda order=order: closing.cancel(order=order) for order in placed],
        *[lambda cart=cart: _order_anyway(cart) for cart in carts],
    )

    assert not [result for result in results if isinstance(result, Exception)], results
    assert set(Promotion.objects.values_list("used", flat=True)) == {
        Redemption.objects.in_use().count() // 3
    }
    assert max(uses_by_buyer().values()) <= 5 * 3
    call_command("audit")


def _order_anyway(cart) -> Order:
    """As a shopper who agrees to whatever it costs by now."""
    quote = None
    while True:
        try:
            return place(cart, email="ana@example.test", quote=quote)
        except PriceChanged as changed:
            quote = changed.cart.quote
        except UsedUp:
            quote = None
