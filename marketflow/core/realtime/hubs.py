"""One ear per process: hears each group once, and hands it to the process's own sockets."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import time
from collections import Counter, deque
from collections.abc import Callable
from contextvars import Context
from typing import Protocol, TypeVar

from django.conf import settings

from marketflow.core.realtime.frames import Frame
from marketflow.core.realtime.lines import GRACE, Line

T = TypeVar("T")

# A server event loop has one hub while it has sockets. Tests have many loops.
_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}
# After an outage not everybody asks for what was missed in the same moment.
SPREAD = 3.0
# Seconds for which a process that could not reach Redis does not try again to push anything.
SILENCE = 1.0
# Clients that are closed and have not read why: each may hold some 200 KiB.
MOST_UNREAD = 100


class Member(Protocol):
    """A socket, as the hub sees it."""

    def hear(self, group: str, frame: Frame) -> None: ...

    def catch_up(self) -> None:
        """Something may have been missed."""


def tell_all(group: str, event: dict) -> None:
    """Let every hub of this process hear; from any thread."""
    for hub in list(_hubs.values()):
        with contextlib.suppress(RuntimeError):  # its loop has just ended
            # Not in the sender's context: it would go on into whatever its hearers do.
            hub.loop.call_soon_threadsafe(hub.hear, group, event, context=Context())


def has_anybody(group: str) -> bool:
    """Whether a socket of this process is in `group`; from any thread."""
    return any(group in hub.rooms for hub in list(_hubs.values()))


def of_this_loop() -> Hub:
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub(loop)
    return _hubs[loop]


class Hub:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.owners: Counter[str] = Counter()
        self.rooms: dict[str, set[Member]] = {}
        # Whether something may be pushed now that is not heard here, and since when, by the
        # monotonic clock.
        self.is_deaf, self.deaf_since = False, -math.inf
        self._companions: dict[type, object] = {}
        self._when_deaf: list[Callable[[], None]] = []
        self._waking: deque[asyncio.TimerHandle] = deque()
        self._late: set[Member] = set()
        self._unread: deque[Callable[[], None]] = deque()
        self._wire = self._new_wire()

    def enter(self, owner: str, most: int) -> bool:
        """Count a socket of `owner`, a person or an address; False when they have `most`."""
        if self.owners[owner] >= most:
            return False
        self.owners[owner] += 1
        return True

    async def quit(self, owner: str) -> None:
        """A socket that had entered is gone; the last one turns out the light."""
        self.owners -= Counter([owner])
        if not self.owners:
            _hubs.pop(self.loop, None)
            if self._wire:
                await self._wire.close()

    def let_go(self, line: Line) -> None:
        """A socket is about to be closed: a client that does not read is told all the same, has
        its time to come to it, and is cut off in the end. Of too many the first has had it."""
        if line.is_full:
            self._unread.append(line.cut)
            if len(self._unread) > MOST_UNREAD:
                self._unread.popleft()()
        line.let_pass()
        self.loop.call_later(GRACE, line.cut)

    def companion(self, kind: type[T]) -> T:
        """The hub's only one of a `kind` that takes the hub: a member in place of many sockets."""
        if kind not in self._companions:
            self._companions[kind] = kind(self)
        return self._companions[kind]

    def when_deaf(self, call: Callable[[], None]) -> None:
        """Have `call` called whenever the hub begins to be deaf, such as to ask the database
        until `is_deaf` ends."""
        self._when_deaf.append(call)

    async def join(self, member: Member, groups: set[str]) -> None:
        """From here on `member` hears the groups; what was pushed before may be missed."""
        new = {group for group in groups if group not in self.rooms}
        for group in groups:
            self.rooms.setdefault(group, set()).add(member)
        if self._wire and not await self._wire.add(groups, new):
            self._late.add(member)

    async def leave(self, member: Member, groups: set[str]) -> None:
        for group in groups:
            self.rooms[group].discard(member)
        empty = {group for group in groups if not self.rooms[group]}
        for group in empty:
            del self.rooms[group]
        if self._wire and empty:
            await self._wire.drop(empty)

    def hear(self, group: str, event: dict) -> None:
        frame = Frame(event)
        for member in list(self.rooms.get(group, ())):
            member.hear(group, frame)

    def _lost(self, heard_until: float = math.inf) -> None:
        # Whom they would wake is woken after the next time that all groups are heard.
        while self._waking:
            self._waking.popleft().cancel()
        if not self.is_deaf:
            self.is_deaf, self.deaf_since = True, min(heard_until, time.monotonic())
            for call in self._when_deaf:
                call()

    def _complete(self, was_lost: bool) -> None:
        """All groups are heard again, and told again once no process keeps silent any more."""
        self._waking.append(self.loop.call_later(SILENCE, self._wake_deaf, was_lost))

    def _wake_deaf(self, was_lost: bool) -> None:
        self._waking.popleft()
        self.is_deaf = False
        deaf = set().union(*self.rooms.values()) if was_lost else self._late
        self._late = set()
        self.wake(*deaf)

    def wake(self, *members: Member) -> None:
        """They may have missed something and must look for themselves, by and by."""
        for member in members:
            self.loop.call_later(random.uniform(0, SPREAD), member.catch_up)

    def _new_wire(self):
        if not settings.REDIS_URL:
            return None
        from marketflow.core.realtime.redis_wire import RedisWire

        return RedisWire(self.hear, self._lost, self._complete)
