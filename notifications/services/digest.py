"""One mail a day with what could wait, at the hour that somebody chose."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.timezone import now

from accounts.models import User
from notifications.models import Habits, Notification
from notifications.services import mailing

KIND = "digest"


def write_due(moment: datetime | None = None) -> int:
    """Write the digests whose hour has come. Returns how many; the second run finds none."""
    moment = moment or now()
    waiting = Notification.objects.filter(awaits_digest=True).order_by().values("user")
    people = User.objects.filter(pk__in=waiting, is_active=True).order_by("pk")
    return sum(_write(user, moment) for user in people)


@transaction.atomic
def _write(user: User, moment: datetime) -> bool:
    habits = Habits.objects.select_for_update().get(pk=user.pk)
    today = _day_of_digest(habits, moment)
    if today is None:
        return False
    gathered = list(
        Notification.objects.filter(user=user, awaits_digest=True).order_by("created_at", "pk")
    )
    mailing.write(
        recipient=user.email,
        kind=KIND,
        about=today,
        context={"notifications": gathered},
        reader=habits,
        due_at=habits.quiet_ends(moment),
    )
    Notification.objects.filter(pk__in=[one.pk for one in gathered]).update(awaits_digest=False)
    habits.digest_on = moment.astimezone(habits.zone).date()
    habits.save(update_fields=["digest_on"])
    return bool(gathered)


def _day_of_digest(habits: Habits, moment: datetime) -> str | None:
    """Which digest is due, by its reader's own calendar; None where it is not time yet."""
    there = moment.astimezone(habits.zone)
    if habits.digest_at is None:
        # Switched off with something gathered: it comes at once, under a name of its own.
        return f"{there:%Y-%m-%d %H:%M}"
    is_due = there.time() >= habits.digest_at and habits.digest_on != there.date()
    return there.date().isoformat() if is_due else None
