from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from catalog.models import StockMovement
from catalog.tests.factories import make_variant
from marketflow.core import append_only
from orders.models import Invoice, LedgerTransfer, PaymentEvent, PayoutItem, StateChange
from tests.books import market

pytestmark = pytest.mark.django_db


@pytest.fixture
def movement(shop):
    return make_variant(shop, stock=5).stock.movements.get()


def is_refused(change) -> bool:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change()
    return True


def test_a_row_can_not_be_changed(movement):
    assert is_refused(lambda: StockMovement.objects.update(delta=50))

    movement.refresh_from_db()
    assert movement.delta == 5


def test_a_row_can_not_be_deleted(movement):
    assert is_refused(movement.delete)

    assert StockMovement.objects.count() == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has INSERT OR REPLACE")
def test_a_row_can_not_be_replaced(movement):
    columns = [field.column for field in StockMovement._meta.concrete_fields]
    statement = (
        f"INSERT OR REPLACE INTO catalog_stockmovement ({', '.join(columns)}) "
        f"SELECT {', '.join('50' if c == 'delta' else c for c in columns)} "
        "FROM catalog_stockmovement"
    )

    with connection.cursor() as cursor:
        assert is_refused(lambda: cursor.execute(statement))


@pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL has TRUNCATE")
def test_the_table_can_not_be_emptied(movement):
    # Foreign keys still to be checked would refuse it first.
    connection.check_constraints()

    with connection.cursor() as cursor:
        assert is_refused(lambda: cursor.execute("TRUNCATE catalog_stockmovement CASCADE"))


# --- each table of the books


@pytest.fixture
def books(db):
    """At least one row in every table that is only added to, and keeps money or numbers."""
    market.fill()
    return [LedgerTransfer, PayoutItem, Invoice, StateChange, PaymentEvent, StockMovement]


def test_the_books_can_not_be_changed_or_deleted(books, subtests):
    connection.check_constraints()
    for model in books:
        table, rows = model._meta.db_table, rows_of(model)
        assert rows, table
        with subtests.test(table), connection.cursor() as cursor:
            assert is_refused(lambda c=cursor, t=table: c.execute(f"UPDATE {t} SET id = id"))
            assert is_refused(lambda c=cursor, t=table: c.execute(f"DELETE FROM {t}"))
            if connection.vendor == "postgresql":
                assert is_refused(lambda c=cursor, t=table: c.execute(f"TRUNCATE {t} CASCADE"))
            assert rows_of(model) == rows


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has INSERT OR REPLACE")
def test_the_books_can_not_be_replaced_by_any_unique_column(books, subtests):
    for model in books:
        table, rows = model._meta.db_table, rows_of(model)
        names = [field.column for field in model._meta.concrete_fields]
        for unique in append_only._unique_columns(model):
            # As the oldest row in these columns, and new in all others that are unique.
            values = ", ".join(
                name if name in unique or not is_unique(model, name) else another(model, name)
                for name in names
            )
            replace = (
                f"INSERT OR REPLACE INTO {table} ({', '.join(names)}) "
                f"SELECT {values} FROM {table} WHERE id = (SELECT min(id) FROM {table})"
            )
            with subtests.test(f"{table}: {unique}"), connection.cursor() as cursor:
                assert is_refused(lambda c=cursor, s=replace: c.execute(s))
                assert rows_of(model) == rows


def rows_of(model) -> list[dict]:
    return list(model.objects.order_by("pk").values())


def is_unique(model, column: str) -> bool:
    return any(column in columns for columns in append_only._unique_columns(model))


def another(model, column: str) -> str:
    """A value that no row has in a unique column."""
    field = next(f for f in model._meta.concrete_fields if f.column == column)
    kind = field.get_internal_type()
    if kind == "UUIDField":
        return "'00000000000000000000000000000000'"
    return "'new'" if kind == "CharField" else "9999999"


def test_every_guarded_table_has_its_triggers():
    assert {"catalog_stockmovement", "orders_statechange", "core_auditentry"} <= set(
        append_only.guarded_tables()
    )
    if connection.vendor == "postgresql":
        query, expected = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal", 2
    else:
        query, expected = "SELECT name FROM sqlite_master WHERE type = 'trigger'", 3
    with connection.cursor() as cursor:
        cursor.execute(query)
        names = {name for (name,) in cursor.fetchall()}
    for table in append_only.guarded_tables():
        own = {f"{table}_{suffix}" for suffix in ("rows", "whole", "update", "delete", "replace")}
        assert len(own & names) == expected, table


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite loses triggers on a rebuild")
def test_a_lost_trigger_comes_back_with_the_next_migrate(movement):
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER catalog_stockmovement_update")

    call_command("migrate", verbosity=0)

    assert is_refused(lambda: StockMovement.objects.update(delta=50))
