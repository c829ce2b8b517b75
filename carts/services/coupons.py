"""The coupons in a cart: typed in, taken out, merged."""

from __future__ import annotations

from dataclasses import asdict

from django.db import transaction

from carts.models import Cart
from carts.services import baskets, pricing, promotions
from marketflow.core.errors import Refusal
from marketflow.core.money import Money


class CouponUnknown(Refusal):
    """No coupon of a shop in the cart, nor of the market. Those of other shops are no answer."""

    code = "coupon_unknown"
    message = "Check the code: it is not known for what is in your cart."


class CouponEnded(Refusal):
    code = "coupon_ended"
    message = "This code has ended."


class CouponExhausted(Refusal):
    code = "coupon_exhausted"
    message = "This code has been used up."


class CouponNotApplicable(Refusal):
    """`reason` is `minimum` (then `missing` says how much), `first_order` or `nothing`."""

    code = "coupon_not_applicable"
    message = "This code takes nothing off what is in your cart."


ONLY_FIRST = "This code is for a first order."
USED_BEFORE = "You have used this code as often as it can be."


@transaction.atomic
def apply(*, cart: Cart, code: str) -> Cart:
    """Put a coupon in the cart; one of the same shop, or of the market, makes room for it.

    Locks the cart. Raises `CouponUnknown`,
    `CouponEnded`, `CouponExhausted` or `CouponNotApplicable`; then nothing has changed. Nothing
    is used before the order is placed.
    """
    cart = baskets.locked(cart)
    wanted = promotions.normal(code)
    if not wanted:
        raise CouponUnknown
    codes = [other for other in cart.coupons if other != wanted]
    priced = pricing.price(cart, coupons=[*codes, wanted], pictures=False)
    mine = [coupon for coupon in priced.coupons if coupon.code == wanted and coupon.promotion]
    if not mine:
        raise CouponUnknown
    if all(coupon.reason for coupon in mine):
        raise _refusal(mine[0], priced)
    # Codes that no longer count for anybody are not carried on.
    kept = {coupon.code for coupon in priced.coupons if coupon.promotion}
    cart.coupons = [other for other in codes if other in kept][1 - baskets.MOST_COUPONS :] + [
        wanted
    ]
    cart.save(update_fields=["coupons"])
    return cart


@transaction.atomic
def remove(*, cart: Cart, code: str) -> Cart:
    """Take a coupon out. One that is not there is out already. Locks the cart."""
    cart = baskets.locked(cart)
    cart.coupons = [other for other in cart.coupons if other != promotions.normal(code)]
    cart.save(update_fields=["coupons"])
    return cart


def _refusal(coupon: promotions.Coupon, priced: pricing.PricedCart) -> Refusal:
    match coupon.reason:
        case "unknown":
            return CouponUnknown()
        case "ended":
            return CouponEnded()
        case "exhausted":
            return CouponExhausted()
        case "used":
            return CouponExhausted(USED_BEFORE)
        case "first_order":
            return CouponNotApplicable(ONLY_FIRST, reason="first_order")
    missing = Money(coupon.missing_minor, priced.currency)
    facts = {"missing": asdict(missing)} if missing.amount else {}
    return CouponNotApplicable(reason=coupon.reason, **facts)
