"""States: which may follow which, and the record of every step."""

from __future__ import annotations

from django.db import models, transaction
from django.utils.timezone import now

from marketflow.core.append_only import append_only
from marketflow.core.errors import Refusal

# Read by the code that moves, and by the audit (I13).
TRANSITIONS = {
    "order": {
        "": {"awaiting_payment"},
        "awaiting_payment": {"paid", "cancelled", "expired"},
        "paid": {"completed", "cancelled"},
    },
    "seller_order": {
        "": {"pending"},
        "pending": {"paid", "cancelled", "expired"},
        "paid": {"shipped", "cancelled"},
        "shipped": {"delivered"},
        "delivered": {"completed"},
    },
    "payment": {
        "": {"created"},
        "created": {"requires_action", "processing", "captured", "failed"},
        "requires_action": {"processing", "captured", "failed"},
        "processing": {"requires_action", "captured", "failed"},
        # Given up here, and paid at the provider all the same.
        "failed": {"captured"},
    },
    "refund": {
        "": {"pending"},
        "pending": {"succeeded", "failed"},
        # Staff try again once the reason is gone.
        "failed": {"pending"},
    },
    "return": {
        "": {"requested"},
        "requested": {"approved", "rejected", "withdrawn"},
        "approved": {"received", "withdrawn"},
    },
    "dispute": {
        "": {"open"},
        "open": {"won", "lost", "withdrawn"},
    },
    "payout": {
        "": {"pending"},
        "pending": {"processing", "failed"},
        "processing": {"paid", "failed"},
        "paid": {"returned"},
    },
}


class InvalidTransition(Refusal):
    code = "invalid_transition"
    message = "This has moved on in the meantime."


@append_only
class StateChange(models.Model):
    """One step in the life of something. Never changed, only added."""

    subject = models.CharField(max_length=20)
    subject_id = models.BigIntegerField()
    seq = models.PositiveIntegerField()
    src = models.CharField(max_length=20, blank=True)
    dst = models.CharField(max_length=20)
    # Who took it, where it was a person: a number, as in logs.
    actor = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    changed_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["subject", "subject_id", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["subject", "subject_id", "seq"], name="one_next_step"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.subject_id}: {self.src} → {self.dst}"


class HasHistory(models.Model):
    """A thing with a life: `state` changes only here, and only to what the table allows."""

    SUBJECT: str
    state = models.CharField(max_length=20, default="", editable=False)

    class Meta:
        abstract = True

    @property
    def history(self):
        return StateChange.objects.filter(subject=self.SUBJECT, subject_id=self.pk)

    @transaction.atomic
    def move_to(self, state: str, *, actor=None) -> None:
        """Take the next step. Who comes second finds it taken: `InvalidTransition`."""
        rows = type(self).objects.filter(pk=self.pk, state=self.state)
        allowed = state in TRANSITIONS[self.SUBJECT].get(self.state, ())
        if not allowed or not rows.update(state=state):
            raise InvalidTransition(state=self.state)

        StateChange.objects.create(
            subject=self.SUBJECT,
            subject_id=self.pk,
            seq=self.history.count() + 1,
            src=self.state,
            dst=state,
            actor=actor,
        )
        self.state = state


def record_start(*rows: HasHistory, actor=None) -> None:
    """Write the first step of `rows` that were inserted in their first state."""
    StateChange.objects.bulk_create(
        StateChange(subject=row.SUBJECT, subject_id=row.pk, seq=1, dst=row.state, actor=actor)
        for row in rows
    )
