"""The digest of a database: its business tables without ids and moments. Equal means equal."""

from __future__ import annotations

import hashlib

from psycopg import Connection, sql

TABLES = [
    "analytics_dailysales",
    "catalog_stockitem",
    "catalog_stockmovement",
    "core_outboxevent",
    "notifications_mail",
    "orders_commission",
    "orders_ledgeraccount",
    "orders_ledgertransfer",
    "orders_order",
    "orders_orderline",
    "orders_payment",
    "orders_refund",
    "orders_sellerorder",
    "orders_statechange",
]
# Made up anew in each run, or bearing what is.
RANDOM = {"number", "key", "dedupe_key", "provider_reference", "payload", "text", "html"}
RANDOM |= {"access_key", "subject", "attempts", "action_url", "title", "name"}
COLUMNS = """
    SELECT column_name FROM information_schema.columns WHERE table_name = %s
    AND data_type NOT LIKE 'timestamp%%' AND data_type <> 'uuid' AND column_name NOT LIKE '%%id'
    ORDER BY column_name
"""


def digests(connection: Connection, tables: list[str] = TABLES) -> dict[str, str]:
    """By table: how many rows it has, and what they say."""
    return {table: _digest(connection, table) for table in tables}


def _digest(connection: Connection, table: str) -> str:
    columns = [name for (name,) in connection.execute(COLUMNS, [table]) if name not in RANDOM]
    query = sql.SQL("SELECT {} FROM {}").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table)
    )
    rows = sorted(repr(row) for row in connection.execute(query))
    return f"{len(rows)} rows {hashlib.sha256(chr(10).join(rows).encode()).hexdigest()[:12]}"
