"""Celery beat as a daemon thread of the one web process: the embedded default's scheduler.

Tasks run eagerly. Each duty of the schedule has a thread of its own while it is at work: making
pictures takes half a minute, and webhooks must not wait for that. One process only.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from celery import Celery, beat
from django.conf import settings
from django.db import connections
from django_celery_beat.schedulers import DatabaseScheduler

from marketflow.celery import app

logger = logging.getLogger(__name__)


class Duty(threading.Thread):
    """A duty at work. Nothing ends a thread: one that never returns can only be told of."""

    def __init__(self, celery: Celery, entry: beat.ScheduleEntry) -> None:
        super().__init__(target=_do, args=[celery, entry], daemon=True, name=f"duty {entry.name}")
        self._began = time.monotonic()
        self._was_told = False

    def tell_if_late(self) -> None:
        """Once, when it has been at work for longer than a worker would let it."""
        limit = settings.CELERY_TASK_TIME_LIMIT
        if self._was_told or not self.is_alive() or time.monotonic() <= self._began + limit:
            return
        self._was_told = True
        logger.warning(
            "the %s is still at work after %s seconds, and not begun again", self.name, limit
        )


class DutiesApart:
    """For a scheduler: a duty that is still at work is not begun again, and no other waits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._at_work: dict[str, Duty] = {}
        super().__init__(*args, **kwargs)

    def apply_async(
        self, entry: beat.ScheduleEntry, producer: Any = None, advance: bool = True, **kwargs: Any
    ) -> None:
        """Celery's own would do the duty here and now."""
        entry = self.reserve(entry) if advance else entry
        for duty in self._at_work.values():
            duty.tell_if_late()
        earlier = self._at_work.get(entry.name)
        if earlier is None or not earlier.is_alive():
            self._at_work[entry.name] = Duty(self.app, entry)
            self._at_work[entry.name].start()
        self._tasks_since_sync += 1
        if self.should_sync():
            self._do_sync()


class Schedule(DutiesApart, DatabaseScheduler):
    """The schedule that staff see and change."""


def _do(celery: Celery, entry: beat.ScheduleEntry) -> None:
    try:
        celery.tasks[entry.task].apply_async(entry.args, entry.kwargs, **entry.options)
    except Exception:
        logger.exception("the duty %s was not done", entry.name)
    finally:
        connections.close_all()


def start_beat(max_interval: int = 1) -> beat.Service:
    """Start the scheduler; it looks every `max_interval` seconds for what is due."""
    # Without this the task names are unknown, and beat sends them to a broker that nobody
    # reads. It raises nothing.
    app.loader.import_default_modules()
    service = beat.Service(app, max_interval=max_interval, scheduler_cls=Schedule)
    threading.Thread(
        target=service.start,
        kwargs={"embedded_process": False},
        daemon=True,
        name="celery-beat",
    ).start()
    return service
