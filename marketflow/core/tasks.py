import time
from datetime import timedelta

from celery import shared_task
from django.utils.timezone import now

from marketflow.core import events
from marketflow.core.models import IdempotentRequest

KEYS_LAST = timedelta(days=30)
# Seconds. Whoever commits within them is told by the same relay; nobody notices the wait.
GATHERING = 0.05


@shared_task
def relay_outbox() -> int:
    """Tell what is due. Nudged after commits, and swept by beat for what the nudge missed."""
    # Here and not by the nudge's `countdown`: that is a time of day, and hosts' clocks differ.
    time.sleep(GATHERING)
    return events.relay_all()


@shared_task
def forget_old_keys() -> int:
    """Drop idempotency keys that nobody repeats any more."""
    return IdempotentRequest.objects.filter(created_at__lt=now() - KEYS_LAST).delete()[0]
