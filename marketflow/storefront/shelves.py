"""Rows of cards beside a page's own matter: fresh, popular, seen before. One look-up for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import F, QuerySet, Subquery, Sum, Window
from django.db.models.functions import RowNumber

from accounts.models import Shop
from catalog.models import Product, StockMovement
from catalog.querysets import load_cards
from catalog.services import recommendations

FEATURED_SECONDS = 600
BACK_SECONDS = 60
MOST_FEATURED = 4
PICTURES_EACH = 3
LATEST_MOVEMENTS = 500


Rows = dict[str, list[Product]]


@dataclass(frozen=True)
class Shelf:
    """The first `most` of `products`, told again in Python: which ones, and in what order."""

    products: QuerySet
    holds: Callable[[Product], bool]
    key: Callable[[Product], object]
    most: int

    def pick(self, products: Iterable[Product]) -> list[Product]:
        held = [product for product in products if self.holds(product)]
        return sorted(held, key=self.key, reverse=True)[: self.most]


def fill(*, beside: Sequence[Product] = (), **shelves: Shelf | list[int]) -> Rows:
    """The products of each shelf (or of each list of ids) as cards, in three queries together.

    What is no longer listed is left out. Products `beside` are given the same along the way, and
    each card its `affinity` to them.
    """
    # One union of ids: with OR between them the database would read the whole table.
    parts = [_ids(shelf) for shelf in shelves.values()]
    wanted = parts[0].union(*parts[1:]) if len(parts) > 1 else parts[0]
    listed = Product.objects.listed().filter(pk__in=wanted).select_related("shop")
    found = (recommendations.with_affinity(listed, beside) if beside else listed).in_bulk()
    load_cards([*found.values(), *beside])
    return {
        name: [found[pk] for pk in shelf if pk in found]
        if isinstance(shelf, list)
        else shelf.pick(found.values())
        for name, shelf in shelves.items()
    }


def fresh(most: int = 10) -> Shelf:
    products = Product.objects.listed().order_by("-published_at", "-pk")[:most]
    return Shelf(products, lambda one: True, lambda one: (one.published_at, one.pk), most)


def more_from_shop(product: Product, most: int = 5) -> Shelf:
    products = Product.objects.listed().filter(shop=product.shop_id).exclude(pk=product.pk)
    return _popular(
        products, lambda one: one.shop_id == product.shop_id and one.pk != product.pk, most
    )


def bought_together(product: Product, most: int = 5) -> Shelf:
    """What is bought with it and can be had."""
    first = recommendations.companions(product.pk)[:most]
    products = Product.objects.listed().filter(pk__in=first.values("other"))
    return Shelf(
        products,
        lambda one: bool(one.affinity) and not one.is_sold_out,
        lambda one: (one.affinity, -one.pk),
        most,
    )


def similar(product: Product, most: int = 10) -> Shelf:
    """What else is popular in its category, of other shops."""
    products = Product.objects.listed().filter(category=product.category_id)
    if product.category_id is None:
        products = products.none()
    others = products.exclude(shop=product.shop_id)
    return _popular(
        others,
        lambda one: one.category_id == product.category_id and one.shop_id != product.shop_id,
        most,
    )


def _popular(products: QuerySet, holds: Callable[[Product], bool], most: int) -> Shelf:
    first = products.order_by("-units_sold", "-pk")[:most]
    return Shelf(first, holds, lambda one: (one.units_sold, one.pk), most)


def _ids(shelf: Shelf | list[int]) -> QuerySet:
    chosen = shelf if isinstance(shelf, list) else shelf.products.values("pk")
    # Within a union SQLite wants no limit; inside this it may have one.
    return Product.objects.filter(pk__in=chosen).order_by().values("pk")


def back_in_stock(most: int = 5) -> list[int]:
    """Products that had run out and whose shelf was filled lately. Known for a minute."""
    found = cache.get("back-in-stock")
    if found is None:
        found = _back_in_stock()
        cache.set("back-in-stock", found, BACK_SECONDS)
    return found[:most]


def featured_shops() -> list[tuple[int, list[int]]]:
    """The shops that sold most, each with its best products. Known for ten minutes."""
    found = cache.get("featured-shops")
    if found is None:
        found = _featured_shops()
        cache.set("featured-shops", found, FEATURED_SECONDS)
    return found


def _back_in_stock() -> list[int]:
    latest = StockMovement.objects.order_by("-pk").values("pk")[:1]
    receipts = StockMovement.objects.filter(
        pk__gt=Subquery(latest) - LATEST_MOVEMENTS,
        kind=StockMovement.Kind.RECEIPT,
        stock_item__on_hand__gt=F("stock_item__allocated"),
        # Nothing lay there before: all there is came with the last delivery, or after it.
        stock_item__on_hand__lte=F("delta"),
        stock_item__variant__is_active=True,
    )
    ids = receipts.order_by("-pk").values_list("stock_item__variant__product", flat=True)
    return list(dict.fromkeys(ids))


def _featured_shops() -> list[tuple[int, list[int]]]:
    sold = Product.objects.listed().values("shop").annotate(sold=Sum("units_sold"))
    trading = Shop.objects.trading().values("pk")
    best = sold.filter(shop__in=trading).order_by("-sold", "shop").values("shop")[:MOST_FEATURED]
    products = Product.objects.listed().filter(shop__in=best)
    products = products.annotate(
        place=Window(RowNumber(), partition_by="shop", order_by=["-units_sold", "-pk"]),
        of_shop=Window(Sum("units_sold"), partition_by="shop"),
    ).filter(place__lte=PICTURES_EACH)
    found: dict[int, list[int]] = {}
    for shop, pk in products.order_by("-of_shop", "shop", "place").values_list("shop", "pk"):
        found.setdefault(shop, []).append(pk)
    return list(found.items())
