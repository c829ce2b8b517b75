"""What a visitor carries through every page: the cart, the wishes, what they wait for, the shops
they work for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet, Value
from django.http import HttpRequest

from accounts.models import ShopMember
from carts.models import BackInStockRequest, WishListItem
from carts.services import baskets

UNITS, WISH, WAIT, SHOP = "units", "wish", "wait", "shop"


@dataclass(frozen=True)
class Carried:
    units: int = 0
    wished: frozenset[int] = frozenset()
    # Variants of which they are told when they are back.
    awaited: frozenset[int] = frozenset()
    shops: frozenset[int] = frozenset()
    # What was counted beside, by its name.
    counts: Counter[str] = field(default_factory=Counter)


def carried(request: HttpRequest, beside: Sequence[QuerySet] = ()) -> Carried:
    """All in one statement, and in none for a visitor who has nothing.

    `beside` is what apps above count for somebody signed in, as pairs of a name and a number: the
    same statement reads it, and adds the numbers of a name up.
    """
    user = getattr(request, "user", None)
    lines = baskets.lines_of(request).order_by().values_list(Value(UNITS), "quantity")
    if user is None or not user.is_authenticated:
        return Carried(units=sum(quantity for _kind, quantity in lines))
    wishes = WishListItem.objects.visible_to(user).order_by()
    waits = BackInStockRequest.objects.visible_to(user).waiting().order_by()
    seats = ShopMember.objects.filter(user=user).order_by()
    rows = lines.union(
        wishes.values_list(Value(WISH), "product_id"),
        waits.values_list(Value(WAIT), "variant_id"),
        seats.values_list(Value(SHOP), "shop_id"),
        *beside,
        all=True,
    )
    found: dict[str, list[int]] = defaultdict(list)
    for kind, number in rows:
        found[kind].append(number)
    units = sum(found.pop(UNITS, []))
    wished, awaited, shops = (frozenset(found.pop(kind, [])) for kind in (WISH, WAIT, SHOP))
    counts = Counter({name: sum(numbers) for name, numbers in found.items()})
    return Carried(units, wished, awaited, shops, counts)
