"""What the chat tells the apps above it. The words themselves never travel."""

from __future__ import annotations

from dataclasses import dataclass, field

from marketflow.core.events import Event


@dataclass(frozen=True, kw_only=True)
class MessagePosted(Event):
    """Somebody wrote. `recipient_ids`: the people of the other side who are not looking now.

    `side` is the author's: "buyer" or "shop". `kind` is the message's: "text", "proposal" or
    "event".
    """

    conversation_id: int
    message_id: int
    seq: int
    shop_id: int
    buyer_id: int
    sender_id: int
    side: str
    kind: str = "text"
    recipient_ids: list[int] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ConversationRead(Event):
    """Something of the other side's was read, up to `seq`. `side` is the reader's."""

    conversation_id: int
    reader_id: int
    side: str
    seq: int


@dataclass(frozen=True, kw_only=True)
class ConversationReported(Event):
    """Somebody asks staff to look at a conversation, or at one message of it."""

    report_id: int
    conversation_id: int
    shop_id: int
