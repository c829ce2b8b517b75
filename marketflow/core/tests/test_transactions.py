from __future__ import annotations

import pytest
from django.db import OperationalError, transaction

from marketflow.core.models import AuditEntry
from marketflow.core.transactions import MOST_RETRIES, whole_unit

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
