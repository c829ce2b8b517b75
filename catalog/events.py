from __future__ import annotations

from dataclasses import dataclass

from marketflow.core.events import Event


@dataclass(frozen=True, kw_only=True)
class StockChanged(Event):
    stock_item_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class ProductChanged(Event):
    product_ids: list[int]
