"""Writing past every guard, as nobody may: triggers off, constraints gone. All is rolled back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connection

from marketflow.core import append_only

IS_POSTGRESQL = connection.vendor == "postgresql"


def corrupt(*statements: str, unguarded: Iterable[str] = ()) -> None:
    """Run `statements`; the tables `unguarded` lose their constraints first."""
    with connection.cursor() as cursor:
        if IS_POSTGRESQL:
            # Foreign keys still to be checked would hold the tables.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in unguarded:
            _take_constraints_away(cursor, table)
    with append_only.suspended(), connection.cursor() as cursor:
        if not IS_POSTGRESQL:
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        try:
            for statement in statements:
                cursor.execute(statement)
        finally:
            if not IS_POSTGRESQL:
                cursor.execute("PRAGMA ignore_check_constraints = OFF")


def _take_constraints_away(cursor, table: str) -> None:
    if not IS_POSTGRESQL:
        # A copy has the rows and none of the rules.
        cursor.execute(f"ALTER TABLE {table} RENAME TO {table}_guarded")
        cursor.execute(f"CREATE TABLE {table} AS SELECT * FROM {table}_guarded")
        return
    cursor.execute(
        "SELECT conname FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype IN ('c', 'u')",
        [table],
    )
    for (name,) in cursor.fetchall():
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    cursor.execute(
        "SELECT indexrelid::regclass FROM pg_index WHERE indrelid = %s::regclass"
        " AND indisunique AND NOT indisprimary",
        [table],
    )
    for (name,) in cursor.fetchall():
        cursor.execute(f"DROP INDEX {name}")


@contextmanager
def without_checks(*tables: str) -> Iterator[None]:
    """Within, no CHECK of `tables` holds. To be used in a transaction that is rolled back."""
    with connection.cursor() as cursor:
        if not IS_POSTGRESQL:
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        for table in tables if IS_POSTGRESQL else ():
            cursor.execute(
                "SELECT conname FROM pg_constraint"
                " WHERE conrelid = %s::regclass AND contype = 'c'",
                [table],
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    try:
        yield
    finally:
        if not IS_POSTGRESQL:
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA ignore_check_constraints = OFF")
