"""Web push: a row for each browser that somebody lets us wake."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils.timezone import now

from notifications.models import Notification, Push, PushSubscription


def is_on() -> bool:
    """Whether the market can push: without its keys nobody is offered what would never come."""
    return bool(settings.VAPID_PRIVATE_KEY and settings.VAPID_SUBJECT)


def queue(notification: Notification, *, due_at: datetime | None = None) -> int:
    """Write a push of `notification` for each browser of its reader. Returns how many."""
    browsers = PushSubscription.objects.filter(user=notification.user_id)
    pushes = [
        Push(subscription=browser, notification=notification, due_at=due_at or now())
        for browser in browsers
    ]
    Push.objects.bulk_create(pushes, ignore_conflicts=True)
    return len(pushes)
