"""How long the log is kept: it holds names and addresses of buyers."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now

from notifications.models import WebhookDelivery

KEPT = timedelta(days=30)
BATCH = 1000


def forget_old() -> int:
    """Drop deliveries that are older than KEPT, with their tries. Returns how many."""
    old = WebhookDelivery.objects.filter(created_at__lt=Now() - KEPT).exclude(state="waiting")
    dropped = 0
    while some := list(old.values_list("pk", flat=True)[:BATCH]):
        dropped += len(some)
        WebhookDelivery.objects.filter(pk__in=some).delete()
    return dropped
