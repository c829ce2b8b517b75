"""Live stock levels: one socket for a page full of products. Anyone may listen."""

from __future__ import annotations

import uuid

from channels.db import database_sync_to_async

from catalog.models import StockItem, Variant
from marketflow.core.realtime import NotUnderstood, PushConsumer

MOST_VARIANTS = 100


class InventoryConsumer(PushConsumer):
    COMMANDS = {"subscribe": "subscribe"}

    async def subscribe(self, content: dict) -> None:
        variants = await self._for_sale(_uuids(content.get("variants")))
        groups = {f"stock.{variant.pk}" for variant in variants}
        if len(self.joined | groups) > MOST_VARIANTS:
            raise NotUnderstood

        await self.join(*groups)
        # Read again after joining: a change in between is told twice, not missed.
        for variant in await self._for_sale([variant.uuid for variant in variants]):
            await self.send_json({"type": "stock", **hint(variant)})

    @database_sync_to_async
    def _for_sale(self, uuids: list[uuid.UUID]) -> list[Variant]:
        return list(Variant.objects.for_sale().filter(uuid__in=uuids).select_related("stock"))


def hint(variant: Variant) -> dict[str, object]:
    """What open pages are told; an untracked variant is always in stock."""
    item: StockItem | None = variant.stock_item
    if item is None:
        return {"variant": str(variant.uuid), "level": "in"}
    item.variant = variant
    return item.hint()


def _uuids(texts: object) -> list[uuid.UUID]:
    if not isinstance(texts, list) or len(texts) > MOST_VARIANTS:
        raise NotUnderstood
    try:
        return [uuid.UUID(text) for text in texts]
    except (AttributeError, TypeError, ValueError):
        raise NotUnderstood from None
