"""Writing down what browsers are to be told: a row for each that somebody lets us wake."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from notifications.models import Notification, Push
from notifications.services.pushing import browsers


def queue(notification: Notification, *, due_at: datetime | None = None) -> int:
    """Write a push of `notification` for each browser of its reader. Returns how many.

    Sent after the commit, or once `due_at` has come.
    """
    pushes = [
        Push(subscription=browser, notification=notification, due_at=due_at or Now())
        for browser in browsers.of(notification.user)
    ]
    Push.objects.bulk_create(pushes, ignore_conflicts=True)
    if pushes and due_at is None:
        transaction.on_commit(_nudge, robust=True)
    return len(pushes)


def _nudge() -> None:
    # In the process itself it would hold up whoever caused the event.
    if settings.CELERY_TASK_ALWAYS_EAGER:
        return
    from notifications.tasks import send_pushes

    # One try: a broker that is away must not hold up the request. The sweep finds it.
    send_pushes.apply_async(retry=False, expires=60)
