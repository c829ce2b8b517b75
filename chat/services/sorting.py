"""How people keep their conversations: put away, muted, and in a shop who answers."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from accounts.models import User
from chat.models import Conversation, Seat, Side
from chat.services import reading
from marketflow.core.errors import Refusal


class NotAColleague(Refusal):
    code = "not_a_colleague"
    message = "That person does not answer for this shop."


@transaction.atomic
def archive(*, conversation: Conversation, person: User) -> None:
    """Put it away, and read what stands there. The next message brings it back."""
    last = reading.read(conversation=conversation, reader=person, seq=_last_seq(conversation))
    seats = Seat.objects.filter(conversation=conversation, user=person)
    seats.update(archived_seq=last)


def unarchive(*, conversation: Conversation, person: User) -> None:
    Seat.objects.filter(conversation=conversation, user=person).update(archived_seq=None)


@transaction.atomic
def mute(*, conversation: Conversation, person: User, is_muted: bool) -> None:
    """Tell `person` of no new message here, or tell them again. Their counts go on."""
    seat = reading.seat_of(conversation, person)
    Seat.objects.filter(pk=seat.pk).update(is_muted=is_muted)


def assign(*, conversation: Conversation, member: User | None) -> None:
    """Let `member` of the shop answer, or nobody in particular. All of them still may.

    Raises `NotAColleague`.
    """
    if member and not conversation.people(Side.SHOP).filter(pk=member.pk).exists():
        raise NotAColleague
    Conversation.objects.filter(pk=conversation.pk).update(assigned_to=member)


def who_hears(conversation: Conversation, side: Side, ids: Collection[int]) -> set[int]:
    """Those of `ids`, people of `side`, who are told that the other side wrote.

    Not who has muted it, nor the colleagues of who answers it, while that one is of the shop.
    """
    muted = Seat.objects.filter(conversation=conversation, user__in=ids, is_muted=True)
    hearing = set(ids) - set(muted.values_list("user_id", flat=True))
    answering = conversation.assigned_to_id
    if side == Side.BUYER or answering is None:
        return hearing
    if not conversation.people(side).filter(pk=answering).exists():
        return hearing
    return hearing & {answering}


def _last_seq(conversation: Conversation) -> int:
    return Conversation.objects.values_list("last_seq", flat=True).get(pk=conversation.pk)
