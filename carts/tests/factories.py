from __future__ import annotations

from carts.models import Cart, Promotion, ShippingOption
from carts.services import baskets


def make_shipping(shop, *, price: int = 500, **fields) -> ShippingOption:
    values = {"name": "Standard", "currency": "EUR"} | fields
    return ShippingOption.objects.create(shop=shop, price_minor=price, **values)


def fill_cart(buyer, *variants, quantity: int = 1) -> Cart:
    """The open cart of `buyer`, of a new guest for None. Each shop can send what is in it."""
    if buyer is None:
        token_hash = baskets.hash_of(baskets.new_token())
        cart = Cart.objects.create(token_hash=token_hash)
    else:
        cart, _ = Cart.objects.open().get_or_create(buyer=buyer)
    for variant in variants:
        if not variant.shop.shipping_options.exists():
            make_shipping(variant.shop)
        baskets.add(cart, variant, quantity)
    return cart


def make_promotion(
    shop=None,
    *,
    percent: int | None = None,
    off: int | None = None,
    categories=(),
    products=(),
    **fields,
) -> Promotion:
    """A running promotion of `shop`, of the market for None: so many percent, or an amount off."""
    kind = "amount" if off is not None else "percent"
    values = {
        "kind": kind,
        "name": "Spring sale",
        "currency": "EUR",
        "basis_points": 10_000 if percent is None else percent * 100,
        "amount_minor": off,
    } | fields
    promotion = Promotion(shop=shop, **values)
    promotion.full_clean(exclude=["currency"])
    promotion.save()
    promotion.categories.set(categories)
    promotion.products.set(products)
    return promotion
