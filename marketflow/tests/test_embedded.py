"""The schedule of the one process: a long duty delays no other."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from celery import Celery, beat

from marketflow.embedded import DutiesApart

SOON = 5


class Schedule(DutiesApart, beat.Scheduler):
    """As `make demo` has it, with duties of its own in place of the market's."""

    def install_default_entries(self, data):
        """Celery's own are none of ours."""


class Duties:
    """`long` is at work until `end` is set; each `short` is counted."""

    def __init__(self) -> None:
        self.end, self.begun, self.short_ran = (threading.Event() for _ in range(3))
        self.times = {"long": 0, "short": 0}

    def long(self) -> None:
        self.times["long"] += 1
        self.begun.set()
        self.end.wait(SOON)

    def short(self) -> None:
        self.times["short"] += 1
        self.short_ran.set()

    def fail(self) -> None:
        raise RuntimeError("lost")


@pytest.fixture
def duties():
    duties = Duties()
    yield duties
    duties.end.set()


@pytest.fixture
def schedule(duties):
    app = Celery("duties", set_as_current=False)
    app.conf.update(task_always_eager=True, task_ignore_result=True)
    for name in ("long", "short", "fail"):
        # Without `typing` a method's `self` is nobody's argument.
        app.task(getattr(duties, name), name=name, typing=False, shared=False, lazy=False)
    return Schedule(app, schedule={}, lazy=True)


def entry(schedule, name: str) -> beat.ScheduleEntry:
    return schedule.Entry(name=name, task=name, schedule=timedelta(seconds=1), app=schedule.app)


def do(schedule, name: str) -> None:
    schedule.apply_entry(entry(schedule, name))


def test_a_long_duty_delays_no_other(schedule, duties):
    do(schedule, "long")
    assert duties.begun.wait(SOON)

    do(schedule, "short")

    assert duties.short_ran.wait(SOON)
    assert not duties.end.is_set()


def test_a_duty_that_is_still_at_work_is_not_begun_again(schedule, duties):
    do(schedule, "long")
    assert duties.begun.wait(SOON)

    do(schedule, "long")
    duties.end.set()
    schedule._at_work["long"].join(SOON)
    assert duties.times["long"] == 1

    do(schedule, "long")
    schedule._at_work["long"].join(SOON)
    assert duties.times["long"] == 2


def test_a_duty_that_never_returns_is_told_once(schedule, duties, settings, caplog):
    do(schedule, "long")
    assert duties.begun.wait(SOON)
    do(schedule, "short")
    assert caplog.messages == []

    settings.CELERY_TASK_TIME_LIMIT = 0
    for _ in range(3):
        do(schedule, "short")

    late = "the duty long is still at work after 0 seconds, and not begun again"
    assert caplog.messages.count(late) == 1
    assert duties.times["long"] == 1


@pytest.mark.logs_errors
@pytest.mark.parametrize("name", ["fail", "unknown"])
def test_a_duty_that_fails_is_told_and_ends_nothing(schedule, duties, name, caplog):
    do(schedule, name)
    schedule._at_work[name].join(SOON)

    do(schedule, "short")

    assert duties.short_ran.wait(SOON)
    assert "unknown" not in name or "the duty unknown was not done" in caplog.text
