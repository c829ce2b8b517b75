from __future__ import annotations

import pytest
from django.db import OperationalError, transaction

from marketflow.core.models import AuditEntry
from marketflow.core.transactions import MOST_RETRIES, at_the_end, whole_unit

DEADLOCK, SERIALISATION, LOCK_TIMEOUT = "40P01", "40001", "55P03"

pytestmark = pytest.mark.django_db(transaction=True)


class GivenUp(Exception):
    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


def fail(sqlstate: str) -> None:
    raise OperationalError("given up") from GivenUp(sqlstate)


def opener(*failures: str):
    """Writes one entry at each try, and fails so often after that."""
    left, tries = list(failures), []

    @whole_unit
    def work() -> str:
        tries.append(AuditEntry.objects.create(action="shop.opened"))
        if left:
            fail(left.pop(0))
        return "done"

    return work, tries


@pytest.mark.parametrize("sqlstate", [DEADLOCK, SERIALISATION])
def test_what_was_given_up_for_another_begins_anew(sqlstate):
    work, tries = opener(*[sqlstate] * MOST_RETRIES)

    assert work() == "done"

    assert len(tries) == MOST_RETRIES + 1
    assert AuditEntry.objects.count() == 1


def test_it_is_not_tried_for_ever():
    work, tries = opener(*[DEADLOCK] * (MOST_RETRIES + 1))

    with pytest.raises(OperationalError):
        work()

    assert len(tries) == MOST_RETRIES + 1
    assert not AuditEntry.objects.exists()


def test_other_failures_are_told_at_once():
    work, tries = opener(LOCK_TIMEOUT)

    with pytest.raises(OperationalError):
        work()

    assert len(tries) == 1
    assert not AuditEntry.objects.exists()


def test_within_another_transaction_only_that_one_may_begin_anew():
    work, tries = opener(DEADLOCK)

    with pytest.raises(OperationalError), transaction.atomic():
        work()

    assert len(tries) == 1
    assert not AuditEntry.objects.exists()


def test_what_is_put_off_comes_last_in_the_outermost_unit_and_within_it():
    done = []

    @whole_unit
    def inner():
        at_the_end(lambda: done.append(("last", transaction.get_connection().in_atomic_block)))
        done.append("inner")

    @whole_unit
    def outer():
        inner()
        done.append("outer")

    outer()

    assert done == ["inner", "outer", ("last", True)]


def test_where_no_unit_is_open_nothing_is_put_off():
    done = []

    at_the_end(lambda: done.append("at once"))

    assert done == ["at once"]


def test_a_last_step_that_fails_undoes_the_unit_and_is_not_kept_for_the_next():
    @whole_unit
    def work(step):
        AuditEntry.objects.create(action="shop.opened")
        at_the_end(step)

    with pytest.raises(ZeroDivisionError):
        work(lambda: 1 / 0)
    assert not AuditEntry.objects.exists()

    work(lambda: None)
    assert AuditEntry.objects.count() == 1


def test_a_unit_begun_anew_does_its_last_steps_once():
    done, failures = [], [DEADLOCK]

    @whole_unit
    def work():
        at_the_end(lambda: done.append("last"))
        if failures:
            fail(failures.pop())

    work()

    assert done == ["last"]
