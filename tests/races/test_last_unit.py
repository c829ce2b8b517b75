"""One unit is left, and many want it: ready-made test 1, each way to reach that unit."""

from __future__ import annotations

import time

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.tests.factories import make_shop, make_user
from carts.models import CartLine
from carts.services import baskets
from carts.tests.factories import fill_cart
from catalog.models import StockItem
from catalog.services import inventory
from catalog.services.inventory import OutOfStock
from catalog.tests.factories import make_variant, stock_of
from orders.models import Order, Payment
from orders.services import payments, provider_events
from orders.tests.factories import pay, place
from tests.psp_sim.events import bring, told
from tests.races.racing import race

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

BUYERS = 12


@pytest.fixture
def bowl():
    return make_variant(make_shop(), stock=1)


def make_carts(*variants) -> dict:
    buyers = [make_user(f"buyer{n}") for n in range(BUYERS)]
    return {buyer: fill_cart(buyer, *variants) for buyer in buyers}


def buy(cart, buyer) -> Order:
    order = place(cart, buyer=buyer)
    pay(order)
    return order


def require_one_winner(results) -> None:
    """One has an order, paid once; every other was told why, and pays nothing."""
    won = [result for result in results if isinstance(result, Order)]
    refused = [result for result in results if isinstance(result, OutOfStock)]
    assert (len(won), len(refused)) == (1, len(results) - 1), results
    assert {refusal.code for refusal in refused} == {"out_of_stock"}
    assert Order.objects.count() == 1
    payment = Payment.objects.get()
    assert (payment.order_id, payment.captured_minor) == (won[0].pk, won[0].total_minor)
    assert payment.refunded_minor == 0
    call_command("audit")


def test_1_many_buyers_at_once_and_one_gets_the_last_unit(bowl):
    """Ready-made test 1: exactly one order, every other `out_of_stock`, nobody else charged."""
    carts = make_carts(bowl)

    results = race(*[lambda b=buyer, c=cart: buy(c, b) for buyer, cart in carts.items()])

    require_one_winner(results)
    assert stock_of(bowl) == (1, 1)


def test_1_a_cart_reaches_the_unit_by_one_line_however_it_is_added(bowl):
    """Ready-made test 1, two lines of one variant: a cart holds one line of it at the most.

    Two tabs add it at once, another adds it again; the quantities meet in the one line, and the
    database refuses a second. So the whole of what a cart wants is taken by one statement.
    """
    buyer = make_user("ana")
    cart = fill_cart(buyer, make_variant(bowl.shop, "Lamp"))

    race(*[lambda: baskets.add(cart, bowl, 1)] * 4)

    line = cart.lines.get(variant=bowl)
    with pytest.raises(IntegrityError), transaction.atomic():
        CartLine.objects.create(cart=cart, variant=bowl, quantity=1)
    assert line.quantity == 1  # More than is there is not taken into a cart.


def test_1_two_lines_saved_and_asked_for_are_one_demand(bowl):
    """Ready-made test 1, two lines: what is saved for later meets its variant in the same line."""
    carts = make_carts(bowl)
    for cart in carts.values():
        cart.lines.update(is_saved=True)
        baskets.add(cart, bowl, 1)

    results = race(*[lambda b=buyer, c=cart: buy(c, b) for buyer, cart in carts.items()])

    require_one_winner(results)
    assert set(CartLine.objects.filter(cart__in=carts.values()).values_list("quantity")) == {(1,)}


def test_1_no_two_products_draw_on_one_stock(bowl):
    """Ready-made test 1, two products on the same stock: a stock item is one variant's own.

    The model has no shared stock, and the database refuses it. Were two demands for one item
    ever to meet in one order, they meet as one: `reserve` takes a quantity per item.
    """
    item = StockItem.objects.get(variant=bowl)

    with pytest.raises(IntegrityError), transaction.atomic():
        StockItem.objects.create(variant=bowl, on_hand=1)
    with pytest.raises(OutOfStock):
        inventory.reserve({item.pk: 2})

    assert stock_of(bowl) == (1, 0)


def test_1_two_products_of_one_shop_race_for_two_last_units(bowl):
    """Ready-made test 1, two products: carts with both, in opposite orders, win all or nothing."""
    lamp = make_variant(bowl.shop, "Lamp", stock=1)
    carts = {}
    for n in range(BUYERS):
        buyer = make_user(f"buyer{n}")
        carts[buyer] = fill_cart(buyer, *([bowl, lamp] if n % 2 else [lamp, bowl]))

    results = race(*[lambda b=buyer, c=cart: buy(c, b) for buyer, cart in carts.items()])

    require_one_winner(results)
    assert (stock_of(bowl), stock_of(lamp)) == ((1, 1), (1, 1))


def test_1_webhooks_that_come_in_during_the_race_give_nobody_a_second_unit(bowl, psp):
    """Ready-made test 1, webhooks: the winner's payment is told of, again and again, meanwhile."""
    psp.fault({"on": "capture", "do": "drop", "times": 1})
    carts = make_carts(bowl)
    tries = [lambda b=buyer, c=cart: buy_by_card(c, b) for buyer, cart in carts.items()]

    *results, brought, again = race(*tries, *[lambda: bring_while_they_try(psp)] * 2)
    provider_events.deal_with_due()

    assert (brought, again) == (3, 3)
    require_one_winner(results)
    order = Order.objects.get()
    payment = order.payments.get()
    assert (order.state, payment.state) == ("paid", "captured")
    assert psp.amounts("capture", payment.uuid) == [order.total_minor]
    assert psp.amounts("refund", payment.uuid) == []
    assert stock_of(bowl) == (1, 1)


def buy_by_card(cart, buyer) -> Order:
    """The answer to the winner's payment is lost. The others ask for the unit until it is told."""
    order, ends = None, time.monotonic() + 20
    while order is None:
        try:
            order = place(cart, buyer=buyer)
        except OutOfStock:
            if Payment.objects.filter(state="captured").exists() or time.monotonic() > ends:
                raise
    payments.start(order=order, method="stripe", details={"payment_method": "pm_card_visa"})
    return order


def bring_while_they_try(psp) -> int:
    """Bring the provider's word three times over as soon as there is any. Returns how often."""
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        attempt = Payment.objects.first()
        events = attempt and told(psp, attempt.uuid, "payment_intent.succeeded")
        if events:
            answers = [bring(Client(), events[0]).status_code for _ in range(3)]
            assert set(answers) == {200}
            return len(answers)
        time.sleep(0.01)
    raise TimeoutError("the provider told nothing")
