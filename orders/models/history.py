"""States: which may follow which, and the record of every step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.timezone import now

from marketflow.core.append_only import append_only
from marketflow.core.compiled import CompiledQuery, CompiledUpdate
from marketflow.core.errors import Refusal
from marketflow.core.transactions import whole_unit

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
        # The buyer's bank sent the money back.
        "succeeded": {"failed"},
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

    def __init__(self, kind: str, src: str, dst: str) -> None:
        """`src` is where it stands, by what is known; `dst` where it was to go."""
        is_early = dst not in TRANSITIONS[kind].get(src, ()) and dst in _ahead(kind, src)
        super().__init__("It is too early for that." if is_early else None, state=src)


def _ahead(kind: str, state: str) -> set[str]:
    """Every state that may still come, after one step or more."""
    found: set[str] = set()
    following = set(TRANSITIONS[kind].get(state, ()))
    while following - found:
        found |= following
        following = {after for one in following for after in TRANSITIONS[kind].get(one, ())}
    return found


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
    # The database's clock: lists of what changed since an hour are asked by it too.
    changed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True

    @property
    def history(self):
        return StateChange.objects.filter(subject=self.SUBJECT, subject_id=self.pk)

    def move_to(self, state: str, *, actor=None) -> None:
        """Take the next step. Who comes second finds it taken: `InvalidTransition`."""
        move_all([Step(self, state)], actor=actor)

    def touch(self) -> None:
        """Something about it changed, besides its state. Its row is the caller's already."""
        type(self).objects.filter(pk=self.pk).update(changed_at=Now())


@dataclass(frozen=True)
class Step:
    """`row` is to be in `state`, and its columns `also` are to hold those values."""

    row: HasHistory
    state: str
    also: Mapping[str, Any] = field(default_factory=dict)

    @property
    def update(self) -> tuple:
        """Steps of which this is the same are one statement."""
        return type(self.row), self.row.state, self.state, self.also


@cache
def _moved(kind: type[HasHistory], also: tuple[str, ...]) -> CompiledUpdate:
    """The step of rows of that kind which writes the columns `also` besides."""

    def build(rows, src, dst, **values):
        return (
            kind.objects.filter(pk__in=rows, state=src),
            {"state": dst, "changed_at": Now(), **values},
        )

    columns = {name: kind._meta.get_field(name) for name in ("state", *also)}
    state = columns.pop("state")
    return CompiledUpdate(build, rows=models.BigIntegerField(), src=state, dst=state, **columns)


@whole_unit
def move_all(steps: Sequence[Step], *, actor=None) -> None:
    """Take the next steps of several rows together, or none: `InvalidTransition`.

    Rows of one kind in one statement, where they stand next to each other. The caller holds what
    orders the locks.
    """
    if not steps:
        return
    for (kind, src, dst, also), same in groupby(steps, attrgetter("update")):
        rows = [step.row.pk for step in same]
        is_allowed = dst in TRANSITIONS[kind.SUBJECT].get(src, ())
        moved = _moved(kind, tuple(also))
        if not is_allowed or moved.send(rows=rows, src=src, dst=dst, **also) != len(rows):
            raise InvalidTransition(kind.SUBJECT, src, dst)
    _record(steps, actor)
    for step in steps:
        for name, value in {"state": step.state, **step.also}.items():
            setattr(step.row, name, value)


_taken = CompiledQuery(
    lambda kinds, keys: StateChange.objects.filter(
        Q.create([Q(subject=k, subject_id=pk) for k, pk in zip(kinds, keys, strict=True)], Q.OR)
    ).order_by(),
    kinds=models.CharField(),
    keys=models.BigIntegerField(),
)


def _record(steps: Sequence[Step], actor) -> None:
    rows = [(step.row.SUBJECT, step.row.pk) for step in steps]
    kinds, keys = map(list, zip(*rows, strict=True))
    taken = Counter(
        (step.subject, step.subject_id) for step in _taken.list(kinds=kinds, keys=keys)
    )
    StateChange.objects.bulk_create(
        StateChange(
            subject=step.row.SUBJECT,
            subject_id=step.row.pk,
            seq=taken[row] + 1,
            src=step.row.state,
            dst=step.state,
            actor=actor,
        )
        for row, step in zip(rows, steps, strict=True)
    )


def record_start(*rows: HasHistory, actor=None) -> None:
    """Write the first step of `rows` that were inserted in their first state."""
    StateChange.objects.bulk_create(
        StateChange(subject=row.SUBJECT, subject_id=row.pk, seq=1, dst=row.state, actor=actor)
        for row in rows
    )
