from __future__ import annotations

import asyncio
import json
import logging
import random
import time
import uuid
from collections import deque
from collections.abc import Coroutine, Mapping
from typing import Self

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import InterfaceError, OperationalError

from marketflow.core import rate_limits
from marketflow.core.errors import Refusal
from marketflow.core.realtime import codes, hubs
from marketflow.core.realtime.codes import TurnAway
from marketflow.core.realtime.credentials import PROTOCOL, Credential, that_hold
from marketflow.core.realtime.frames import MISSED, Frame, encode
from marketflow.core.realtime.lines import Line
from marketflow.core.realtime.pushing import RECHECK, REVOKE, control_group
from marketflow.core.realtime.rounds import Rounds

MOST_BYTES = 65_536
MOST_WAITING = 100
RECHECK_AFTER = 60.0
# Whoever goes on after so many refused frames in a row is not listening.
MOST_REFUSED = 20
# Of a `client_id`: a UUID's.
LONGEST_NAME = 36

logger = logging.getLogger(__name__)


class PushConsumer(AsyncWebsocketConsumer):
    """One socket: obeys the commands it names, and sends on what is pushed to its groups.

    A subclass says in `admit` who may come in, in `allowed` who may stay, in `COMMANDS` what may
    be asked, and in `pushed` what of its groups is sent on. `disconnect` is called once for every
    socket that was admitted.
    """

    # The type of a frame, and the method that obeys it.
    COMMANDS: Mapping[str, str] = {}

    # --- what a subclass may say

    async def admit(self) -> None:
        """Authorise and join groups, or raise `TurnAway`. The client is not in yet; frames that
        are sent already are the first it gets."""

    @classmethod
    def allowed(cls, sockets: list[Self]) -> set[Self]:
        """Those of `sockets`, all of this class, whose person may (still) be here: from a thread,
        and of the database once for all of them. Asked before each command, every minute, and
        when something about them changed; any other is closed with 4403, or 4401 if the person
        is not signed in any more."""
        good = that_hold({socket.credential for socket in sockets})
        return {socket for socket in sockets if socket.credential in good}

    async def stays(self) -> None:
        """The person may still be here: that was asked just now."""

    async def pushed(self, event: Frame) -> None:
        """What arrives from a group. All sockets share `event`: never change it."""
        await self.send_json(event)

    async def missed(self) -> None:
        """Something may have been pushed and not heard: Redis was away, or too slow to be told.

        Who reconnects reads the truth again, so the socket is closed and the page comes back.
        """
        self.come_back()

    # --- what a subclass may call

    async def join(self, *groups: str) -> None:
        new = set(groups) - self.joined
        self.joined |= new
        await self.hub.join(self, new)

    async def leave(self, *groups: str) -> None:
        old = set(groups) & self.joined
        self.joined -= old
        await self.hub.leave(self, old)

    async def send_json(self, content: object) -> None:
        if self.closing:
            return
        text = content.text if isinstance(content, Frame) else encode(content)
        if self._is_open:
            await self.base_send({"type": "websocket.send", "text": text})
        else:
            self._early.append(text)

    async def refuse(self, code: str, **facts: object) -> None:
        """Answer a frame that is not obeyed; the socket stays open."""
        await self.send_json({**facts, "type": "error", "code": code})

    def come_back(self) -> None:
        """Close the socket because the client must read again."""
        self._run(self.close(codes.COME_BACK))

    def check(self, pause: float) -> None:
        """Ask whether the person may still be here, unless that is `pause` seconds ago at most."""
        if not self.closing and time.monotonic() - self._checked > pause:
            self._checked = time.monotonic()
            self.check_soon()

    def check_soon(self) -> None:
        """Ask that, for all sockets at once that ask it within half a second."""
        self.hub.companion(Rounds).ask(self)

    def learn(self, may_stay: bool) -> None:
        """What was found when that was asked. Who should not stay is asked why."""
        if not self.closing:
            self._run(self.stays() if may_stay else self.require_allowed())

    async def require_allowed(self) -> None:
        """Raise `TurnAway` where the person may not be here any more."""
        if self not in await database_sync_to_async(self.allowed)([self]):
            signed_in = await self.credential.holds()
            raise TurnAway(codes.NOT_YOURS if signed_in else codes.NOT_SIGNED_IN)
        await self.stays()

    async def turn_away(self, code: int) -> None:
        """Close the socket and end."""
        await self.close(code)
        raise StopConsumer

    async def close(self, code: int | None = None, reason: str | None = None) -> None:
        if self.closing:
            return
        # A browser learns the code only of a socket that was open.
        await self._open()
        self.closing = True
        self.waiting.clear()
        if self._writer and self._writer is not asyncio.current_task():
            self._writer.cancel()
        await self._leave_all()
        self.hub.let_go(self.line)
        await self.base_send({"type": "websocket.close", "code": code or 1000})

    # --- coming and going

    async def __call__(self, scope: dict, receive, send) -> None:
        self.scope, self.base_send = scope, send
        self.credential = scope.get("credential") or Credential(scope.get("user"))
        self.user = self.credential.user
        self.line = scope.get("line") or Line()
        self.joined: set[str] = set()
        self.waiting: deque[Frame] = deque()
        self.closing = self.admitted = self._is_open = False
        self._early: list[str] = []
        self._code = 1006
        self._checked = time.monotonic()
        self._refused = 0
        self._writer: asyncio.Task | None = None
        self._errands: set[asyncio.Task] = set()
        self.line.when_unanswered(lambda: self._run(self.close(codes.TOO_SLOW)))
        self.hub = hubs.of_this_loop()
        owner, most = self._owner()
        entered = self.hub.enter(owner, most)
        try:
            await self._live(receive, entered)
        except StopConsumer:
            pass
        finally:
            await self._end()
            if entered:
                await self.hub.quit(owner)

    def _owner(self) -> tuple[str, int]:
        if self.user.is_authenticated:
            return f"user:{self.user.pk}", settings.SOCKETS_PER_USER
        return f"address:{rate_limits.address_in(self.scope)}", settings.SOCKETS_PER_ADDRESS

    async def _live(self, receive, entered: bool) -> None:
        await receive()  # websocket.connect
        try:
            if not entered:
                raise TurnAway(codes.TOO_MANY)
            await self._admit()
            await self._open()
            while True:
                await self._take(await receive())
        except TurnAway as away:
            await self.turn_away(away.code)

    async def _admit(self) -> None:
        if self.user.is_authenticated:
            await self.join(control_group(self.user.pk))
        try:
            # Read again after joining: a sign-out in between is not missed.
            if not await self.credential.holds():
                raise TurnAway(codes.NOT_SIGNED_IN)
            await self.admit()
        except (OperationalError, InterfaceError) as problem:
            logger.warning("a socket finds no database: %s", problem)
            raise TurnAway(codes.LATER) from problem
        self.admitted = True
        self._recheck_later()

    async def _open(self) -> None:
        """Answer the handshake: whoever reads the truth from now on is told of all that comes
        after. Open before it had joined, it would miss what was said in between."""
        if self._is_open:
            return
        self._is_open = True
        offered = PROTOCOL in self.scope.get("subprotocols", ())
        await self.accept(PROTOCOL if offered else None)
        for text in self._early:
            await self.base_send({"type": "websocket.send", "text": text})
        self._write_soon()

    async def _end(self) -> None:
        self.closing = True
        self.waiting.clear()
        for task in [self._writer, *self._errands]:
            if task and task is not asyncio.current_task():
                task.cancel()
        await self._leave_all()
        if self.admitted:
            self._timer.cancel()
            await self._finish(self.disconnect(self._code))

    async def _leave_all(self) -> None:
        await self.leave(*self.joined)

    # --- what the client says

    async def _take(self, message: dict) -> None:
        if message["type"] == "websocket.disconnect":
            self._code = message.get("code") or 1005
            raise StopConsumer
        if self.closing:
            return
        text = message.get("text")
        if text is None:
            raise TurnAway(codes.NOT_UNDERSTOOD)
        if len(text) > MOST_BYTES or len(text.encode()) > MOST_BYTES:
            raise TurnAway(codes.TOO_LARGE)
        content = decoded(text)
        try:
            await self._obey(content)
            self._refused = 0
        except Refusal as refusal:
            await self._refuse_in_place(refusal, content)
        except (OperationalError, InterfaceError) as problem:
            logger.warning("a frame finds no database: %s", problem)
            await self.refuse("unavailable", **named(content))

    async def _obey(self, content: object) -> None:
        await count_frame("socket_message", self._speaker())
        kind = content.get("type") if isinstance(content, dict) else None
        command = self.COMMANDS.get(kind) if isinstance(kind, str) else None
        if command is None:
            raise NotUnderstood
        await self.require_allowed()
        await getattr(self, command)(content)

    def _speaker(self) -> str:
        # An address may be shared by many; there each socket counts for itself.
        if self.user.is_authenticated:
            return f"user:{self.user.pk}"
        self._name = getattr(self, "_name", None) or uuid.uuid4().hex
        return self._name

    async def _refuse_in_place(self, refusal: Refusal, content: object) -> None:
        self._refused += 1
        if self._refused >= MOST_REFUSED:
            raise TurnAway(codes.TOO_MANY)
        await self.refuse(refusal.code, **named(content))

    # --- what the hub says

    def hear(self, group: str, frame: Frame) -> None:
        if self.closing:
            return
        if self.user.is_authenticated and group == control_group(self.user.pk):
            self._obey_control(frame)
        elif frame["type"] == MISSED:
            self.hub.wake(self)
        elif len(self.waiting) >= MOST_WAITING:
            self._run(self.close(codes.TOO_SLOW))
        else:
            self.waiting.append(frame)
            if self._is_open:
                self._write_soon()

    def catch_up(self) -> None:
        if not self.closing:
            self._run(self.missed())

    def _write_soon(self) -> None:
        if self._writer is None or self._writer.done():
            self._writer = asyncio.ensure_future(self._write())

    async def _write(self) -> None:
        try:
            while self.waiting:
                await self.pushed(self.waiting.popleft())
        except OSError:
            self.waiting.clear()  # the client is gone, and the server will say so
        except TurnAway as away:
            await self.close(away.code)
        except StopConsumer:
            pass
        except Exception:
            logger.exception("a push failed in %s", type(self).__name__)
            await self.close(codes.FAILED)

    def _obey_control(self, frame: Frame) -> None:
        if frame["type"] == REVOKE and frame["session"] in (None, self.credential.session):
            self._run(self.close(codes.NOT_SIGNED_IN))
        elif frame["type"] == RECHECK:
            self._run(self.require_allowed())
        elif frame["type"] == MISSED:
            self.check_soon()

    # --- staying

    def _recheck_later(self) -> None:
        delay = RECHECK_AFTER * random.uniform(0.8, 1.0)
        self._timer = self.hub.loop.call_later(delay, self._recheck)

    def _recheck(self) -> None:
        self._recheck_later()
        self.check_soon()

    def _run(self, errand: Coroutine) -> None:
        # The loop keeps tasks by weak references only.
        task = asyncio.ensure_future(self._finish(errand))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _finish(self, errand: Coroutine) -> None:
        try:
            await errand
        except TurnAway as away:
            await self.close(away.code)
        except (OperationalError, InterfaceError) as problem:
            logger.warning("a socket finds no database: %s", problem)
        except OSError:
            pass  # the client is gone, and the server will say so


class NotUnderstood(Refusal):
    code = "invalid"


count_frame = sync_to_async(rate_limits.count, thread_sensitive=False)


def named(content: object) -> dict[str, str]:
    """Which of several frames under way is meant, where the client gave it a name."""
    name = content.get("client_id") if isinstance(content, dict) else None
    return {"client_id": name} if isinstance(name, str) and len(name) <= LONGEST_NAME else {}


def decoded(text: str) -> object:
    """None for what isn't JSON: it is answered, and must not kill the socket."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
