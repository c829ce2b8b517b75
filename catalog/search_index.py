"""The full-text indexes behind `services.search`, on PostgreSQL and on SQLite.

PostgreSQL keeps two generated columns, made by an ordinary migration; they can't be forgotten by
whoever writes a product. SQLite has two FTS5 tables kept by triggers, and Django drops the
triggers without a word when it rebuilds the table (AlterField, AddField): so they are put back
after every `migrate`, never made in a migration.
"""

from __future__ import annotations

from django.db import connections

TABLE = "catalog_product"

# --- PostgreSQL

ACCENTED = "àáâãäåçèéêëìíîïñòóôõöùúûüýÿāăąćčďđēęěğīłńňōőřśšťūůűźżž"
PLAIN = "aaaaaaceeeeiiiinooooouuuuyyaaaccddeeegilnnoorsstuuuzzz"
# A tsvector holds a megabyte; whatever a seller writes must not fail the row.
MOST_TEXT = 100_000


def _plain(column: str) -> str:
    return f"translate(lower({column}), '{ACCENTED}', '{PLAIN}')"


def _vector(column: str, weight: str) -> str:
    return f"setweight(to_tsvector('english', left({_plain(column)}, {MOST_TEXT})), '{weight}')"


ADD_TO_POSTGRESQL = [
    "create extension if not exists pg_trgm",
    f"alter table {TABLE} add column search tsvector generated always as ("
    f"{_vector('title', 'A')} || {_vector('keywords', 'B')} || {_vector('description', 'C')}"
    ") stored",
    f"alter table {TABLE} add column search_text text generated always as ("
    f"left({_plain('title')} || ' ' || {_plain('keywords')}, {MOST_TEXT})) stored",
    f"create index {TABLE}_search on {TABLE} using gin (search)",
    f"create index {TABLE}_search_text on {TABLE} using gin (search_text gin_trgm_ops)",
]
TAKE_FROM_POSTGRESQL = [
    f"alter table {TABLE} drop column if exists search",
    f"alter table {TABLE} drop column if exists search_text",
]

# --- SQLite

WORDS = f"{TABLE}_words"
PARTS = f"{TABLE}_parts"
COLUMNS = {WORDS: ["title", "keywords", "description"], PARTS: ["title", "keywords"]}
TOKENIZERS = {WORDS: "porter unicode61 remove_diacritics 2", PARTS: "trigram"}
TRIGGERS = 3


def ensure(sender, using: str, **kwargs) -> None:
    """Put the index of a SQLite database back, if it is not whole. Runs after `migrate`."""
    connection = connections[using]
    if connection.vendor != "sqlite" or TABLE not in connection.introspection.table_names():
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from sqlite_master where type = 'trigger' and name like %s",
            [f"{TABLE}_search_%"],
        )
        if cursor.fetchone()[0] == TRIGGERS:
            return
        for index in COLUMNS:
            cursor.execute(_virtual_table(index))
        cursor.execute(_trigger("insert", "insert", _put))
        cursor.execute(_trigger("delete", "delete", _take))
        # Counters of a product change with every sale; its words don't.
        cursor.execute(_trigger("update", f"update of {', '.join(COLUMNS[WORDS])}", _take, _put))
        for index in COLUMNS:
            cursor.execute(f"insert into {index}({index}) values ('rebuild')")


def _virtual_table(index: str) -> str:
    return (
        f"create virtual table if not exists {index} using fts5({', '.join(COLUMNS[index])}, "
        f"content='{TABLE}', content_rowid='id', tokenize='{TOKENIZERS[index]}')"
    )


def _trigger(name: str, event: str, *steps) -> str:
    body = " ".join(step(index) for index in COLUMNS for step in steps)
    name = f"{TABLE}_search_{name}"
    return f"create trigger if not exists {name} after {event} on {TABLE} begin {body} end"


def _put(index: str) -> str:
    values = ", ".join(f"new.{column}" for column in COLUMNS[index])
    columns = ", ".join(COLUMNS[index])
    return f"insert into {index}(rowid, {columns}) values (new.id, {values});"


def _take(index: str) -> str:
    # An index without a copy of the content has to be told the old values.
    values = ", ".join(f"old.{column}" for column in COLUMNS[index])
    columns = ", ".join(COLUMNS[index])
    return f"insert into {index}({index}, rowid, {columns}) values ('delete', old.id, {values});"
