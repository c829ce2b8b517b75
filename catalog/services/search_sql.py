"""The two dialects of search: tsvector and trigrams on PostgreSQL, FTS5 on SQLite.

Each function turns words into a `Match`, which narrows and orders a queryset of products. The
columns and tables are those of `catalog.search_index`; the querysets must not be subqueries, since
what is written here names the table itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import BooleanField, FloatField
from django.db.models.expressions import RawSQL

from catalog.search_index import PARTS, TABLE, WORDS

SHORTEST_PART = 3
MOST_LIKE = 100
# To measure how alike a text is takes 20 µs: a short word may be like a third of the catalogue.
MOST_MEASURED = 2_000
# What `Product.objects.listed()` says.
ON_SALE = (
    f"{TABLE}.state = 'published' and {TABLE}.is_listed "
    f"and {TABLE}.shop_id in (select id from accounts_shop where state = 'open')"
)
IS_STRANGE = "exists(select 1 from strange where strange.word = %s)"
# How like a word of the catalogue has to be to what was typed, to be thought of at all.
LEAST_LIKENESS = "0.4"
# SQLite's index knows no stop words.
STOP_WORDS = {"a", "an", "and", "at", "for", "in", "of", "on", "or", "the", "to", "with"}


@dataclass(frozen=True)
class Match:
    """A condition and an order, in the database's own words."""

    condition: str
    params: tuple[object, ...]
    rank: str
    rank_params: tuple[object, ...] = ()
    # SQLite's index is a table of its own; its rank can be asked only where it is joined.
    table: str = ""

    def among(self, products):
        if self.table:
            return products.extra(
                tables=[self.table],
                where=[f"{self.table}.rowid = {TABLE}.id", f"{self.table} match %s"],
                params=list(self.params),
            )
        return products.filter(RawSQL(self.condition, self.params, BooleanField()))

    def ranked(self, products):
        rank = RawSQL(self.rank, self.rank_params, FloatField())
        # SQLite's bm25 is the lower, the better.
        order = rank.asc() if self.table else rank.desc()
        return products.order_by(order, "-units_sold", "-pk")


def all_words(spellings: Sequence[Sequence[str]]) -> Match | None:
    """Products with every word of any spelling."""
    return _dialect(_postgresql_all, _sqlite_all)([words for words in spellings if words])


def some_words(words: Sequence[str]) -> Match | None:
    """Products with at least one of the words."""
    return all_words([[word] for word in words])


def beginning(words: Sequence[str]) -> Match | None:
    """Products with every word, the last of them perhaps not typed to its end."""
    return _dialect(_postgresql_beginning, _sqlite_beginning)(words)


def parts(terms: Sequence[str]) -> Match | None:
    """Products with every term somewhere inside their words or SKUs."""
    long = [term for term in terms if len(term) >= SHORTEST_PART]
    if not long:
        # Too short for trigrams: begin words with it instead.
        words = ["".join(filter(str.isalnum, term)) for term in terms]
        return beginning([word for word in words if word])
    return _dialect(_postgresql_parts, _sqlite_parts)(long)


def first_that_finds(steps: Sequence[tuple[str, Match | None]], products) -> tuple[str, tuple]:
    """SQL for the name of the first step that finds any of `products`, or for nothing."""
    cases, params = [], []
    for name, match in steps:
        if match:
            sql, more = match.among(products).order_by().values_list("pk").query.sql_with_params()
            cases.append(f"when exists({sql}) then '{name}'")
            params += more
    return (f"case {' '.join(cases)} else '' end" if cases else "''"), tuple(params)


def is_known(word: str) -> tuple[str, tuple]:
    """SQL for whether anything has the word."""
    if connection.vendor == "postgresql":
        condition, param = "search @@ plainto_tsquery('english', %s)", word
        return f"exists(select 1 from {TABLE} where {condition})", (param,)
    return f"exists(select 1 from {WORDS} where {WORDS} match %s)", (_quoted(word),)


def alike(word: str) -> tuple[str, tuple]:
    """SQL for titles and keywords that look as if they held `word`, spelled another way.

    Refers to a table `strange` of words: what is not in it is not looked up.
    """
    return _dialect(_postgresql_alike, _sqlite_alike)(word)


def _dialect(postgresql: object, sqlite: object) -> Callable:
    return postgresql if connection.vendor == "postgresql" else sqlite


# --- PostgreSQL


def _postgresql(query: str, params: Sequence[str]) -> Match:
    return Match(
        f"{TABLE}.search @@ ({query})",
        tuple(params),
        f"ts_rank({TABLE}.search, ({query}))",
        tuple(params),
    )


def _postgresql_all(spellings: Sequence[Sequence[str]]) -> Match | None:
    if not spellings:
        return None
    query = " || ".join(["plainto_tsquery('english', %s)"] * len(spellings))
    return _postgresql(query, [" ".join(words) for words in spellings])


def _postgresql_beginning(words: Sequence[str]) -> Match | None:
    if not words:
        return None
    *whole, last = words
    query = "plainto_tsquery('english', %s) && to_tsquery('english', %s)"
    return _postgresql(query, [" ".join(whole), f"{last}:*"])


def _postgresql_parts(terms: Sequence[str]) -> Match:
    patterns = tuple(f"%{_escaped(term)}%" for term in terms)
    condition = " and ".join([f"{TABLE}.search_text like %s"] * len(patterns))
    rank = f"word_similarity(%s, {TABLE}.search_text)"
    return Match(f"({condition})", patterns, rank, (" ".join(terms),))


def _postgresql_alike(word: str) -> tuple[str, tuple]:
    # The threshold of the index is a setting. It is set first, since the look-up refers to it, and
    # for this statement alone.
    return (
        "select near.search_text from (select set_config("
        f"'pg_trgm.word_similarity_threshold', '{LEAST_LIKENESS}', true) as level) as setting "
        f"cross join lateral (select search_text from (select search_text from {TABLE} "
        f"where {ON_SALE} and %s <%% search_text and setting.level is not null and {IS_STRANGE} "
        f"limit {MOST_MEASURED}) as measured "
        f"order by word_similarity(%s, search_text) desc limit {MOST_LIKE}) as near",
        (word, word, word),
    )


def _escaped(term: str) -> str:
    return term.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


# --- SQLite


def _sqlite(table: str, match: str) -> Match:
    weights = "10.0, 4.0, 1.0" if table == WORDS else "10.0, 4.0"
    return Match("", (match,), f"bm25({table}, {weights})", table=table)


def _sqlite_all(spellings: Sequence[Sequence[str]]) -> Match | None:
    groups = []
    for words in spellings:
        meaningful = [word for word in words if word not in STOP_WORDS]
        groups.append(" ".join(_quoted(word) for word in meaningful or words))
    return _sqlite(WORDS, " OR ".join(f"({group})" for group in groups)) if groups else None


def _sqlite_beginning(words: Sequence[str]) -> Match | None:
    if not words:
        return None
    *whole, last = words
    return _sqlite(WORDS, " ".join([*map(_quoted, whole), f"{_quoted(last)}*"]))


def _sqlite_parts(terms: Sequence[str]) -> Match:
    return _sqlite(PARTS, " ".join(_quoted(term) for term in terms))


def _sqlite_alike(word: str) -> tuple[str, tuple]:
    grams = sorted({word[i : i + 3] for i in range(len(word) - 2)})
    return (
        f"select {TABLE}.title || ' ' || {TABLE}.keywords from {PARTS} "
        f"join {TABLE} on {TABLE}.id = {PARTS}.rowid "
        f"where {PARTS} match %s and {ON_SALE} and {IS_STRANGE} "
        f"order by {PARTS}.rank limit {MOST_LIKE}",
        (" OR ".join(_quoted(gram) for gram in grams), word),
    )


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
