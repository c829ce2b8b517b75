"""Transactions that begin anew where PostgreSQL gave one up for the sake of another."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

# Serialisation failure, deadlock: the only errors that trying again is the cure for.
GIVEN_UP = ("40001", "40P01")
MOST_RETRIES = 3
LONGEST_PAUSE = 0.1  # seconds

P = ParamSpec("P")
R = TypeVar("R")

# What the open unit still has to do; None where none is open.
_last_steps: ContextVar[list[Callable[[], None]] | None] = ContextVar("last_steps", default=None)


def whole_unit(work: Callable[P, R]) -> Callable[P, R]:
    """Like `transaction.atomic`, and begun anew, at most three times, when it was given up.

    The whole of `work` runs again, so it reads what it changes within itself. Within another
    transaction it is a savepoint: only the outermost unit can begin anew. Within another unit it
    is a part of that one, without a savepoint: what fails here undoes all of it.
    """

    @wraps(work)
    def unit(*args: P.args, **kwargs: P.kwargs) -> R:
        if is_within_a_unit():
            with transaction.atomic(savepoint=False):
                return work(*args, **kwargs)
        is_outermost = not connection.in_atomic_block
        for left in range(MOST_RETRIES, -1, -1):
            try:
                with transaction.atomic(), _finishing():
                    return work(*args, **kwargs)
            except OperationalError as problem:
                if not (left and is_outermost and was_given_up(problem)):
                    raise
            # Both of a pair that met once would otherwise meet again.
            time.sleep(random.uniform(0, LONGEST_PAUSE))
        raise AssertionError("the last try returns or raises")

    return unit


def is_within_a_unit() -> bool:
    return _last_steps.get() is not None


def at_the_end(step: Callable[[], None]) -> None:
    """Do `step` as the last thing before the open unit commits; at once where none is open.

    For rows that everybody wants: they stay locked until the commit, so whatever takes time (the
    answer to the request, too) comes before. What `step` raises undoes the whole unit.
    """
    steps = _last_steps.get()
    if steps is None:
        step()
    else:
        steps.append(step)


@contextmanager
def _finishing() -> Iterator[None]:
    """Do what was put off, in the order in which it was."""
    steps: list[Callable[[], None]] = []
    token = _last_steps.set(steps)
    try:
        yield
        for step in steps:
            step()
    finally:
        _last_steps.reset(token)


def was_given_up(problem: OperationalError) -> bool:
    return getattr(problem.__cause__, "sqlstate", None) in GIVEN_UP
