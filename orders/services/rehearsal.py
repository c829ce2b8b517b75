"""Rehearsals: a shop, goods and buyers made to run the checkout against, by the real services.

For `stress_checkout` and the gauntlet. The shop has no members, its buyers are guests under a
name that can't exist, and nobody is written to. Afterwards it is closed and its goods archived;
orders and their money stay, as all books do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.db import transaction
from django.utils.crypto import get_random_string
from django.utils.timezone import now

from accounts.models import Shop
from accounts.services import shops
from carts.models import Cart, ShippingOption
from carts.services import baskets, pricing
from catalog.models import Product, Variant
from catalog.services import editing
from marketflow.core.money import Money
from orders.services.checkout import Delivery

COUNTRY = "IE"
ADDRESS = {
    "name": "Rehearsal",
    "line1": "1 Mill Lane",
    "line2": "",
    "postcode": "D02 X285",
    "city": "Dublin",
    "region": "",
    "country": COUNTRY,
    "phone": "",
}


@dataclass(frozen=True)
class Buyer:
    """A guest with a filled cart. `quote` is what it costs sent to ADDRESS."""

    name: str
    cart: Cart
    token: str
    quote: str
    variants: tuple[Variant, ...]

    @property
    def email(self) -> str:
        return f"{self.name}@rehearsal.invalid"

    @cached_property
    def delivery(self) -> Delivery:
        return Delivery(email=self.email, address=ADDRESS)


@transaction.atomic
def open_shop(stock: int, skus: int = 1, *, price_minor: int = 2000) -> list[Variant]:
    """`stock` units spread over `skus` variants of a shop of its own."""
    slug = f"rehearsal-{get_random_string(8, '23456789abcdefghjkmnpqrstuvwxyz')}"
    shop = Shop.objects.create(
        name="Rehearsal", slug=slug, state=Shop.State.OPEN, country=COUNTRY, opened_at=now()
    )
    currency = settings.MARKETPLACE_CURRENCY
    ShippingOption.objects.create(shop=shop, name="Standard", price_minor=500, currency=currency)
    price, each, rest = Money(price_minor, currency), *divmod(stock, skus)
    made = []
    for number in range(skus):
        on_hand = each + (number < rest)
        product = editing.create_product(
            shop=shop,
            title=f"Rehearsal {slug[-8:]} {number + 1}",
            state=Product.State.PUBLISHED,
            variants=[{"price": price, "on_hand": on_hand}],
        )
        made.append(product.pk)
    variants = Variant.objects.filter(product__in=made).select_related("product__shop", "stock")
    return list(variants.order_by("pk"))


def invite(contents: Iterable[Sequence[Variant]], *, coupon: str = "") -> list[Buyer]:
    """A buyer for each of `contents`, with one unit of each variant and `coupon` in the cart."""
    contents = [tuple(variants) for variants in contents]
    quotes: dict[frozenset[int], str] = {}
    buyers = []
    opened = baskets.open_many(contents)
    if coupon:
        Cart.objects.filter(pk__in=[cart.pk for cart, _ in opened]).update(coupons=[coupon])
    for (cart, token), variants in zip(opened, contents, strict=True):
        goods = frozenset(variant.pk for variant in variants)
        if goods not in quotes:
            cart.coupons = [coupon] if coupon else []
            quotes[goods] = pricing.price(cart, country=COUNTRY, pictures=False).quote
        name = f"buyer-{cart.pk}"
        buyers.append(Buyer(name, cart, token, quotes[goods], variants))
    return buyers


@transaction.atomic
def close_shop(shop: Shop) -> None:
    """Take the goods off the market and suspend the shop."""
    for product in shop.products.all():
        editing.archive_product(product=product)
    shops.suspend(shop=shop, reason="A rehearsal of the checkout.")
