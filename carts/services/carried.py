"""What a visitor carries through every page: the cart, the wishes, the shops they work for."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Value
from django.http import HttpRequest

from accounts.models import ShopMember
from carts.models import WishListItem
from carts.services import baskets

UNITS, WISH, SHOP = "units", "wish", "shop"


@dataclass(frozen=True)
class Carried:
    units: int = 0
    wished: frozenset[int] = frozenset()
    shops: frozenset[int] = frozenset()


def carried(request: HttpRequest) -> Carried:
    """All in one statement, and in none for a visitor who has nothing."""
    user = getattr(request, "user", None)
    lines = baskets.lines_of(request).order_by().values_list(Value(UNITS), "quantity")
    if user is None or not user.is_authenticated:
        return Carried(units=sum(quantity for _kind, quantity in lines))
    wishes = WishListItem.objects.visible_to(user).order_by()
    seats = ShopMember.objects.filter(user=user).order_by()
    rows = lines.union(
        wishes.values_list(Value(WISH), "product_id"),
        seats.values_list(Value(SHOP), "shop_id"),
        all=True,
    )
    found: dict[str, list[int]] = {UNITS: [], WISH: [], SHOP: []}
    for kind, number in rows:
        found[kind].append(number)
    return Carried(sum(found[UNITS]), frozenset(found[WISH]), frozenset(found[SHOP]))
