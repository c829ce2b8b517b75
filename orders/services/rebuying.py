"""Buying the same again, or what was not paid in time."""

from __future__ import annotations

from carts.models import Cart
from carts.services import baskets
from catalog.services.inventory import OutOfStock
from marketflow.core.errors import Refusal
from orders.models import Order, OrderLine


def fill_cart(*, cart: Cart, order: Order) -> list[OrderLine]:
    """Put the items of `order` into `cart`, as many as there are. Returns those left out."""
    lines = OrderLine.objects.filter(seller_order__order=order).select_related(
        "variant__product__shop"
    )
    return [line for line in lines.order_by("pk") if not _add(cart, line, line.quantity)]


def _add(cart: Cart, line: OrderLine, quantity: int) -> bool:
    try:
        baskets.add(cart, line.variant, quantity)
    except OutOfStock as shortage:
        lying = cart.lines.filter(variant=line.variant_id, is_saved=False).first()
        rest = shortage.facts["items"][0]["available"] - (lying.quantity if lying else 0)
        return 0 < rest < quantity and _add(cart, line, rest)
    except Refusal:
        return False
    return True
