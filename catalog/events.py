from __future__ import annotations

from dataclasses import dataclass

from marketflow.core.events import Event


@dataclass(frozen=True, kw_only=True)
class StockChanged(Event):
    stock_item_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class ProductChanged(Event):
    product_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class ProductsPublished(Event):
    """They went on sale for the first time. Told of many at once where they came as one."""

    shop_id: int
    product_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class ImportFinished(Event):
    """What somebody started has ended: well, or with a failure that stands on the job."""

    job_id: int
    shop_id: int
    started_by_id: int
