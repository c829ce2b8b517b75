"""Many products from a few, by SQL: a catalogue to measure, whose stock no movements explain."""

from __future__ import annotations

from psycopg import Connection

# In this order, since rows point at those above: what differs in the copy number `n` of a row.
# The ids of copies lie behind the last id, one span of the table after the other.
TABLES = {
    "catalog_product": {
        "slug": "slug || '-c' || n",
        "handle": "''",
        "created_at": "created_at - n * interval '1 hour'",
        "published_at": "published_at - n * interval '1 hour'",
    },
    "catalog_variant": {
        "uuid": "gen_random_uuid()",
        "sku": "sku || '-C' || n",
        "product_id": "product_id + n * {catalog_product}",
    },
    "catalog_stockitem": {"variant_id": "variant_id + n * {catalog_variant}"},
    "catalog_productattribute": {"product_id": "product_id + n * {catalog_product}"},
}
COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'
    ORDER BY ordinal_position
"""


def multiply(connection: Connection, products: int) -> None:
    """Copy every product, with variants, stock and facts, until there are `products` at least."""
    (own,) = connection.execute("SELECT count(*) FROM catalog_product").fetchone()
    copies = -(-products // own) - 1
    spans: dict[str, int] = {}
    for table, changes in TABLES.items():
        (spans[table],) = connection.execute(f"SELECT max(id) FROM {table}").fetchone()
        names = [name for (name,) in connection.execute(COLUMNS, [table])]
        values = {"id": f"id + n * {spans[table]}"} | changes
        copied = ", ".join(values.get(name, f'"{name}"').format(**spans) for name in names)
        columns = ", ".join(f'"{name}"' for name in names)
        connection.execute(
            f"INSERT INTO {table} ({columns}) "
            f"SELECT {copied} FROM {table}, generate_series(1, {copies}) n"
        )
        connection.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
        )
