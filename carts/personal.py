"""What a cart and a wish list say about a person."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from accounts.services.exports import personal
from carts.models import CartLine, WishListItem


@personal("wish_list")
def wish_list_of(user: User) -> list[dict[str, Any]]:
    items = WishListItem.objects.visible_to(user).select_related("product")
    return [{"product": item.product.slug, "added": item.added_at} for item in items]


@personal("carts")
def carts_of(user: User) -> list[dict[str, Any]]:
    lines = CartLine.objects.filter(cart__buyer=user).select_related("variant__product")
    return [
        {"product": line.variant.product.slug, "sku": line.variant.sku, "quantity": line.quantity}
        for line in lines.order_by("pk")
    ]
