"""What a priced cart is made of: everything that a cart page shows and a checkout charges.

The `quote` stands for everything to be paid: who confirms it confirms goods, discounts, delivery,
VAT and total, to the cent.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property

from django.conf import settings

from accounts.models import Shop
from carts.models import Cart, CartLine, Promotion, ShippingOption
from carts.services import tax
from carts.services.baskets import free_units, is_for_sale
from carts.services.discounts import Applied
from carts.services.promotions import Coupon
from catalog.models import Variant
from marketflow.core.money import Money


@dataclass(frozen=True)
class PricedLine:
    """A line of the cart at today's price."""

    line: CartLine
    tax_basis_points: int
    discount_minor: int = 0
    # The part of the discount that the marketplace pays the shop.
    funded_minor: int = 0

    @property
    def variant(self) -> Variant:
        return self.line.variant

    @property
    def quantity(self) -> int:
        return self.line.quantity

    @property
    def unit_price(self) -> Money:
        return self.variant.price

    @property
    def full_price(self) -> Money:
        return self.unit_price * self.quantity

    @property
    def discount(self) -> Money:
        return Money(self.discount_minor, self.variant.currency)

    @cached_property
    def total(self) -> Money:
        return self.full_price - self.discount

    @property
    def tax_included(self) -> Money:
        return Money(tax.included(self.total.amount, self.tax_basis_points), self.total.currency)

    @property
    def old_price(self) -> Money | None:
        """The price last shown, where it has changed since."""
        seen = self.line.seen_price_minor
        if seen is None or seen == self.variant.price_minor:
            return None
        return Money(seen, self.variant.currency)

    @cached_property
    def free(self) -> int | None:
        """Units that can be had now; None: as many as wanted."""
        return free_units(self.variant) if self.is_for_sale else 0

    @cached_property
    def is_for_sale(self) -> bool:
        return is_for_sale(self.variant)

    @property
    def issue(self) -> str:
        """Why it can't be bought as it is: `unavailable`, `sold_out`, `short` or nothing."""
        if not self.is_for_sale:
            return "unavailable"
        if self.free == 0:
            return "sold_out"
        return "short" if self.free is not None and self.free < self.quantity else ""

    @property
    def is_gone(self) -> bool:
        """Whether none of it can be had now."""
        return self.free == 0


@dataclass(frozen=True)
class PricedOption:
    """A way of delivery and what it costs for these goods."""

    option: ShippingOption
    price: Money
    is_chosen: bool


@dataclass(frozen=True)
class PricedDiscount:
    """What a promotion takes off: of one shop's part, or of the whole cart."""

    promotion: Promotion
    goods: Money
    delivery: Money

    @classmethod
    def of(cls, applied: Applied, goods_minor: int, delivery_minor: int) -> PricedDiscount:
        currency = settings.MARKETPLACE_CURRENCY
        return cls(
            applied.promotion, Money(goods_minor, currency), Money(delivery_minor, currency)
        )

    @property
    def name(self) -> str:
        return self.promotion.name

    @property
    def code(self) -> str:
        return self.promotion.code

    @property
    def payer(self) -> str:
        return self.promotion.payer

    @property
    def amount(self) -> Money:
        return self.goods + self.delivery


@dataclass(frozen=True)
class PricedGroup:
    """One shop's part of the cart."""

    shop: Shop
    lines: list[PricedLine]
    options: list[PricedOption]
    shipping_basis_points: int
    discounts: list[PricedDiscount] = field(default_factory=list)
    shipping_discount_minor: int = 0
    shipping_funded_minor: int = 0

    @property
    def currency(self) -> str:
        return settings.MARKETPLACE_CURRENCY

    @cached_property
    def goods(self) -> Money:
        """At full price."""
        return sum((line.full_price for line in self.lines), start=Money(0, self.currency))

    @cached_property
    def discount(self) -> Money:
        """Off the goods."""
        return sum((line.discount for line in self.lines), start=Money(0, self.currency))

    @property
    def needs_shipping(self) -> bool:
        return any(line.variant.needs_shipping for line in self.lines)

    @property
    def option(self) -> ShippingOption | None:
        """The way chosen, the cheapest until one is; None where nothing is sent or can be."""
        return next((choice.option for choice in self.options if choice.is_chosen), None)

    @property
    def is_all_gone(self) -> bool:
        return all(line.is_gone for line in self.lines)

    @property
    def is_undeliverable(self) -> bool:
        return self.needs_shipping and not self.options

    @property
    def shipping(self) -> Money:
        """What the buyer pays for the delivery."""
        chosen = [choice.price for choice in self.options if choice.is_chosen]
        full_price = chosen[0] if chosen else Money(0, self.currency)
        return full_price - self.shipping_discount

    @property
    def shipping_discount(self) -> Money:
        return Money(self.shipping_discount_minor, self.currency)

    @property
    def shipping_tax(self) -> Money:
        amount = tax.included(self.shipping.amount, self.shipping_basis_points)
        return Money(amount, self.currency)

    @property
    def total(self) -> Money:
        return self.goods - self.discount + self.shipping

    @property
    def tax_included(self) -> Money:
        return sum((line.tax_included for line in self.lines), start=self.shipping_tax)

    @property
    def missing_for_free_delivery(self) -> Money | None:
        """How much more would make the chosen delivery free."""
        option = self.option
        if option is None or option.free_above_minor is None or not self.shipping.amount:
            return None
        return Money(option.free_above_minor - self.goods.amount, self.currency)


@dataclass(frozen=True)
class PricedCart:
    """Everything a cart page shows and a checkout charges."""

    cart: Cart | None
    country: str
    groups: list[PricedGroup] = field(default_factory=list)
    saved: list[PricedLine] = field(default_factory=list)
    # What is not bought now: saved for later, or of a shop that is not asked this time.
    left: list[CartLine] = field(default_factory=list)
    # Every promotion that takes something off, once for the whole cart, in their order.
    applied: list[Applied] = field(default_factory=list)
    coupons: list[Coupon] = field(default_factory=list)

    @property
    def currency(self) -> str:
        return settings.MARKETPLACE_CURRENCY

    @property
    def lines(self) -> list[PricedLine]:
        return [line for group in self.groups for line in group.lines]

    @property
    def is_empty(self) -> bool:
        return not self.groups

    @property
    def has_several_shops(self) -> bool:
        return len(self.groups) > 1

    @property
    def size(self) -> int:
        return sum(line.quantity for line in self.lines)

    @cached_property
    def goods(self) -> Money:
        return self._sum(group.goods for group in self.groups)

    @cached_property
    def discount(self) -> Money:
        """Off the goods. What is taken off deliveries is not in `shipping` any more."""
        return self._sum(group.discount for group in self.groups)

    @property
    def discounts(self) -> list[PricedDiscount]:
        return [
            PricedDiscount.of(one, one.goods_minor, one.delivery_minor) for one in self.applied
        ]

    @cached_property
    def shipping(self) -> Money:
        return self._sum(group.shipping for group in self.groups)

    @property
    def full_shipping(self) -> Money:
        """Before promotions."""
        return self._sum(group.shipping + group.shipping_discount for group in self.groups)

    @cached_property
    def tax_included(self) -> Money:
        return self._sum(group.tax_included for group in self.groups)

    @cached_property
    def total(self) -> Money:
        return self._sum(group.total for group in self.groups)

    @property
    def issues(self) -> list[PricedLine]:
        return [line for line in self.lines if line.issue]

    @property
    def is_all_gone(self) -> bool:
        """Whether nothing of it can be had now."""
        return all(group.is_all_gone for group in self.groups)

    @property
    def changed_prices(self) -> list[PricedLine]:
        return [line for line in self.lines if line.old_price and not line.issue]

    @property
    def undeliverable(self) -> list[PricedGroup]:
        return [group for group in self.groups if group.is_undeliverable]

    @cached_property
    def quote(self) -> str:
        """Opaque: changes when anything to be paid does."""
        text = json.dumps(self._to_be_paid(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:40]

    def _to_be_paid(self) -> dict[str, object]:
        return {
            "country": self.country,
            "total": self.total.amount,
            "currency": self.currency,
            "groups": [
                {
                    "shop": group.shop.slug,
                    "option": str(group.option.uuid) if group.option else "",
                    "shipping": group.shipping.amount,
                    "shipping_tax": group.shipping_tax.amount,
                    "lines": [
                        [
                            str(line.variant.uuid),
                            line.quantity,
                            line.unit_price.amount,
                            line.discount_minor,
                            line.tax_included.amount,
                        ]
                        for line in sorted(group.lines, key=lambda line: line.variant.pk)
                    ],
                }
                for group in sorted(self.groups, key=lambda group: group.shop.slug)
            ],
        }

    def _sum(self, amounts) -> Money:
        return sum(amounts, start=Money(0, self.currency))
