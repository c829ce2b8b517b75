"""The socket of one open conversation: its buyer's, and its shop's members'.

Who they are is asked at the beginning and before every frame, through the same rows as the pages
and the API: a seat may be lost while the socket is open.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import datetime

from channels.db import database_sync_to_async

from chat.frames import for_side, frame
from chat.models import Conversation, Side
from chat.open_pages import OpenConversations
from chat.services import messaging, reading
from marketflow.core import rate_limits
from marketflow.core.realtime import (
    NOT_SIGNED_IN,
    NOT_YOURS,
    Frame,
    NotUnderstood,
    PushConsumer,
    TurnAway,
    apush,
)

SAID = ("message", "changed")
# Seconds. Presence lasts longer than the minute in which a socket is asked whether it may stay.
REFRESHED_AFTER = 30


class ChatConsumer(PushConsumer):
    COMMANDS = {
        "send": "post",
        "typing": "typing",
        "read": "read",
        "here": "look",
        "gone": "look_away",
    }
    is_looked_at = False

    async def admit(self) -> None:
        if not self.user.is_authenticated:
            raise TurnAway(NOT_SIGNED_IN)
        conversation = await self._find()
        if conversation is None:
            raise TurnAway(NOT_YOURS)
        self.conversation, self.side = conversation, conversation.side_of(self.user)
        self.shared = self.hub.companion(OpenConversations).of(conversation)
        try:
            await self.shared.enter(self)
            await self._tell_who_is_here()
            # Until it says otherwise, an open page is one that is looked at.
            await self.look({})
        except BaseException:
            await self.shared.leave(self)
            raise

    @classmethod
    def allowed(cls, sockets: list[ChatConsumer]) -> set[ChatConsumer]:
        signed_in = super().allowed(sockets)
        asked = defaultdict(set)
        for socket in signed_in:
            asked[socket.user].add(socket.conversation.pk)
        theirs = set()
        for user, pks in asked.items():
            rows = Conversation.objects.visible_to(user).filter(pk__in=pks)
            theirs |= {(user, pk) for pk in rows.values_list("pk", flat=True)}
        return {socket for socket in signed_in if (socket.user, socket.conversation.pk) in theirs}

    async def stays(self) -> None:
        if self.is_looked_at and self.shared.looked_before(self.user, REFRESHED_AFTER):
            await self.look({})

    async def pushed(self, event: Frame) -> None:
        if event["type"] == "typing":
            await self._tell_typing(event)
        elif event["type"] == "left":
            await self._look_on(event)
        elif event["type"] in SAID and self.side == Side.BUYER:
            await self.send_json(for_side(event, self.side))
        else:
            await self.send_json(event)

    async def _tell_typing(self, event: Frame) -> None:
        """To everybody but who types. Who that is of the shop is not said."""
        if event["by"] != self.user.pk:
            await self.send_json({key: event[key] for key in ("type", "author", "side")})

    async def _look_on(self, event: Frame) -> None:
        """A page of the same person in another process was left, and this one is still before
        them."""
        if event["by"] == self.user.pk and self.is_looked_at:
            await self.look({})

    async def missed(self) -> None:
        """What was said is read once for all who are in it: the socket may stay, if it may be
        here at all. What was missed may be that its person was signed out."""
        self.check_soon()

    async def disconnect(self, code: int) -> None:
        await self.shared.leave(self)
        await self.look_away({})

    # --- what may be asked

    async def post(self, content: dict) -> None:
        """No echo here: the message comes back through the group, like everybody else's."""
        client_id, body = _uuid(content.get("client_id")), content.get("body")
        if not isinstance(body, str):
            raise NotUnderstood
        known = await self._post(client_id, body)
        if known:
            # Sent again after its answer was lost: only this page still waits for it.
            await self.send_json(for_side({"type": "message", **known}, self.side))

    async def typing(self, content: dict) -> None:
        name = self.conversation.name_of(self.side)
        await apush(
            self.conversation.group, "typing", author=name, side=self.side, by=self.user.pk
        )

    async def read(self, content: dict) -> None:
        seq = content.get("seq")
        if isinstance(seq, bool) or not isinstance(seq, int) or not 0 <= seq < 2**31:
            raise NotUnderstood
        await self._read(seq)

    async def look(self, content: dict) -> None:
        self.is_looked_at = True
        self.shared.looked(self.user, await self._look())

    async def look_away(self, content: dict) -> None:
        was_looked_at, self.is_looked_at = self.is_looked_at, False
        seen_at = self.shared.looked_last(self.user) if was_looked_at else None
        if seen_at:
            await self._leave(seen_at)

    # --- the database

    @database_sync_to_async
    def _find(self) -> Conversation | None:
        address = self.scope["url_route"]["kwargs"]["uuid"]
        rows = Conversation.objects.visible_to(self.user).with_people()
        return rows.filter(uuid=address).first()

    @database_sync_to_async
    def _post(self, client_id: uuid.UUID, body: str) -> dict | None:
        """What was said before with this `client_id`; None for what is new."""
        rate_limits.count("message", f"user:{self.user.pk}")
        message = messaging.post(
            conversation=self.conversation, author=self.user, client_id=client_id, body=body
        )
        return frame(message) if message.is_repeated else None

    @database_sync_to_async
    def _read(self, seq: int) -> None:
        reading.read(conversation=self.conversation, reader=self.user, seq=seq)

    @database_sync_to_async
    def _look(self) -> datetime:
        return reading.look(conversation=self.conversation, person=self.user)

    @database_sync_to_async
    def _leave(self, seen_at: datetime) -> None:
        reading.leave(conversation=self.conversation, person=self.user, seen_at=seen_at)

    async def _tell_who_is_here(self) -> None:
        other = Side.SHOP if self.side == Side.BUYER else Side.BUYER
        is_here, seq = await self._state_of(other)
        await self.send_json({"type": "presence", "side": other, "is_here": is_here})
        await self.send_json({"type": "read", "side": other, "seq": seq})

    @database_sync_to_async
    def _state_of(self, side: Side) -> tuple[bool, int]:
        conversation = self.conversation
        return reading.is_here(conversation, side), reading.read_seq(conversation, side)


def _uuid(text: object) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except (AttributeError, TypeError, ValueError):
        raise NotUnderstood from None
