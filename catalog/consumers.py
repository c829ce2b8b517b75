"""Live stock levels: one socket for a page full of products. Anyone may listen."""

from __future__ import annotations

import uuid

from catalog import live
from catalog.watching import Watch, read_states
from marketflow.core.realtime import NotUnderstood, PushConsumer

# Of one frame, and of one socket: a long list of products with many variants each.
MOST_VARIANTS = 100
MOST_WATCHED = 500


class InventoryConsumer(PushConsumer):
    COMMANDS = {"subscribe": "subscribe", "unsubscribe": "unsubscribe"}

    async def admit(self) -> None:
        self.watched: dict[str, int] = {}
        self.watch = self.hub.companion(Watch)

    async def subscribe(self, content: dict) -> None:
        """Tell the level of each variant at once, and at every change from now on."""
        asked = _uuids(content.get("variants"))
        known = {state["variant"]: pk for pk, state in (await read_states(uuid__in=asked)).items()}
        if len(self.watched.keys() | known.keys()) > MOST_WATCHED:
            raise NotUnderstood

        new = {pk for variant, pk in known.items() if variant not in self.watched}
        self.watched |= known
        await self.watch.add(self, new)
        # Read again after that: a change in between is told twice, not missed.
        states = await read_states(pk__in=known.values())
        self.watch.told(states)
        now = {state["variant"]: state for state in states.values()}
        for variant in asked:
            await self.send_json(now.get(variant) or live.not_for_sale(variant))

    async def unsubscribe(self, content: dict) -> None:
        asked = _uuids(content.get("variants"))
        old = {self.watched.pop(variant) for variant in asked if variant in self.watched}
        await self.watch.drop(self, old)

    async def missed(self) -> None:
        """The watch reads everything again and tells it: the socket may stay."""

    async def disconnect(self, code: int) -> None:
        watched, self.watched = self.watched, {}
        await self.watch.drop(self, set(watched.values()))


def _uuids(texts: object) -> list[str]:
    """Each once, in the order given and as they are usually written."""
    if not isinstance(texts, list) or len(texts) > MOST_VARIANTS:
        raise NotUnderstood
    try:
        return list(dict.fromkeys(str(uuid.UUID(text)) for text in texts))
    except (AttributeError, TypeError, ValueError):
        raise NotUnderstood from None
