"""How much is new for somebody: the badges of the header, and the frames of open pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from django.db import transaction
from django.db.models import Count, QuerySet, Value

from accounts.models import User
from chat.models import Conversation
from marketflow.core.realtime import is_heard, push, user_group
from notifications.kinds import KINDS, Channel
from notifications.models import Notification


class Counts(TypedDict):
    notifications: int
    messages: int


def counts_of(user: User) -> Counts:
    """What is unread, in one statement; nothing for nobody."""
    if not user.is_authenticated:
        return {"notifications": 0, "messages": 0}
    first, *others = rows_of(user)
    found: Counts = {"notifications": 0, "messages": 0}
    for what, number in first.union(*others, all=True):
        found[what] += number
    return found


def rows_of(user: User) -> list[QuerySet]:
    """What `counts_of` adds up, as pairs of a name and a number, for who reads more with it."""
    if not user.is_authenticated:
        return []
    told = Notification.objects.visible_to(user).unread().order_by().values("user")
    told = told.annotate(number=Count("pk")).values_list(Value("notifications"), "number")
    written = Conversation.objects.unread(user).order_by()
    return [told, written.values_list(Value("messages"), "unread")]


def push_on_commit(user: User, notification: Notification | None = None) -> None:
    """Tell open pages of `user` what is new, and how much. Hints: the page renders right alone."""

    def push_hints() -> None:
        if notification is not None and notification.is_shown and notification.read_at is None:
            push(user_group(user.pk), "notification", **frame(notification))
        # Who opens a page from now on asks for them; most people have none open.
        if is_heard(user_group(user.pk)):
            push(user_group(user.pk), "counts", **counts_of(user))

    transaction.on_commit(push_hints, robust=True)


def push_alone_on_commit(user_ids: Iterable[int]) -> None:
    """Tell open pages of those people how much is new, where there is no notification of it."""

    def push_hints() -> None:
        # Mostly nobody has one open, and then nobody need be read.
        heard = [pk for pk in user_ids if is_heard(user_group(pk))]
        for user in User.objects.filter(pk__in=heard) if heard else ():
            push(user_group(user.pk), "counts", **counts_of(user))

    transaction.on_commit(push_hints, robust=True)


def frame(notification: Notification) -> dict[str, object]:
    return {
        "id": str(notification.uuid),
        "kind": notification.kind,
        "text": notification.text,
        "url": notification.get_absolute_url(),
        "path": notification.path,
        # Worth a word on whatever page somebody is at; the rest waits beside the bell.
        "is_urgent": Channel.PUSH in KINDS[notification.kind].channels,
        "created_at": notification.created_at.isoformat(),
    }
