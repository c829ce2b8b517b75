"""Which promotions a cart meets, and in which order they are taken off it.

First those that apply by themselves, then coupons; of each, first the shops' own, then the
market's, by position. A cart has one coupon of each shop and one of the market: the latest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.timezone import now

from accounts.models import Shop
from carts.models import CartLine, Promotion
from carts.models.promotion import CODE
from carts.services.discounts import Idle, Item, Reckoning, Sending
from carts.services.pasts import Past
from marketflow.core.money import Money

# A code may be known to several shops: each of them gives what it means by it.
Slot = int | None


@dataclass(frozen=True, kw_only=True)
class Coupon:
    """A coupon that lies in a cart. `reason` is empty where it takes something off, else a code:

    `unknown`, `ended`, `exhausted`, `used`, `first_order`, `minimum` or `nothing`.
    """

    code: str
    promotion: Promotion | None
    reason: str = ""
    missing_minor: int = 0

    @property
    def name(self) -> str:
        return self.promotion.name if self.promotion else ""

    @property
    def missing(self) -> Money:
        return Money(self.missing_minor, self.promotion.currency if self.promotion else "")

    @property
    def is_used_up(self) -> bool:
        """By everybody, or by this buyer."""
        return self.reason in ("exhausted", "used")

    @property
    def shop_id(self) -> Slot:
        return self.promotion.shop_id if self.promotion else None

    @property
    def shop(self) -> Shop | None:
        return self.promotion.shop if self.promotion else None


def normal(code: str) -> str:
    """One spelling for one code; empty for what can't be one."""
    code = code.strip().upper()
    return code if re.fullmatch(CODE, code) else ""


def find(lines: Sequence[CartLine], codes: Sequence[str]) -> list[Promotion]:
    """All that may concern these lines, in one statement; in none where nothing can.

    `lines` are loaded `with_promoted`.
    """
    if not codes and not any(line.is_promoted for line in lines):
        return []
    shop_ids = {line.variant.product.shop_id for line in lines}
    product_ids = {line.variant.product_id for line in lines}
    found = Promotion.objects.meant_for(shop_ids, codes).with_goods(product_ids)
    return list(found.select_related("shop"))


def reckon(
    promotions: Sequence[Promotion],
    lines: Sequence[CartLine],
    sendings: Sequence[Sending],
    *,
    codes: Sequence[str],
    past: Past,
) -> tuple[Reckoning, list[Coupon]]:
    """Take everything off in order. `codes` are the cart's coupons, the latest last."""
    reckoning = Reckoning([_item(line) for line in lines], sendings)
    chosen = _one_for_each(promotions, codes)
    automatic = [promotion for promotion in promotions if not promotion.is_coupon]
    usable = [promotion for promotion in chosen if promotion.is_running]
    for promotion in sorted([*automatic, *usable], key=_order):
        reckoning.take_off(promotion, past)
    return reckoning, _coupons(chosen, codes, reckoning)


def _order(promotion: Promotion) -> tuple[bool, bool, int, int]:
    is_markets = promotion.shop_id is None
    return promotion.is_coupon, is_markets, promotion.position, promotion.pk


def _one_for_each(promotions: Sequence[Promotion], codes: Sequence[str]) -> list[Promotion]:
    """The coupons that count: of each shop, and of the market, that of the latest code."""
    chosen: dict[Slot, Promotion] = {}
    for code in reversed(codes):
        for promotion in promotions:
            if promotion.code == code:
                chosen.setdefault(promotion.shop_id, promotion)
    return list(chosen.values())


def _coupons(
    chosen: Sequence[Promotion], codes: Sequence[str], reckoning: Reckoning
) -> list[Coupon]:
    by_code: dict[str, list[Promotion]] = {code: [] for code in codes}
    for promotion in chosen:
        by_code[promotion.code].append(promotion)
    return [
        coupon
        for code, found in by_code.items()
        for coupon in ([_coupon(promotion, reckoning) for promotion in found] or [_lost(code)])
    ]


def _coupon(promotion: Promotion, reckoning: Reckoning) -> Coupon:
    if promotion.is_running:
        idle = reckoning.idle.get(promotion.pk, Idle(reason=""))
    else:
        idle = Idle(reason="ended" if promotion.has_ended(now()) else "unknown")
    return Coupon(
        code=promotion.code,
        promotion=promotion,
        reason=idle.reason,
        missing_minor=idle.missing_minor,
    )


def _lost(code: str) -> Coupon:
    return Coupon(code=code, promotion=None, reason="unknown")


def _item(line: CartLine) -> Item:
    product = line.variant.product
    return Item(
        key=line.pk,
        shop_id=product.shop_id,
        product_id=product.pk,
        category_path=line.category_path,
        unit_price_minor=line.variant.price_minor,
        quantity=line.quantity,
    )
