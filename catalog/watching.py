"""The variants that the sockets of this process look at: read once per change, told to all."""

from __future__ import annotations

import asyncio
import logging

from channels.db import database_sync_to_async
from django.db import InterfaceError, OperationalError

from catalog import live
from marketflow.core.realtime import Frame, PushConsumer
from marketflow.core.realtime.hubs import Hub

# A variant that changes all the time is told so often; the last state always gets through.
PACE = 0.25
# A shop's holidays begin without a change, and a hint may be lost: all is read again.
SWEEP = 60.0
RETRY = 1.0

logger = logging.getLogger(__name__)
read_states = database_sync_to_async(live.states)


class Watch:
    """A member of the hub in place of all sockets that watch stock."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._sockets: dict[int, set[PushConsumer]] = {}
        self._told: dict[int, dict] = {}
        self._changed: set[int] = set()
        self._task: asyncio.Task | None = None
        self._sweep: asyncio.TimerHandle | None = None

    async def add(self, socket: PushConsumer, variant_ids: set[int]) -> None:
        """From here on `socket` is told of every change. Read the states after this."""
        for pk in variant_ids:
            self._sockets.setdefault(pk, set()).add(socket)
        if self._sweep is None:
            self._sweep = self._hub.loop.call_later(SWEEP, self._sweep_all)
        await self._hub.join(self, {live.group_of(pk) for pk in variant_ids})

    async def drop(self, socket: PushConsumer, variant_ids: set[int]) -> None:
        for pk in variant_ids:
            self._sockets[pk].discard(socket)
        gone = {pk for pk in variant_ids if not self._sockets[pk]}
        for pk in gone:
            del self._sockets[pk]
            self._told.pop(pk, None)
        if not self._sockets and self._sweep:
            self._sweep.cancel()
            self._sweep = None
        await self._hub.leave(self, {live.group_of(pk) for pk in gone})

    def hear(self, group: str, frame: Frame) -> None:
        self._look_again({int(group.rpartition(".")[2])})

    def catch_up(self) -> None:
        self._look_again(set(self._sockets))

    def _look_again(self, variant_ids: set[int]) -> None:
        self._changed |= variant_ids
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._tell())

    async def _tell(self) -> None:
        while self._changed:
            changed, self._changed = self._changed & self._sockets.keys(), set()
            try:
                now = await read_states(pk__in=changed)
            except (OperationalError, InterfaceError) as problem:
                logger.warning("open pages wait for the stock: %s", problem)
                self._changed |= changed
                await asyncio.sleep(RETRY)
                continue
            for pk in changed:
                self._send(pk, now.get(pk) or self._gone(pk))
            await asyncio.sleep(PACE)

    def _send(self, pk: int, state: dict | None) -> None:
        if state:
            self._told[pk] = state
            frame = Frame(state)
            for socket in list(self._sockets.get(pk, ())):
                socket.hear("", frame)

    def _gone(self, pk: int) -> dict | None:
        return live.not_for_sale(self._told[pk]["variant"]) if pk in self._told else None

    def _sweep_all(self) -> None:
        self._sweep = self._hub.loop.call_later(SWEEP, self._sweep_all)
        self._sweeping = asyncio.ensure_future(self._tell_differences())

    async def _tell_differences(self) -> None:
        watched = set(self._sockets)
        try:
            now = await read_states(pk__in=watched)
        except (OperationalError, InterfaceError) as problem:
            logger.warning("the stock is not read again: %s", problem)
            return
        for pk in watched & self._told.keys():
            state = now.get(pk) or self._gone(pk)
            if state != self._told[pk]:
                self._send(pk, state)

    def told(self, states: dict[int, dict]) -> None:
        """A socket has just been told these, which were read after it was added."""
        self._told |= {pk: state for pk, state in states.items() if pk in self._sockets}
