"""The register of facts that `manage.py audit` proves.

Each app registers its own in `<app>/invariants.py`; a query belongs to the highest app whose
tables it reads. A query selects the offending rows and must return none; it runs unchanged on
PostgreSQL and SQLite. `%(t5)s`, `%(t10)s` and `%(d1)s` are the database's clock minus 5 minutes,
10 minutes and a day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

MOST_ROWS = 20
MOMENTS = {"t5": "5 minutes", "t10": "10 minutes", "d1": "1 day"}


@dataclass(frozen=True)
class Invariant:
    """A promise: its stable code, its sentence, and the query that finds who breaks it."""

    code: str
    title: str
    # A function where the query is rendered from code, such as a table of transitions.
    sql: str | Callable[[], str]


@dataclass(frozen=True)
class Finding:
    invariant: Invariant
    rows: list[dict[str, Any]]


_register: list[Invariant] = []


def invariant(code: str, title: str, sql: str | Callable[[], str]) -> None:
    """Register a fact. `code` is its id, such as I3; several queries may share one."""
    _register.append(Invariant(code, title, sql))


def registered() -> list[Invariant]:
    return sorted(_register, key=lambda known: (int(known.code.lstrip("I")), known.title))


def prove() -> Iterator[Finding]:
    """Run every query against one snapshot; yield each invariant with its offending rows."""
    with _snapshot(), connection.cursor() as cursor:
        moments = _moments(cursor)
        for known in registered():
            sql = known.sql() if callable(known.sql) else known.sql
            cursor.execute(sql, moments)
            names = [column[0] for column in cursor.description]
            yield Finding(
                known, [dict(zip(names, row, strict=False)) for row in cursor.fetchmany(MOST_ROWS)]
            )


@contextmanager
def _snapshot() -> Iterator[None]:
    # Work in flight must not raise a false alarm: all queries see the same moment.
    with transaction.atomic():
        if connection.vendor == "postgresql" and not _is_nested():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                cursor.execute("SET LOCAL statement_timeout = '300s'")
        yield


def _is_nested() -> bool:
    return len(connection.savepoint_ids) > 0


def _moments(cursor: Any) -> dict[str, Any]:
    if connection.vendor == "postgresql":
        since = ", ".join(f"now() - interval '{age}'" for age in MOMENTS.values())
    else:
        since = ", ".join(f"datetime('now', '-{age}')" for age in MOMENTS.values())
    cursor.execute(f"SELECT {since}")
    return dict(zip(MOMENTS, cursor.fetchone(), strict=True))


invariant(
    "I11",
    "no idempotency key is in progress for long",
    "SELECT id FROM core_idempotentrequest WHERE state <> 'finished' AND created_at < %(t5)s",
)

invariant(
    "I14",
    "the outbox drains",
    "SELECT id, name FROM core_outboxevent WHERE done_at IS NULL AND created_at < %(t10)s",
)

invariant(
    "I14",
    "each receiver acts once per event",
    """
    SELECT event_id, receiver FROM core_eventreceipt
    GROUP BY event_id, receiver HAVING count(*) > 1
    """,
)
