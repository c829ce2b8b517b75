"""What promotions take off a cart: arithmetic alone, nothing is asked and nothing written.

Each promotion reckons with what those before it have left, so that nothing falls below zero. What
it takes off is one amount, spread over its lines by largest remainder: the parts add up to it to
the minor unit, over as many shops as there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from carts.models import Promotion
from carts.models.promotion import WHOLE
from carts.services.pasts import Past
from marketflow.core.money import Money


@dataclass(frozen=True, kw_only=True)
class Item:
    """A line of the cart. `key` names it; amounts in minor units."""

    key: int
    shop_id: int
    product_id: int
    # Of the product's category; a promotion's category matches what its path begins.
    category_path: str
    unit_price_minor: int
    quantity: int

    @property
    def full_minor(self) -> int:
        return self.unit_price_minor * self.quantity


@dataclass(frozen=True, kw_only=True)
class Sending:
    """How a shop sends its part: the way chosen, and the cheapest there is, in minor units."""

    shop_id: int
    price_minor: int
    cheapest_minor: int


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What one promotion takes off, and how much of that the marketplace pays. Minor units."""

    promotion: Promotion
    # By the key of the line, and by shop for the delivery.
    lines: Mapping[int, int] = field(default_factory=dict)
    lines_funded: Mapping[int, int] = field(default_factory=dict)
    delivery: Mapping[int, int] = field(default_factory=dict)
    delivery_funded: Mapping[int, int] = field(default_factory=dict)

    @property
    def goods_minor(self) -> int:
        return sum(self.lines.values())

    @property
    def delivery_minor(self) -> int:
        return sum(self.delivery.values())

    @property
    def discount_minor(self) -> int:
        return self.goods_minor + self.delivery_minor

    @property
    def funded_minor(self) -> int:
        return sum(self.lines_funded.values()) + sum(self.delivery_funded.values())


@dataclass(frozen=True, kw_only=True)
class Idle:
    """Why a promotion takes nothing off: a code, and what is missing to its minimum."""

    reason: str
    missing_minor: int = 0


class Reckoning:
    """Promotions taken off one after the other: `applied` in order, `idle` by primary key."""

    def __init__(self, items: Sequence[Item], sendings: Iterable[Sending]) -> None:
        self.items = list(items)
        self.sendings = {sending.shop_id: sending for sending in sendings}
        self.applied: list[Applied] = []
        self.idle: dict[int, Idle] = {}
        self._left = {item.key: item.full_minor for item in self.items}

    def take_off(self, promotion: Promotion, past: Past) -> None:
        """Apply `promotion` to what is left, or note why it does not apply."""
        mine = [item for item in self.items if concerns(promotion, item)]
        problem = _what_stands_against(promotion, mine, past)
        applied = None if problem else self._apply(promotion, mine)
        if applied and applied.discount_minor:
            for key, amount in applied.lines.items():
                self._left[key] -= amount
            self.applied.append(applied)
        else:
            self.idle[promotion.pk] = problem or Idle(reason="nothing")

    def off_lines(self) -> tuple[Counter[int], Counter[int]]:
        """Discount and the marketplace's part of it, by the key of the line."""
        return _sums(a.lines for a in self.applied), _sums(a.lines_funded for a in self.applied)

    def off_deliveries(self) -> tuple[Counter[int], Counter[int]]:
        """Discount and the marketplace's part of it, by shop."""
        parts = self.applied
        return _sums(a.delivery for a in parts), _sums(a.delivery_funded for a in parts)

    def _apply(self, promotion: Promotion, mine: list[Item]) -> Applied:
        if promotion.kind == Promotion.Kind.FREE_SHIPPING:
            delivery = self._delivery({item.shop_id for item in mine})
            funded = _share(delivery, promotion.market_basis_points)
            return Applied(promotion=promotion, delivery=delivery, delivery_funded=funded)
        lines = _AMOUNTS[promotion.kind](promotion, mine, self._left)
        funded = _share(lines, promotion.market_basis_points)
        return Applied(promotion=promotion, lines=lines, lines_funded=funded)

    def _delivery(self, shop_ids: set[int]) -> dict[int, int]:
        """The price of the cheapest way: who wants a dearer one pays the difference."""
        gone, _funded = self.off_deliveries()
        return {
            shop_id: min(sending.cheapest_minor, sending.price_minor - gone[shop_id])
            for shop_id, sending in sorted(self.sendings.items())
            if shop_id in shop_ids
        }


def concerns(promotion: Promotion, item: Item) -> bool:
    """Whether it is about this line. Needs `PromotionQuerySet.with_goods`."""
    if promotion.shop_id not in (None, item.shop_id):
        return False
    if not promotion.has_products and not promotion.branches:
        return True
    if str(item.product_id) in promotion.products_here.split(","):
        return True
    # Without branches there is one empty text, and every path would begin with it.
    paths = filter(None, promotion.branches.split(","))
    return any(item.category_path.startswith(path) for path in paths)


def _what_stands_against(promotion: Promotion, mine: list[Item], past: Past) -> Idle | None:
    if promotion.is_used_up:
        return Idle(reason="exhausted")
    if not mine:
        return Idle(reason="nothing")
    missing = promotion.minimum_minor - sum(item.full_minor for item in mine)
    if missing > 0:
        return Idle(reason="minimum", missing_minor=missing)
    if promotion.first_order_only and past.has_ordered:
        return Idle(reason="first_order")
    most = promotion.max_per_buyer
    if most is not None and past.times_used(promotion.pk) >= most:
        return Idle(reason="used")
    return None


def _percent(promotion: Promotion, mine: list[Item], left: Mapping[int, int]) -> dict[int, int]:
    whole = sum(left[item.key] for item in mine)
    return _spread(_half_up(whole * promotion.basis_points, WHOLE), mine, left)


def _amount(promotion: Promotion, mine: list[Item], left: Mapping[int, int]) -> dict[int, int]:
    whole = sum(left[item.key] for item in mine)
    return _spread(min(promotion.amount_minor or 0, whole), mine, left)


def _buy_get(promotion: Promotion, mine: list[Item], left: Mapping[int, int]) -> dict[int, int]:
    """Of every so many units, the cheapest are given: the buyer pays for the dearer ones."""
    buy, get = promotion.buy_quantity or 0, promotion.get_quantity or 0
    given = sum(item.quantity for item in mine) // (buy + get) * get
    lines = {}
    for item in sorted(mine, key=lambda item: (item.unit_price_minor, item.key)):
        units = min(given, item.quantity)
        given -= units
        exact = left[item.key] * units * promotion.basis_points
        lines[item.key] = _half_up(exact, item.quantity * WHOLE)
    return {key: amount for key, amount in lines.items() if amount}


_AMOUNTS = {
    Promotion.Kind.PERCENT: _percent,
    Promotion.Kind.AMOUNT: _amount,
    Promotion.Kind.BUY_GET: _buy_get,
}


def _spread(amount: int, mine: list[Item], left: Mapping[int, int]) -> dict[int, int]:
    keys = [item.key for item in mine if left[item.key]]
    return _split(amount, {key: left[key] for key in keys})


def _share(parts: Mapping[int, int], basis_points: int) -> dict[int, int]:
    """That part of every amount; the whole is rounded once, half up, then spread like it."""
    return _split(_half_up(sum(parts.values()) * basis_points, WHOLE), parts)


def _split(amount: int, weights: Mapping[int, int]) -> dict[int, int]:
    if not amount:
        return {}
    # The currency plays no part in sharing out.
    shares = Money(amount, "").split(list(weights.values()))
    return {key: share.amount for key, share in zip(weights, shares, strict=True)}


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def _sums(parts: Iterable[Mapping[int, int]]) -> Counter[int]:
    sums: Counter[int] = Counter()
    for part in parts:
        sums.update(part)
    return sums
