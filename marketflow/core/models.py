"""What the kernel must remember: events to be told, answers already given, and who did what."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import connection, models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.timezone import now

from marketflow.core.append_only import append_only
from marketflow.core.compiled import CompiledUpdate

FIRST_WAIT = timedelta(seconds=5)
MOST_DOUBLINGS = 9  # About three quarters of an hour.
CLAIM = """
    INSERT INTO core_idempotentrequest (actor, key, fingerprint, state, body, created_at)
    VALUES (%s, %s, %s, %s, %s, CURRENT_TIMESTAMP)
    ON CONFLICT (actor, key) DO NOTHING RETURNING id
"""


class OutboxEventQuerySet(models.QuerySet):
    def due(self):
        # The database's clock: hosts differ, and all of them relay.
        return self.filter(done_at=None, due_at__lte=Now()).order_by("pk")

    def stuck(self):
        """Events that failed five times: somebody should look."""
        return self.filter(done_at=None, attempts__gte=5)

    def claimed(self):
        """Lock, passing over what another relay holds. SQLite has one writer and needs none."""
        return self.select_for_update(skip_locked=True)


class OutboxEvent(models.Model):
    """An event, written in the transaction that made it true."""

    name = models.CharField(max_length=100)
    payload = models.JSONField()
    attempts = models.PositiveSmallIntegerField(default=0)
    # The database's clock: what is due is asked by it too.
    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True, blank=True)

    objects = OutboxEventQuerySet.as_manager()

    class Meta:
        indexes = [
            # In the order of telling: the oldest that waits is found without reading those told.
            models.Index(fields=["id"], name="outbox_waiting", condition=Q(done_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.pk}"

    def finish(self) -> None:
        self.done_at = now()
        _told.send(pk=self.pk, moment=self.done_at)

    def postpone(self) -> None:
        """Try again later, waiting twice as long each time. Giving up is for people."""
        wait = FIRST_WAIT * 2 ** min(self.attempts, MOST_DOUBLINGS)
        self.attempts += 1
        rows = type(self).objects.filter(pk=self.pk)
        rows.update(due_at=Now() + wait, attempts=self.attempts)


_told = CompiledUpdate(
    lambda pk, moment: (OutboxEvent.objects.filter(pk=pk), {"done_at": moment}),
    pk=models.BigIntegerField(),
    moment=models.DateTimeField(),
)


class EventReceipt(models.Model):
    """`receiver` has heard `event`, which another one failed on. Commits with what it wrote."""

    event = models.ForeignKey(OutboxEvent, models.CASCADE, related_name="receipts")
    receiver = models.CharField(max_length=200)
    heard_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "receiver"], name="heard_once"),
        ]

    def __str__(self) -> str:
        return f"{self.receiver} heard {self.event_id}"


class IdempotentRequestQuerySet(models.QuerySet):
    def dead(self):
        """Claimed by a process that calls outside, and did not come back in time."""
        # The database's clock: hosts differ.
        return self.filter(
            state=IdempotentRequest.State.CLAIMED, leased_at__lt=Now() - IdempotentRequest.LEASE
        )

    def claim(self, *, actor: str, key: str, fingerprint: str) -> IdempotentRequest | None:
        """The new entry; None where the key was used. Waits while a first copy is running.

        One statement: no savepoint for the sake of an error, which a used key is not.
        """
        entry = self.model(actor=actor, key=key, fingerprint=fingerprint)
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, [actor, key, fingerprint, entry.state, entry.body])
            made = cursor.fetchone()
        if made is None:
            return None
        (entry.pk,) = made
        return entry


class IdempotentRequest(models.Model):
    """The answer given to somebody's key. It commits with the work, or not at all.

    Where the work calls outside, the key is claimed first, for `LEASE`: whoever finds it dead
    afterwards renews the lease and brings the work to its end.
    """

    # Longer than any call to a provider may take.
    LEASE = timedelta(seconds=30)
    WORK = uuid.UUID("3a1d3c5e-0d5c-4b7e-9a57-2f1f3c0f6d11")

    class State(models.TextChoices):
        CLAIMED = "claimed", "Claimed"
        FINISHED = "finished", "Finished"

    # `user:<id>`, `cart:<hash>` or `order:<hash>`: keys belong to one caller.
    actor = models.CharField(max_length=80)
    key = models.CharField(max_length=100)
    # SHA-256 of method, path and body.
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State, default=State.CLAIMED)
    status = models.PositiveSmallIntegerField(null=True)
    # Text: a JSON column on PostgreSQL would give the fields back in another order.
    body = models.TextField(default="")
    created_at = models.DateTimeField(default=now)
    leased_at = models.DateTimeField(db_default=Now())

    objects = IdempotentRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["actor", "key"], name="one_answer_per_key"),
        ]
        indexes = [
            models.Index(
                fields=["leased_at"], name="keys_in_progress", condition=Q(state="claimed")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.key}"

    @property
    def work_id(self) -> uuid.UUID:
        """The id of what this key makes, known before it is made: made twice, it is one."""
        return uuid.uuid5(self.WORK, f"{self.actor} {self.key}")

    def take_over(self) -> bool:
        """Renew a dead lease. False where another was quicker, or its process lives after all."""
        return bool(type(self).objects.dead().filter(pk=self.pk).update(leased_at=Now()))

    def finish(self, status: int, body: str) -> None:
        """Keep the answer, unless another process that took over has kept one."""
        _finished.send(pk=self.pk, status=status, body=body)


_finished = CompiledUpdate(
    lambda pk, status, body: (
        IdempotentRequest.objects.filter(pk=pk, state=IdempotentRequest.State.CLAIMED),
        {"state": IdempotentRequest.State.FINISHED, "status": status, "body": body},
    ),
    pk=models.BigIntegerField(),
    status=models.PositiveSmallIntegerField(),
    body=models.TextField(),
)


@append_only
class AuditEntry(models.Model):
    """Who changed what behind the counter: written with the change, never altered."""

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=60)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.CharField(max_length=500, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["subject", "subject_id"], name="audit_by_subject")]

    def __str__(self) -> str:
        return f"{self.action} {self.subject} {self.subject_id}"


class FormerSlug(models.Model):
    """An address that a row had before. It counts while no other row of the kind has it."""

    # The model, as `catalog.product`.
    kind = models.CharField(max_length=60)
    slug = models.CharField(max_length=255)
    row_id = models.PositiveBigIntegerField()
    left_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "slug"], name="one_way_from_a_former_slug"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.slug}"
