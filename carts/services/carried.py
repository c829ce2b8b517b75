"""What a visitor carries through every page: units in the cart, and wishes for the hearts."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Value
from django.http import HttpRequest

from carts.models import WishListItem
from carts.services import baskets

UNITS, WISH = "units", "wish"


@dataclass(frozen=True)
class Carried:
    units: int = 0
    wished: frozenset[int] = frozenset()


def carried(request: HttpRequest) -> Carried:
    """Both in one statement, and in none for a visitor who has neither."""
    user = getattr(request, "user", None)
    lines = baskets.lines_of(request).order_by().values_list(Value(UNITS), "quantity")
    if user is None or not user.is_authenticated:
        return Carried(units=sum(quantity for _kind, quantity in lines))
    wishes = WishListItem.objects.visible_to(user).order_by()
    rows = list(lines.union(wishes.values_list(Value(WISH), "product_id"), all=True))
    return Carried(
        units=sum(number for kind, number in rows if kind == UNITS),
        wished=frozenset(number for kind, number in rows if kind == WISH),
    )
