"""Changing the prices of many products at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.models import Product, Variant
from catalog.models.product import MOST_MINOR
from catalog.services import listing
from marketflow.core.errors import Refusal


class PriceOutOfRange(Refusal):
    code = "price_out_of_range"
    message = _("With this change a price would be too large.")


@dataclass(frozen=True)
class PriceChange:
    """Either a price for all, or a percentage up (10) or down (-10)."""

    amount_minor: int | None = None
    percent: Decimal = Decimal(0)

    def of(self, price_minor: int) -> int:
        if self.amount_minor is not None:
            return self.amount_minor
        changed = Decimal(price_minor) * (100 + self.percent) / 100
        return int(changed.quantize(Decimal(1), rounding=ROUND_HALF_UP))


@transaction.atomic
def reprice(*, products: Iterable[Product], change: PriceChange) -> int:
    """Give every variant of `products` its new price. Returns how many changed.

    A former price that is no longer above the price is dropped. Locks the variants in
    primary-key order. Raises `PriceOutOfRange`; publishes `ProductChanged` for each product.
    """
    products = list(products)
    variants = Variant.objects.select_for_update().filter(product__in=products).order_by("pk")
    changed = [variant for variant in variants if _apply(variant, change)]
    Variant.objects.bulk_update(changed, ["price_minor", "compare_at_minor"], batch_size=500)
    if changed:
        listing.refresh(products)
    return len(changed)


def _apply(variant: Variant, change: PriceChange) -> bool:
    price = change.of(variant.price_minor)
    if not 0 <= price <= MOST_MINOR:
        raise PriceOutOfRange(variant=str(variant.uuid))
    is_change = price != variant.price_minor
    variant.price_minor = price
    if variant.compare_at_minor is not None and variant.compare_at_minor <= price:
        variant.compare_at_minor = None
    return is_change
