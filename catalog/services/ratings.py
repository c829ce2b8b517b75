"""What buyers think of a product on average: counted by orders, kept here for lists to read."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from catalog.models import Product

CENT = Decimal("0.01")


def hold(*, product_id: int) -> None:
    """Lock the product: who counts its ratings next waits until this transaction has ended.

    Counted under the lock, the average never misses a review that commits at the same time.
    """
    Product.objects.select_for_update(no_key=True).values_list("pk").get(pk=product_id)


def replace(*, product_id: int, count: int, stars: int) -> None:
    """Keep what `count` ratings with `stars` in all come to. The caller holds the product."""
    average = Decimal(stars) / count if count else Decimal(0)
    Product.objects.filter(pk=product_id).update(
        rating_average=average.quantize(CENT, ROUND_HALF_UP), rating_count=count
    )
