"""The conversations that pages have open in this process: what Redis does not tell is read here.

Once for all of them, so that no socket need be closed and come back when Redis was away: while it
is, they are told of messages from the database.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial, reduce
from operator import or_

from channels.db import database_sync_to_async
from django.db import InterfaceError, OperationalError, connection
from django.db.models import Q
from django.utils.timezone import now

from accounts.models import User
from chat.frames import frame
from chat.models import Conversation, Message, Seat, Side
from chat.querysets import changed_since
from marketflow.core.realtime import MISSED, Frame, PushConsumer
from marketflow.core.realtime.hubs import Hub

# Seconds between two looks at the database: while Redis is away, and for who missed something.
PACE, REST = 0.1, 0.5
RETRY = 1.0
# So often, in seconds, who is told that way is asked whether they may be.
PATIENCE = 5.0
# So many conversations in one statement.
AT_ONCE = 100
# Fewer than a socket lets wait. Whoever missed more comes back and reads it page by page.
MOST_TOLD, MOST_EARLY = 50, 10
# By how much the clocks of two processes may differ.
CLOCKS = timedelta(minutes=1)

logger = logging.getLogger(__name__)

# An event for the sockets of the conversation with that primary key.
Told = tuple[int, dict]
Reading = Callable[[dict[int, "OpenConversation"]], list[Told]]


class OpenConversation:
    """A member of the hub in place of the sockets of one conversation, and what they were told."""

    def __init__(self, all_open: OpenConversations, conversation: Conversation) -> None:
        self.pk, self.conversation = conversation.pk, conversation
        self.sockets: set[PushConsumer] = set()
        # Since when what was changed may not have been told.
        self.changes_from = now() - CLOCKS
        # Every message up to this number was told; of those after it, these were.
        self.told = conversation.last_seq
        self._told_early: set[int] = set()
        # When each person's pages said last that they look: by the database's clock, and by ours.
        self._looked: dict[int, tuple[datetime, float]] = {}
        self._all = all_open

    async def enter(self, socket: PushConsumer) -> None:
        """From here on `socket` hears what happens, and its client must read what did before."""
        self.sockets.add(socket)
        await self._all.hub.join(self, {self.conversation.group})
        if self.sockets == {socket}:
            last = await database_sync_to_async(_last_seqs)([self])
            # Still alone, and its client reads only now: nobody need hear what was said meanwhile.
            if self.sockets == {socket}:
                self.told = max(self.told, last.get(self.pk, 0))

    async def leave(self, socket: PushConsumer) -> None:
        self.sockets.discard(socket)
        if not self.sockets:
            self._all.forget(self)
            await self._all.hub.leave(self, {self.conversation.group})

    def hear(self, group: str, frame: Frame) -> None:
        if frame["type"] == MISSED:
            self._all.hub.wake(self)
        elif frame["type"] != "message" or self._is_new(frame["seq"]):
            for socket in list(self.sockets):
                socket.hear(group, frame)

    def _is_new(self, seq: int) -> bool:
        """Two sent at once may overtake each other, and one be read here before it is heard."""
        if seq <= self.told or seq in self._told_early:
            return False
        self._told_early.add(seq)
        while self.told + 1 in self._told_early:
            self.told += 1
            self._told_early.remove(self.told)
        if len(self._told_early) == MOST_EARLY:
            # One of a process that died before it pushed.
            self.catch_up()
        return True

    def looked(self, person: User, seen_at: datetime) -> None:
        """One of the pages of `person` has said so, for all of them here."""
        self._looked[person.pk] = seen_at, time.monotonic()

    def looked_before(self, person: User, seconds: float) -> bool:
        """Whether the last that `person` was said to look is longer ago than that."""
        _seen_at, moment = self._looked.get(person.pk, (None, 0.0))
        return time.monotonic() - moment > seconds

    def looked_last(self, person: User) -> datetime | None:
        """When `person` was said to look for the last time, once no page here is looked at."""
        if any(page.is_looked_at and page.user.pk == person.pk for page in self.sockets):
            return None
        seen_at, _moment = self._looked.pop(person.pk, (None, 0.0))
        return seen_at

    def catch_up(self) -> None:
        self._all.catch_up(self)

    def send_away(self) -> None:
        """There is more to tell than a socket lets wait. Whoever enters now begins anew."""
        self._all.forget(self)
        for socket in list(self.sockets):
            socket.come_back()


class OpenConversations:
    """The hub's only one."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._open: dict[int, OpenConversation] = {}
        self._behind: set[OpenConversation] = set()
        self._task: asyncio.Task | None = None
        # Not that in which the sockets wait for each other, unless all wait for SQLite anyway.
        self._has_own_thread = connection.vendor != "sqlite"
        self._in_a_thread = database_sync_to_async
        if self._has_own_thread:
            self._in_a_thread = partial(
                database_sync_to_async, thread_sensitive=False, executor=ThreadPoolExecutor(1)
            )
        hub.when_deaf(self._begin)

    def of(self, conversation: Conversation) -> OpenConversation:
        """`conversation`, as it was read just now, with who is in it already."""
        self._begin()
        return self._open.setdefault(conversation.pk, OpenConversation(self, conversation))

    def forget(self, page: OpenConversation) -> None:
        self._behind.discard(page)
        if self._is_open(page):
            del self._open[page.pk]

    def catch_up(self, page: OpenConversation) -> None:
        """Something of `page` may have been missed."""
        if self._is_open(page):
            self._behind.add(page)
            self._begin()

    def _is_open(self, page: OpenConversation) -> bool:
        """One that was sent away keeps its sockets until they have ended, beside another."""
        return self._open.get(page.pk) is page

    def _begin(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._tell())

    async def _tell(self) -> None:
        while self._has_work:
            behind, self._behind = self._behind, set()
            pages = set(self._open.values()) if self.hub.is_deaf else behind
            try:
                await self._tell_messages(pages)
                await self._tell_rest(behind)
            except (OperationalError, InterfaceError) as problem:
                logger.warning("open conversations wait for the database: %s", problem)
                self._behind |= behind
                await asyncio.sleep(RETRY)
            except Exception:
                logger.exception("open conversations could not be told what they missed")
                for page in pages | behind:
                    page.send_away()
            await asyncio.sleep(PACE if self.hub.is_deaf else REST)
            if self._has_own_thread and not self._has_work:
                await self._in_a_thread(_hang_up)()

    @property
    def _has_work(self) -> bool:
        return bool(self._behind or (self._open and self.hub.is_deaf))

    async def _tell_messages(self, pages: set[OpenConversation]) -> None:
        last = await self._in_a_thread(_last_seqs)(pages)
        late = {page for page in pages if last.get(page.pk, 0) > page.told}
        for page in late:
            if last[page.pk] - page.told > MOST_TOLD:
                page.send_away()
            # A sign-out, too, may be what nobody heard: since this began, and not before.
            if time.monotonic() - self.hub.deaf_since > PATIENCE:
                for socket in page.sockets:
                    socket.check(PATIENCE)
        await self._pass_on(_new_messages, late)

    async def _tell_rest(self, pages: set[OpenConversation]) -> None:
        moment = now() - CLOCKS
        await self._pass_on(_changed_messages, pages)
        for page in pages:
            page.changes_from = moment
        await self._pass_on(_where_both_stand, pages)

    async def _pass_on(self, read: Reading, pages: set[OpenConversation]) -> None:
        still_open = [page for page in pages if self._is_open(page)]
        for start in range(0, len(still_open), AT_ONCE):
            some = {page.pk: page for page in still_open[start : start + AT_ONCE]}
            events = await self._in_a_thread(read)(some)
            many = Counter(pk for pk, _event in events)
            for pk, event in events:
                if many[pk] <= MOST_TOLD:
                    some[pk].hear("", Frame(event))
            for pk in many:
                if many[pk] > MOST_TOLD:
                    some[pk].send_away()


def _hang_up() -> None:
    """Keep no connection for the next outage."""
    connection.close()


def _last_seqs(pages: Iterable[OpenConversation]) -> dict[int, int]:
    rows = Conversation.objects.filter(pk__in=[page.pk for page in pages])
    return dict(rows.values_list("pk", "last_seq"))


def _new_messages(pages: dict[int, OpenConversation]) -> list[Told]:
    asked = [Q(conversation=pk, seq__gt=page.told) for pk, page in pages.items()]
    return _as_pushed("message", asked, pages)


def _changed_messages(pages: dict[int, OpenConversation]) -> list[Told]:
    """Since they were opened or told last: nobody need know when the outage began."""
    asked = [Q(conversation=pk) & changed_since(page.changes_from) for pk, page in pages.items()]
    return _as_pushed("changed", asked, pages)


def _as_pushed(kind: str, asked: list[Q], pages: dict[int, OpenConversation]) -> list[Told]:
    rows = Message.objects.for_frames().filter(reduce(or_, asked))
    messages = list(rows.order_by("conversation_id", "seq"))
    asked_of = {message.conversation_id for message in messages}
    conversations = Conversation.objects.with_names().in_bulk(asked_of)
    for message in messages:
        message.conversation = conversations[message.conversation_id]
    return [(its.conversation_id, {**frame(its), "type": kind}) for its in messages]


def _where_both_stand(pages: dict[int, OpenConversation]) -> list[Told]:
    """Who is here, who has read how far, and who has left: a page that is still before them
    answers the last."""
    told: list[Told] = []
    seats = defaultdict(list)
    for seat in Seat.objects.filter(conversation__in=pages).with_looking().order_by("pk"):
        seats[seat.conversation_id].append(seat)
    for pk, its in seats.items():
        for side in Side:
            own = [seat for seat in its if seat.side == side]
            is_here = any(seat.is_looking for seat in own)
            told.append((pk, {"type": "presence", "side": side, "is_here": is_here}))
            seq = max((seat.read_seq for seat in own), default=0)
            told.append((pk, {"type": "read", "side": side, "seq": seq}))
        left = [seat.user_id for seat in its if not seat.is_looking]
        told += [(pk, {"type": "left", "by": user_id}) for user_id in left]
    return told
