"""What open pages are told of the stock, and telling them that it changed.

What is pushed says only that a variant changed; the processes that have the sockets read what
holds now. So two changes that overtake each other on the way can't leave a page with the older.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, OuterRef

from catalog.models import StockItem, Variant
from marketflow.core.realtime import push


def stock_changed(stock_item_ids: Iterable[int]) -> None:
    """Tell open pages once the transaction has committed."""
    ids = list(stock_item_ids)
    transaction.on_commit(lambda: _tell(StockItem, "variant_id", pk__in=ids), robust=True)


def stock_changed_of(variant_ids: Iterable[int]) -> None:
    """As `stock_changed`, for who knows the variants' primary keys: asks the database nothing."""
    ids = list(variant_ids)
    transaction.on_commit(lambda: _push(ids), robust=True)


def products_changed(product_ids: Iterable[int]) -> None:
    """Tell open pages, once it is committed, that these may be on sale now, or not any more."""
    ids = list(product_ids)
    transaction.on_commit(lambda: _tell(Variant, "pk", product__in=ids), robust=True)


def group_of(variant_id: int) -> str:
    """Those who watch a variant."""
    return f"stock.{variant_id}"


def states(**which: object) -> dict[int, dict[str, object]]:
    """What pages may know of these variants, by primary key: one query.

    The number is told only when few are left. What is not for sale is out, for whatever reason.
    """
    on_sale = Exists(Variant.objects.for_sale().filter(pk=OuterRef("pk")))
    variants = Variant.objects.filter(**which).select_related("stock").annotate(on_sale=on_sale)
    return {variant.pk: _state(variant) for variant in variants}


def not_for_sale(variant: object) -> dict[str, object]:
    """Of what is not for sale; the same whether it is unknown, a draft or gone."""
    return {"type": "stock", "variant": str(variant), "level": "out", "for_sale": False}


def _state(variant: Variant) -> dict[str, object]:
    if not variant.on_sale:
        return not_for_sale(variant.uuid)
    state = {"type": "stock", "variant": str(variant.uuid), "level": variant.level}
    return state | ({"available": variant.available} if variant.level == "low" else {})


def _tell(model: type, column: str, **which: object) -> None:
    _push(model.objects.filter(**which).values_list(column, flat=True))


def _push(variant_ids: Iterable[int]) -> None:
    for variant_id in variant_ids:
        push(group_of(variant_id), "stock")
