"""Read marks and presence: what somebody has seen, and whether they are looking now."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now

from accounts.models import User
from chat.events import ConversationRead
from chat.models import Conversation, Seat, Side
from marketflow.core.events import publish
from marketflow.core.realtime import push_on_commit


@transaction.atomic
def read(*, conversation: Conversation, reader: User, seq: int) -> int:
    """`reader` has read up to `seq`. A mark only moves on, and never past the last message.

    Returns where it stands now. Publishes `ConversationRead` where the other side's words are
    among what was read.
    """
    last = Conversation.objects.values_list("last_seq", flat=True).get(pk=conversation.pk)
    seat = seat_of(conversation, reader)
    reached = min(seq, last)
    if Seat.objects.filter(pk=seat.pk, read_seq__lt=reached).update(read_seq=reached):
        push_on_commit(conversation.group, "read", side=seat.side, seq=reached)
        new = conversation.messages.filter(seq__gt=seat.read_seq, seq__lte=reached)
        if new.exclude(side=seat.side).exists():
            publish(
                ConversationRead(
                    conversation_id=conversation.pk,
                    reader_id=reader.pk,
                    side=seat.side,
                    seq=reached,
                )
            )
        return reached
    return max(seat.read_seq, reached)


@transaction.atomic
def look(*, conversation: Conversation, person: User) -> datetime:
    """`person` has the conversation before them, for the next `PRESENCE_SECONDS`.

    Returns the moment, which `leave` takes back.
    """
    own = Seat.objects.filter(conversation=conversation, user=person)
    # Who looks on changes nothing that another page shows.
    if not own.looking().update(seen_at=Now()):
        seat = seat_of(conversation, person)
        was_here = is_here(conversation, Side(seat.side))
        own.update(seen_at=Now())
        if not was_here:
            push_on_commit(conversation.group, "presence", side=seat.side, is_here=True)
    return own.values_list("seen_at", flat=True).get()


@transaction.atomic
def leave(*, conversation: Conversation, person: User, seen_at: datetime) -> None:
    """`person` looks elsewhere, unless another page of theirs has said since that they look.

    One that said so before says it again: it hears `left`.
    """
    seats = Seat.objects.filter(conversation=conversation, user=person, seen_at__lte=seen_at)
    if not seats.update(seen_at=None):
        return
    push_on_commit(conversation.group, "left", by=person.pk)
    side = conversation.side_of(person)
    if not is_here(conversation, side):
        push_on_commit(conversation.group, "presence", side=side, is_here=False)


def is_here(conversation: Conversation, side: Side) -> bool:
    """Whether anybody of `side` is looking at the conversation now."""
    return Seat.objects.looking().filter(conversation=conversation, side=side).exists()


def read_seq(conversation: Conversation, side: Side) -> int:
    """Up to where `side` has read: the farthest of its people."""
    marks = Seat.objects.filter(conversation=conversation, side=side)
    return max(marks.values_list("read_seq", flat=True), default=0)


def seat_of(conversation: Conversation, person: User) -> Seat:
    """Theirs, made at their first visit."""
    side = conversation.side_of(person)
    seat, _ = Seat.objects.get_or_create(
        conversation=conversation, user=person, defaults={"side": side}
    )
    return seat
