"""Tickets for sockets: short, used once, kept as a digest."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.db.models.functions import Now

from accounts.models import RefreshFamily, SocketTicket, User

LIFE = timedelta(seconds=30)
KEPT = timedelta(hours=1)
# A ticket is 43 letters; what is longer is not worth hashing.
LONGEST = 100


def issue(*, user: User, session_key: str = "", family: RefreshFamily | None = None) -> str:
    """A ticket of `user`, who is signed in by that session or that family: its text.

    The text is kept nowhere. It is good for 30 seconds, by the database's clock.
    """
    text = secrets.token_urlsafe(32)
    SocketTicket.objects.create(
        digest=_digest(text),
        user=user,
        session_key=session_key,
        family=family,
        expires_at=Now() + LIFE,
    )
    return text


def take(text: str) -> SocketTicket | None:
    """Use a ticket up. None where it is unknown, used or too old: of two who try, one gets it."""
    if len(text) > LONGEST:
        return None
    tickets = SocketTicket.objects.filter(digest=_digest(text))
    fresh = tickets.filter(used_at=None, expires_at__gt=Now())
    if not fresh.update(used_at=Now()):
        return None
    return tickets.select_related("user", "family").get()


def forget_old() -> int:
    """Drop tickets that were over an hour ago."""
    return SocketTicket.objects.filter(expires_at__lt=Now() - KEPT).delete()[0]


def _digest(text: str) -> str:
    # Long and random: a slow hash would protect nothing that this one does not.
    return hashlib.sha256(text.encode()).hexdigest()
