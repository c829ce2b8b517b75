"""Somebody's own news on their open pages: what was told just now, and how much is unread."""

from __future__ import annotations

from channels.db import database_sync_to_async

from marketflow.core.realtime import NOT_SIGNED_IN, PushConsumer, TurnAway, user_group
from notifications.services.counts import counts_of


class NotificationConsumer(PushConsumer):
    """It takes no commands: reading is said by HTTP."""

    async def admit(self) -> None:
        if not self.user.is_authenticated:
            raise TurnAway(NOT_SIGNED_IN)
        await self.join(user_group(self.user.pk))
        # Read after joining: what was told in between is told twice, not missed.
        counts = await database_sync_to_async(counts_of)(self.user)
        await self.send_json({"type": "counts", **counts})
