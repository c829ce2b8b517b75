"""Prices of wishes: what somebody saw when they saved a product, and when it has fallen below."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import F

from accounts.models import User
from carts.models import WishListItem
from catalog.models import Product
from marketflow.core.money import Money


@dataclass(frozen=True)
class Fall:
    """A product that somebody wishes costs less than they ever saw."""

    user: User
    product: Product
    price: Money


@transaction.atomic
def falls(product_ids: Iterable[int]) -> list[Fall]:
    """Whose wishes among these have become cheaper, each noted so that it is found once.

    A price that rises and falls again is no news: the lowest seen counts. Locks the wishes in
    primary-key order.
    """
    wishes = WishListItem.objects.still_sold().filter(product__in=list(product_ids))
    fallen = list(
        wishes.filter(seen_minor__gt=F("product__price_minor"))
        .select_for_update(of=("self",))
        .select_related("user", "product")
        .order_by("pk")
    )
    for wish in fallen:
        wish.seen_minor = wish.product.price_minor
    WishListItem.objects.bulk_update(fallen, ["seen_minor"])
    currency = settings.MARKETPLACE_CURRENCY
    return [
        Fall(wish.user, wish.product, Money(wish.product.price_minor, currency)) for wish in fallen
    ]
