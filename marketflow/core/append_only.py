"""Tables whose rows are added and never changed: the database itself refuses.

Triggers are put back after every `migrate`, since SQLite loses them when Django rebuilds a table.
PostgreSQL needs a statement trigger besides, as TRUNCATE fires no row trigger; SQLite needs one
on INSERT, as `INSERT OR REPLACE` fires none on DELETE.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import connections, models, transaction

_guarded: list[type[models.Model]] = []


def append_only(model: type[models.Model]) -> type[models.Model]:
    """Class decorator: rows of `model` can be inserted and nothing else."""
    _guarded.append(model)
    return model


def guarded_tables() -> list[str]:
    return sorted(model._meta.db_table for model in _guarded)


def restore(using: str = "default", **kwargs: object) -> None:
    """Make every missing trigger. Connected to `post_migrate`; safe to repeat."""
    connection = connections[using]
    existing = set(connection.introspection.table_names())
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for model in _guarded:
            if model._meta.db_table in existing:
                for statement in _statements(connection.vendor, model):
                    cursor.execute(statement)


@contextmanager
def suspended(using: str = "default") -> Iterator[None]:
    """Let a test empty its database. Nothing else may use this."""
    connection = connections[using]
    existing = set(connection.introspection.table_names())
    tables = [table for table in guarded_tables() if table in existing]
    with connection.cursor() as cursor:
        for table in tables:
            if connection.vendor == "postgresql":
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            else:
                for suffix in ("update", "delete", "replace"):
                    cursor.execute(f"DROP TRIGGER IF EXISTS {table}_{suffix}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                for table in tables:
                    cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        restore(using)


def _statements(vendor: str, model: type[models.Model]) -> list[str]:
    table = model._meta.db_table
    return _postgresql(table) if vendor == "postgresql" else _sqlite(table, _unique_columns(model))


def _postgresql(table: str) -> list[str]:
    return [
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$",
        f"CREATE OR REPLACE TRIGGER {table}_rows BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()",
        # CREATE OR REPLACE would enable a trigger that `suspended` holds; nothing migrates then.
        f"CREATE OR REPLACE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    ]


def _sqlite(table: str, unique: list[list[str]]) -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    taken = " OR ".join(
        "(" + " AND ".join(f"{column} = NEW.{column}" for column in columns) + ")"
        for columns in unique
    )
    return [
        f"CREATE TRIGGER IF NOT EXISTS {table}_update BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER IF NOT EXISTS {table}_delete BEFORE DELETE ON {table} {refuse}",
        f"CREATE TRIGGER IF NOT EXISTS {table}_replace BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {taken}) {refuse}",
    ]


def _unique_columns(model: type[models.Model]) -> list[list[str]]:
    meta = model._meta
    single = [[field.column] for field in meta.concrete_fields if field.unique]
    together = [
        [meta.get_field(name).column for name in constraint.fields]
        for constraint in meta.total_unique_constraints
    ]
    return single + together


def connect() -> None:
    """Have the triggers restored whenever tables were made or altered."""
    models.signals.post_migrate.connect(
        lambda using, **kwargs: restore(using),
        sender=apps.get_app_config("core"),
        weak=False,
        dispatch_uid="append_only",
    )
