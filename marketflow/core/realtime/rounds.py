"""Who may still be here, asked for many sockets of a process at once."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from contextvars import Context
from typing import TYPE_CHECKING

from channels.db import database_sync_to_async
from django.db import InterfaceError, OperationalError

if TYPE_CHECKING:
    from marketflow.core.realtime.consumer import PushConsumer
    from marketflow.core.realtime.hubs import Hub

# Seconds in which others are waited for that ask the same.
PACE = 0.5
# So many sockets in one question, which holds up what others ask of the database.
AT_ONCE = 100

logger = logging.getLogger(__name__)


class Rounds:
    """The hub's only ones. What they find decides only who stays: any other socket asks by itself,
    and learns why."""

    def __init__(self, hub: Hub) -> None:
        self._loop = hub.loop
        self._waiting: set[PushConsumer] = set()
        self._task: asyncio.Task | None = None

    def ask(self, socket: PushConsumer) -> None:
        """Have `socket` asked with the next round, within some `PACE` seconds."""
        self._waiting.add(socket)
        if self._task is None or self._task.done():
            self._task = self._loop.create_task(self._walk(), context=Context())

    async def _walk(self) -> None:
        while self._waiting:
            await asyncio.sleep(PACE)
            waiting, self._waiting = self._waiting, set()
            of_a_kind = defaultdict(list)
            for socket in waiting:
                of_a_kind[type(socket)].append(socket)
            for kind, sockets in of_a_kind.items():
                for start in range(0, len(sockets), AT_ONCE):
                    await self._ask(kind, sockets[start : start + AT_ONCE])

    async def _ask(self, kind: type[PushConsumer], sockets: list[PushConsumer]) -> None:
        asked = [socket for socket in sockets if not socket.closing]
        if not asked:
            return
        try:
            staying = await database_sync_to_async(kind.allowed)(asked)
        except (OperationalError, InterfaceError) as problem:
            logger.warning("%s sockets find no database: %s", len(asked), problem)
            return
        except Exception:
            logger.exception("%s sockets could not be asked at once", len(asked))
            staying = set()
        for socket in asked:
            socket.learn(socket in staying)
