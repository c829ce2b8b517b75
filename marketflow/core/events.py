"""Domain events: how one app tells the apps above it that something happened.

Declared in ``<app>/events.py``, published by services inside their transaction, heard in
``<app>/receivers.py``. An event is a row before it is a call, so it exists exactly when the
change it speaks of does, and it is told at least once: receivers must bear repetition.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict
from typing import ClassVar, TypeVar

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from kombu.exceptions import OperationalError

from marketflow.core.compiled import CompiledQuery
from marketflow.core.guards import crash_point
from marketflow.core.models import EventReceipt, OutboxEvent

NUDGED = "outbox:nudged"
# A relay that was woken and never came does not hold up the next for longer.
NUDGE_SECONDS = 1
# Seconds in which a broker that did not answer is not asked again.
BROKER_RESTS = 1

logger = logging.getLogger(__name__)


class Event:
    """Base of frozen dataclasses that carry ids and plain JSON values, never models."""

    name: ClassVar[str]

    def __init_subclass__(cls) -> None:
        app = cls.__module__.partition(".")[0]
        cls.name = f"{app}.{cls.__name__}"
        _types[cls.name] = cls


E = TypeVar("E", bound=Event)
Receiver = Callable[[E], None]
Condition = Callable[[E], object]

_types: dict[str, type[Event]] = {}
_receivers: dict[type[Event], list[Receiver]] = defaultdict(list)
_conditions: dict[Receiver, Condition] = {}
_held: ContextVar[bool] = ContextVar("held", default=False)
_told: ContextVar[OutboxEvent] = ContextVar("told")


class _Broker:
    # By the monotonic clock.
    rests_until = 0.0


_broker = _Broker()


def declared() -> dict[str, type[Event]]:
    """Every event of the house, by name."""
    return dict(_types)


def subscribe(
    event_type: type[E], *, when: Condition | None = None
) -> Callable[[Receiver], Receiver]:
    """Register the decorated function to hear every `event_type`.

    With `when` only those of which it holds, by what they bear: the others cost it no savepoint.
    """

    def register(receiver: Receiver) -> Receiver:
        _receivers[event_type].append(receiver)
        if when:
            _conditions[receiver] = when
        return receiver

    return register


def publish(event: Event) -> None:
    """Write `event` down. Its receivers hear it once the transaction has committed."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("publish() belongs in the transaction that makes the event true")
    OutboxEvent.objects.create(name=event.name, payload=asdict(event))
    _nudge_on_commit()


def _nudge_on_commit() -> None:
    """Once for a transaction, however much is published in it."""
    connection = transaction.get_connection()
    savepoints = set(connection.savepoint_ids)
    # One that was registered within savepoints which are still open lasts as long as ours would.
    for of_theirs, callback, _ in connection.run_on_commit:
        if callback is nudge and of_theirs <= savepoints:
            return
    transaction.on_commit(nudge, robust=True)


def being_told() -> OutboxEvent:
    """For a receiver: the row it hears of, whose number says what happened before what."""
    return _told.get()


@contextmanager
def held() -> Iterator[None]:
    """Leave the telling to the caller, who relays when it suits: for loads of thousands."""
    token = _held.set(True)
    try:
        yield
    finally:
        _held.reset(token)


def nudge() -> None:
    """Relay soon. Only an accelerator: what it misses, the scheduled sweep tells.

    Where a worker runs, this enqueues `relay_all`; in a single process it relays at once. A
    broker that is away holds up one request for an instant, and is left alone for `BROKER_RESTS`.
    """
    if _held.get():
        return
    crash_point("outbox_waiting")
    if settings.CELERY_TASK_ALWAYS_EAGER:
        relay()
        return
    from marketflow.core.tasks import relay_outbox

    if time.monotonic() >= _broker.rests_until and _is_first_nudge():
        try:
            relay_outbox.apply_async(retry=False)
        except OperationalError as problem:
            logger.warning("nobody is woken to tell what happened: %s", problem)
            _broker.rests_until = time.monotonic() + BROKER_RESTS
    crash_point("outbox_nudged")


def _is_first_nudge() -> bool:
    """False where a relay was woken and has not begun: it will find this event too."""
    return not settings.REDIS_URL or cache.add(NUDGED, 1, timeout=NUDGE_SECONDS)


def relay_all() -> int:
    """What a nudge asks for: tell all that is due. Returns how many events were taken up."""
    # Before the first look: whoever commits after it wakes another relay.
    cache.delete(NUDGED)
    told = 0
    while _relay_next():
        told += 1
    return told


def relay(limit: int = 100) -> int:
    """Tell what is due, oldest first. Returns how many events were taken up."""
    taken = 0
    while taken < limit and _relay_next():
        taken += 1
    return taken


_next_due = CompiledQuery(lambda: OutboxEvent.objects.due().claimed()[:1])


@transaction.atomic
def _relay_next() -> bool:
    row = _next_due.first()
    if row is None:
        return False

    if _tell_everyone(row):
        row.finish()
    else:
        row.postpone()
    return True


def _tell_everyone(row: OutboxEvent) -> bool:
    """Tell those who haven't heard yet; return whether all have now."""
    try:
        event = _types[row.name](**row.payload)
    except (KeyError, TypeError):
        logger.exception("%s can't be read", row)
        return False

    # Before a first try failed in part there are no receipts.
    heard = set(row.receipts.values_list("receiver", flat=True)) if row.attempts else set()
    waiting = [r for r in _receivers[type(event)] if title(r) not in heard]
    told = [receiver for receiver in waiting if _tell(row, receiver, event)]
    if told == waiting:
        return True
    EventReceipt.objects.bulk_create(
        EventReceipt(event=row, receiver=title(receiver)) for receiver in told
    )
    return False


def _tell(row: OutboxEvent, receiver: Receiver, event: Event) -> bool:
    # The savepoint undoes a half-done receiver, and spares its neighbours.
    token = _told.set(row)
    try:
        if receiver in _conditions and not _conditions[receiver](event):
            return True
        with transaction.atomic():
            receiver(event)
    except Exception:
        logger.exception("%s failed on %r", title(receiver), event)
        return False
    finally:
        _told.reset(token)
    return True


def title(receiver: Receiver) -> str:
    """The name by which receipts know it."""
    return f"{receiver.__module__}.{receiver.__qualname__}"
