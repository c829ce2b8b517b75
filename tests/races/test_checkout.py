"""Real threads on real row locks. SQLite has one writer, so it proves nothing here."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection

from accounts.tests.factories import make_shop, make_user
from carts.tests.factories import fill_cart
from catalog.models import StockItem
from catalog.services.inventory import OutOfStock
from catalog.tests.factories import make_variant, stock_of
from orders.models import Order, OrderLine
from orders.services import closing, payments
from orders.services.checkout import AlreadyOrdered
from orders.tests.factories import make_order, pay, place
from tests.races.racing import race

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

FIFTY = range(50)
OVERSELL = "stock_is_never_oversold"


@pytest.fixture
def fifty_carts():
    """Fifty buyers with one bowl in the cart each, while ten bowls are there."""
    bowl = make_variant(make_shop(), stock=10)
    carts = {}
    for n in FIFTY:
        buyer = make_user(f"buyer{n}")
        carts[buyer] = fill_cart(buyer, bowl)
    return bowl, carts


def buy_all_at_once(carts) -> list:
    return race(*[lambda b=buyer, c=cart: place(c, buyer=b) for buyer, cart in carts.items()])


def test_fifty_buyers_race_for_ten_bowls_and_ten_get_one(fifty_carts):
    bowl, carts = fifty_carts

    results = buy_all_at_once(carts)

    assert sum(isinstance(result, Order) for result in results) == 10
    assert sum(isinstance(result, OutOfStock) for result in results) == 40, results
    assert stock_of(bowl) == (10, 10)
    call_command("audit")


@pytest.fixture
def without_the_condition(settings):
    settings.TESTING, settings.DISABLED_GUARDS = True, ["stock_condition"]


@pytest.fixture
def without_the_constraint(fifty_carts):
    """The second line of defence, which would hide the loss of the first."""
    constraint = next(c for c in StockItem._meta.constraints if c.name == OVERSELL)
    with connection.schema_editor() as schema:
        schema.remove_constraint(StockItem, constraint)
    yield
    # Refused while a row still breaks it.
    StockItem.objects.update(allocated=0)
    with connection.schema_editor() as schema:
        schema.add_constraint(StockItem, constraint)


def test_without_the_condition_more_is_sold_than_there_is(
    fifty_carts, without_the_condition, without_the_constraint
):
    """The negative control: what the race above would miss if it could not see an oversell."""
    results = buy_all_at_once(fifty_carts[1])

    sold = sum(isinstance(result, Order) for result in results)
    promised = sum(OrderLine.objects.values_list("allocated", flat=True))
    assert promised == sold
    assert sold > 10
    with pytest.raises(SystemExit):
        call_command("audit")


def test_without_the_condition_the_constraint_still_holds(fifty_carts, without_the_condition):
    bowl, carts = fifty_carts

    results = buy_all_at_once(carts)

    assert sum(isinstance(result, Order) for result in results) == 10
    assert {type(r) for r in results} <= {Order, OutOfStock, IntegrityError}, results
    assert stock_of(bowl) == (10, 10)
    call_command("audit")


def test_opposite_carts_do_not_deadlock():
    shop = make_shop()
    bowl, lamp = make_variant(shop, "Bowl", stock=50), make_variant(shop, "Lamp", stock=50)
    carts = {}
    for n in range(16):
        buyer = make_user(f"buyer{n}")
        carts[buyer] = fill_cart(buyer, *([bowl, lamp] if n % 2 else [lamp, bowl]))

    results = buy_all_at_once(carts)

    assert all(isinstance(result, Order) for result in results), results


def test_two_tabs_one_cart():
    buyer = make_user("ana")
    cart = fill_cart(buyer, make_variant(make_shop(), stock=9))

    results = race(lambda: place(cart, buyer=buyer), lambda: place(cart, buyer=buyer))

    assert {type(result) for result in results} == {Order, AlreadyOrdered}


def test_two_cards_for_one_order_are_one_payment():
    order = make_order(make_user("ana"), make_variant(make_shop(), stock=9))

    race(lambda: pay(Order.objects.get()), lambda: pay(Order.objects.get()))

    order.refresh_from_db()
    captured = [p.captured_minor - p.refunded_minor for p in order.payments.all()]
    assert order.state == "paid"
    assert sum(captured) == order.total_minor


def test_paying_and_expiring_at_once_ends_in_one_of_them(settings):
    settings.ORDER_HOLD_MINUTES = 0
    bowl = make_variant(make_shop(), stock=9)
    orders = [make_order(make_user(f"buyer{n}"), bowl) for n in range(6)]
    Order.objects.update(expires_at="2020-01-01T00:00Z")

    def pay_late(order):
        payments.start(order=order, method="test", details={"card": "4242424242424242"})

    race(
        closing.release_expired,
        *[lambda o=order: pay_late(o) for order in orders],
        closing.release_expired,
    )

    assert set(Order.objects.values_list("state", flat=True)) == {"expired"}
    assert stock_of(bowl) == (9, 0)
    call_command("audit")
