from __future__ import annotations

from datetime import timedelta

import time_machine
from django.utils.timezone import now

from accounts.tests.factories import make_address
from carts.models import Cart
from carts.services import pricing
from carts.tests.factories import fill_cart
from orders.gateways.test import CAPTURED
from orders.models import Order, SellerOrder
from orders.services import checkout, fulfilment, payments
from orders.services.checkout import Delivery


def place(cart: Cart | None, *, buyer=None, quote: str | None = None, **delivery) -> Order:
    """Check out as a shopper who agrees to today's price."""
    address = delivery.pop("address", None) or make_address()
    shipping = delivery.pop("shipping", None)
    if quote is None:
        quote = pricing.price(cart, country=address["country"], shipping=shipping).quote
    return checkout.place_order(
        cart=cart,
        quote=quote,
        buyer=buyer,
        delivery=Delivery(
            email=delivery.pop("email", buyer.email if buyer else "guest@example.test"),
            address=address,
            shipping=shipping,
            **delivery,
        ),
    )


def pay(order: Order, card: str = CAPTURED):
    payment = payments.start(order=order, method="test", details={"card": card})
    order.refresh_from_db()
    return payment


def make_order(buyer, *variants, quantity: int = 1, paid: bool = False, **delivery) -> Order:
    order = place(fill_cart(buyer, *variants, quantity=quantity), buyer=buyer, **delivery)
    if paid:
        pay(order)
    return order


def make_completed(buyer, *variants, quantity: int = 1, days_ago: int = 0) -> SellerOrder:
    """One shop's part of a paid order, sent, arrived and completed: its money is available."""
    with time_machine.travel(now() - timedelta(days=days_ago)):
        part = make_order(buyer, *variants, quantity=quantity, paid=True).seller_orders.get()
        fulfilment.ship(seller_order=part)
        fulfilment.deliver(seller_order=part)
        fulfilment.complete(seller_order=part)
    return part
