from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.timezone import now

from marketflow.core.append_only import append_only
from orders.models.payment import Payment
from orders.querysets import PaymentEventTaskQuerySet

FIRST_WAIT = timedelta(seconds=5)
MOST_DOUBLINGS = 9  # About three quarters of an hour.
# Longer than a provider may take to answer: nobody else takes up the same task meanwhile.
LEASE = timedelta(seconds=60)


@append_only
class PaymentEvent(models.Model):
    """What a provider said, as it said it. One row for each of its events, however often sent."""

    provider = models.CharField(max_length=20)
    event_id = models.CharField(max_length=120)
    kind = models.CharField(max_length=40)
    provider_reference = models.CharField(max_length=120)
    payment = models.ForeignKey(Payment, models.PROTECT, null=True, related_name="events")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3, blank=True)
    # What only its kind has: orders.gateways.protocol.ProviderEvent names it.
    data = models.JSONField(default=dict)
    said_at = models.DateTimeField(default=now)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="one_row_per_event"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.event_id}"


class PaymentEventTask(models.Model):
    """What is still to be done about an event. Written with it, finished once."""

    class Result(models.TextChoices):
        APPLIED = "applied", "Applied"
        # Late, repeated in substance, or about what was known from the provider's answer.
        NOTHING_NEW = "nothing_new", "Nothing new"
        REFUSED = "refused", "Refused"

    event = models.OneToOneField(PaymentEvent, models.PROTECT, related_name="task")
    result = models.CharField(max_length=12, choices=Result, blank=True)
    # Why it was refused, or what stood in its way the last time.
    reason = models.CharField(max_length=60, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    # The database's clock: what is due is asked by it too.
    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True, blank=True)

    objects = PaymentEventTaskQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="events_waiting", condition=Q(done_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.event}: {self.result or 'waiting'}"

    def claim(self) -> bool:
        """Take it up, for as long as the lease; False where it is done, or somebody else's."""
        due = type(self).objects.due().filter(pk=self.pk)
        return bool(due.update(due_at=Now() + LEASE, attempts=F("attempts") + 1))

    def finish(self, result: str, reason: str = "") -> None:
        self.result, self.reason, self.done_at = result, reason[:60], now()
        self.save(update_fields=["result", "reason", "done_at"])

    def postpone(self, reason: str) -> None:
        """Try again later, waiting twice as long each time. Giving up is for people."""
        wait = FIRST_WAIT * 2 ** min(self.attempts, MOST_DOUBLINGS)
        rows = type(self).objects.filter(pk=self.pk)
        rows.update(due_at=Now() + wait, reason=reason[:60])
