"""Drafts of applications for a shop: kept for each person until it is sent, or 90 days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db.models.functions import Now

from accounts.models import ShopDraft, User

LASTS = timedelta(days=90)
# Of one field. What is longer could not be sent either.
LONGEST = 10_000


def save(*, user: User, values: Mapping[str, str]) -> ShopDraft:
    """Keep `values` (by field, as typed) in place of what was kept before."""
    kept = {name: value[:LONGEST] for name, value in values.items() if value.strip()}
    draft, _ = ShopDraft.objects.update_or_create(
        user=user, defaults={"values": kept, "saved_at": Now()}
    )
    draft.refresh_from_db()
    return draft


def find(user: User) -> ShopDraft | None:
    """What `user` has typed and not sent; None where nothing is kept."""
    return ShopDraft.objects.filter(user=user, saved_at__gt=Now() - LASTS).first()


def forget(*, user: User) -> None:
    """The application is sent, or the person leaves. Safe to repeat."""
    ShopDraft.objects.filter(user=user).delete()


def forget_old() -> int:
    """Forget the drafts that nobody went on with for 90 days. Returns how many."""
    return ShopDraft.objects.filter(saved_at__lte=Now() - LASTS).delete()[0]
