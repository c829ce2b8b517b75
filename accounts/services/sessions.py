"""Ending sign-ins."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from accounts.models import RefreshFamily, User


@transaction.atomic
def end_all(user: User) -> None:
    """Sign `user` out everywhere: sessions, access tokens and refresh families."""
    User.objects.filter(pk=user.pk).update(session_version=F("session_version") + 1)
    user.refresh_from_db(fields=["session_version"])
    RefreshFamily.objects.filter(user=user, revoked_at=None).update(revoked_at=now())
