"""What a cart costs: the one function that pages, API and checkout ask.

Prices, stock, promotions and delivery are read anew each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import BigIntegerField

from accounts.models import Shop
from carts.models import Cart, CartLine, ShippingOption
from carts.services import pasts, promotions, tax
from carts.services.discounts import Applied, Reckoning, Sending
from carts.services.pasts import Past
from carts.services.priced import (
    PricedCart,
    PricedDiscount,
    PricedGroup,
    PricedLine,
    PricedOption,
)
from catalog.models import TaxClass
from marketflow.core.compiled import CompiledQuery

__all__ = ["PricedCart", "PricedGroup", "PricedLine", "PricedOption", "price"]

_lines_alone = CompiledQuery(
    lambda cart: CartLine.objects.filter(cart_id=cart).with_goods().with_promoted(),
    cart=BigIntegerField(),
)
_offered_by = CompiledQuery(
    lambda shops: ShippingOption.objects.offered().filter(shop__pk__in=shops),
    shops=BigIntegerField(),
)


def price(
    cart: Cart | None,
    *,
    country: str = "",
    shipping: Mapping[str, str] | None = None,
    coupons: Sequence[str] | None = None,
    past: Past | None = None,
    shop: str = "",
    pictures: bool = True,
) -> PricedCart:
    """Price what is in `cart`, as sent to `country` by the `shipping` options chosen.

    `country` is an ISO code; without it the cart's own counts, else the marketplace's.
    `shipping` is {shop slug: option uuid}; without it the cart's own choices count, and each
    shop's cheapest where none was made or the choice does not reach the country. `coupons` are
    codes, the cart's own without them. `past` is what promotions may ask about the buyer; without
    it, about the cart's. With `shop`, a slug, only what that shop sells is to be bought, and the
    lines of others are `left`. Who shows no `pictures` saves loading them.
    """
    country = country or (str(cart.country) if cart else "") or settings.MARKETPLACE_COUNTRY
    if cart is None:
        return PricedCart(cart=None, country=country)

    rates = tax.rates(country)
    lines = _lines(cart, pictures=pictures)
    wanted_now = [line for line in lines if not line.is_saved]
    to_buy = [line for line in wanted_now if not shop or line.variant.product.shop.slug == shop]
    codes = cart.coupons if coupons is None else coupons
    parts = _parts(to_buy, country, cart.shipping if shipping is None else shipping)
    reckoning, found = promotions.reckon(
        promotions.find(to_buy, codes),
        to_buy,
        [part.sending for part in parts if part.options],
        codes=codes,
        past=past or pasts.of(cart),
    )
    return PricedCart(
        cart=cart,
        country=country,
        groups=_groups(parts, reckoning, rates),
        saved=[PricedLine(line, _rate(line, rates)) for line in lines if line.is_saved],
        left=[line for line in lines if line not in to_buy],
        applied=reckoning.applied,
        coupons=found,
    )


def _lines(cart: Cart, *, pictures: bool) -> list[CartLine]:
    if pictures:
        return list(cart.lines.with_goods().with_promoted().with_pictures())
    lines = _lines_alone.list(cart=cart.pk)
    for line in lines:
        line.cart = cart
    return lines


@dataclass(frozen=True)
class _Part:
    """One shop's part before anything is taken off."""

    shop: Shop
    lines: list[CartLine]
    options: list[PricedOption]

    @property
    def sending(self) -> Sending:
        prices = {option.is_chosen: option.price.amount for option in self.options}
        cheapest = min(option.price.amount for option in self.options)
        return Sending(shop_id=self.shop.pk, price_minor=prices[True], cheapest_minor=cheapest)


def _parts(lines: list[CartLine], country: str, chosen: Mapping[str, str]) -> list[_Part]:
    by_shop: dict[int, list[CartLine]] = {}
    for line in lines:
        by_shop.setdefault(line.variant.shop_id, []).append(line)
    offered: dict[int, list[ShippingOption]] = {}
    for option in _offered_by.list(shops=list(by_shop)) if by_shop else ():
        if option.reaches(country):
            offered.setdefault(option.shop_id, []).append(option)

    parts = []
    for shop_id, part in by_shop.items():
        shop = part[0].variant.product.shop
        options = _priced(part, offered.get(shop_id, []), chosen.get(shop.slug, ""))
        parts.append(_Part(shop, part, options))
    return parts


def _priced(
    lines: list[CartLine], options: list[ShippingOption], chosen: str
) -> list[PricedOption]:
    if not options or not any(line.variant.needs_shipping for line in lines):
        return []
    # At full price: a coupon never makes a delivery dearer.
    goods = sum(line.variant.price_minor * line.quantity for line in lines)
    prices = [(option, option.price_for(goods)) for option in options]
    cheapest = min(prices, key=lambda pair: pair[1].amount)[0]
    wanted = next((option for option, _ in prices if str(option.uuid) == chosen), cheapest)
    return [PricedOption(option, price, option is wanted) for option, price in prices]


def _groups(
    parts: list[_Part], reckoning: Reckoning, rates: Mapping[str, int]
) -> list[PricedGroup]:
    off, funded = reckoning.off_lines()
    off_delivery, delivery_funded = reckoning.off_deliveries()
    return [
        PricedGroup(
            shop=part.shop,
            lines=[
                PricedLine(line, _rate(line, rates), off[line.pk], funded[line.pk])
                for line in part.lines
            ],
            options=part.options,
            shipping_basis_points=rates.get(TaxClass.STANDARD, 0),
            discounts=_discounts(part, reckoning.applied),
            shipping_discount_minor=off_delivery[part.shop.pk],
            shipping_funded_minor=delivery_funded[part.shop.pk],
        )
        for part in parts
    ]


def _rate(line: CartLine, rates: Mapping[str, int]) -> int:
    return rates.get(line.variant.product.tax_class, 0)


def _discounts(part: _Part, applied: list[Applied]) -> list[PricedDiscount]:
    """What each promotion takes off this part."""
    found = [
        PricedDiscount.of(
            one,
            sum(one.lines.get(line.pk, 0) for line in part.lines),
            one.delivery.get(part.shop.pk, 0),
        )
        for one in applied
    ]
    return [discount for discount in found if discount.amount.amount]
