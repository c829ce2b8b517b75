"""Somebody's list: what is new in it, and what they have read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from accounts.models import User
from notifications.models import Notification
from notifications.services import counts


@transaction.atomic
def mark_read(
    *, user: User, ids: Collection[UUID] | None = None, until: datetime | None = None
) -> int:
    """Mark one's own notifications read: those of `ids`, those up to `until`, or all.

    What is somebody else's is passed over like what does not exist. Returns how many were
    unread. Pushes the new counts to open pages on commit.
    """
    unread = Notification.objects.visible_to(user).unread()
    if ids is not None:
        unread = unread.filter(uuid__in=list(ids))
    if until is not None:
        unread = unread.filter(created_at__lte=until)
    changed = unread.update(read_at=now())
    if changed:
        counts.push_on_commit(user)
    return changed


@transaction.atomic
def mark_seen(*, user_ids: Collection[int], kind: str, path: str) -> None:
    """Mark what those people were told of `kind` read, as far as it leads to `path`: they have
    been there."""
    told = Notification.objects.unread().filter(user__in=user_ids, kind=kind, path=path)
    told.update(read_at=now())
