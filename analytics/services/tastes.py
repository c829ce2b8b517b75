"""What somebody is recommended, by what they bought and wished for lately."""

from __future__ import annotations

from accounts.models import User
from carts.models import WishListItem
from catalog.services import recommendations
from catalog.services.recommendations import Recommended
from orders.models import OrderLine

MOST_SEEDS = 20


def for_person(user: User, *, most: int = recommendations.MOST) -> list[Recommended]:
    """For anybody; who is not signed in, or is new, gets what is popular."""
    if not user.is_authenticated:
        return recommendations.beside([], most=most)
    bought = _bought(user)
    return recommendations.beside(list(dict.fromkeys(bought + _wished(user))), most=most)


def _bought(user: User) -> list[int]:
    lines = OrderLine.objects.bought_by(user).filter(seller_order__order__paid_at__isnull=False)
    latest = lines.order_by("-pk").values_list("variant__product", flat=True)
    return list(latest[:MOST_SEEDS])


def _wished(user: User) -> list[int]:
    wishes = WishListItem.objects.filter(user=user).order_by("-pk")
    return list(wishes.values_list("product", flat=True)[:MOST_SEEDS])
