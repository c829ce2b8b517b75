"""The one connection by which a process hears Redis, and which comes back by itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Iterable
from contextvars import Context

import redis
from channels.layers import get_channel_layer
from redis.asyncio import ConnectionPool
from redis.backoff import NoBackoff
from redis.retry import Retry

from marketflow.core.realtime import bus

FIRST_DELAY, LONGEST_DELAY = 0.2, 5.0
# A silent connection is asked whether it lives; Redis may hang without closing it.
PING_AFTER = 5.0
# So long a new socket waits to be heard of; then it opens all the same, and catches up later.
PATIENCE = 1.0
AWAY = (redis.RedisError, OSError, TimeoutError)

logger = logging.getLogger(__name__)


class RedisWire:
    """`hear` takes what is pushed. `lost` is called whenever there is no connection, and told when
    Redis last answered, by the monotonic clock. `complete` is called whenever Redis has confirmed
    every group, and told whether one had been lost."""

    def __init__(
        self,
        hear: Callable[[str, dict], None],
        lost: Callable[[float], None],
        complete: Callable[[bool], None],
    ) -> None:
        self._hear, self._lost, self._complete = hear, lost, complete
        self._groups: dict[str, str] = {}  # by channel
        self._confirmed: dict[str, asyncio.Event] = {}
        self._unconfirmed: set[str] = set()
        self._was_lost = False
        self._answered = time.monotonic()
        self._connection = None
        self._task = asyncio.create_task(self._run(), context=Context())

    async def add(self, groups: Iterable[str], new: Iterable[str]) -> bool:
        """Wait until Redis has confirmed all `groups`, of which `new` are not yet asked for.

        False where it did not within a second.
        """
        channels = [bus.channel(group) for group in new]
        self._groups |= dict(zip(channels, new, strict=True))
        for channel in channels:
            self._confirmed[channel] = asyncio.Event()
        self._unconfirmed |= set(channels)
        waits = [self._confirmed[bus.channel(group)].wait() for group in groups]
        await self._say("SUBSCRIBE", channels)
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*waits)
        except TimeoutError:
            return False
        return True

    async def drop(self, groups: Iterable[str]) -> None:
        channels = [bus.channel(group) for group in groups]
        for channel in channels:
            del self._groups[channel], self._confirmed[channel]
            self._unconfirmed.discard(channel)
        await self._say("UNSUBSCRIBE", channels)

    async def close(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _say(self, command: str, channels: list[str]) -> None:
        # Without a connection nothing is lost: the next one asks for all groups.
        if self._connection and channels:
            with contextlib.suppress(*AWAY):
                await self._connection.send_command(command, *channels)

    async def _run(self) -> None:
        delay = FIRST_DELAY
        while True:
            try:
                await self._listen()
            except AWAY as problem:
                logger.warning("live updates wait for Redis: %s", problem)
                self._lost(self._answered)
            delay = FIRST_DELAY if self._connection else min(delay * 2, LONGEST_DELAY)
            await self._hang_up()
            # Not all processes at once, when Redis comes back.
            await asyncio.sleep(delay * random.uniform(0.5, 1.5))

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            await connection.disconnect(nowait=True)
            self._was_lost = True
            self._unconfirmed = set(self._groups)
            for confirmed in self._confirmed.values():
                confirmed.clear()

    async def _listen(self) -> None:
        connection = _new_connection()
        # Python 3.11's `wait_for` forgets that it was cancelled, if what it waits for is done.
        async with asyncio.timeout(PATIENCE):
            await connection.connect()
        self._connection = connection
        if not self._groups:
            self._was_lost = False
        try:
            # The empty group keeps the connection subscribed when nobody listens.
            await connection.send_command("SUBSCRIBE", bus.channel(""), *self._groups)
            asked = False
            while True:
                answer = await connection.read_response(timeout=PING_AFTER)
                if answer is None and asked:
                    raise redis.ConnectionError("no answer")
                if asked := answer is None:
                    await connection.send_command("PING")
                else:
                    self._answered = time.monotonic()
                    self._take(*answer)
        except asyncio.CancelledError:
            self._connection = None
            await connection.disconnect(nowait=True)
            raise

    def _take(self, kind: bytes, channel: bytes, body: bytes | int | None = None) -> None:
        name = channel.decode()
        if kind == b"message" and name in self._groups:
            event = get_channel_layer().deserialize(body).get("event")
            if event:
                self._hear(self._groups[name], event)
        elif kind == b"subscribe" and name in self._confirmed:
            self._confirmed[name].set()
            self._unconfirmed.discard(name)
            if not self._unconfirmed:
                was_lost, self._was_lost = self._was_lost, False
                self._complete(was_lost)


def _new_connection():
    pool = ConnectionPool.from_url(
        bus.config()["hosts"][0]["address"],
        protocol=2,
        socket_timeout=None,
        socket_connect_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 0),
    )
    return pool.make_connection()
