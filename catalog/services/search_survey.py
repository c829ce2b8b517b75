"""The statement a search begins with: whether the words find anything and, if not, what was meant.

One round trip instead of one for each question. The later questions are asked only where the
earlier ones came to nothing, so a search that ends at its words pays for those alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from catalog.models import Product
from catalog.services import search_sql

HOW, STRANGE, ALIKE = "how", "strange", "alike"


@dataclass
class Survey:
    """`how` is the step that found something. `alike` are texts that each strange word may be in.

    `beside` has the rows of what else was asked for.
    """

    how: str = ""
    strange: list[str] = field(default_factory=list)
    alike: dict[str, list[str]] = field(default_factory=dict)
    beside: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


def survey(
    steps: Sequence[tuple[str, search_sql.Match | None]],
    *,
    terms: Sequence[str] = (),
    to_mend: Sequence[str] = (),
    beside: Mapping[str, QuerySet] | None = None,
) -> Survey:
    """Try `steps` in order; where all fail, tell which `terms` nothing has, and what is like them.

    `to_mend` are those terms that texts are wanted for. `beside` are querysets of two columns of
    text each, asked in the same breath. Costs one query.
    """
    beside = beside or {}
    how, params = search_sql.first_that_finds(steps, Product.objects.listed())
    parts = [("select 'how' as kind, how as first, '' as second from direct", ())]
    tables = [(f"direct(how) as materialized (select {how})", params)]
    if terms:
        tables.append(_strange(terms))
        parts.append((f"select '{STRANGE}', word, '' from strange", ()))
    parts += [_alike(term) for term in to_mend]
    for name, queryset in beside.items():
        # A queryset of nothing has no SQL.
        with suppress(EmptyResultSet):
            parts.append(_aside(name, queryset))
    return _told(_rows(tables, parts), beside)


def _strange(terms: Sequence[str]) -> tuple[str, tuple]:
    """A table of the terms that nothing has; empty where a step has found something."""
    rows, params = [], []
    for term in terms:
        known, more = search_sql.is_known(term)
        rows.append(f"select cast(%s as text) from direct where how = '' and not {known}")
        params += [term, *more]
    return f"strange(word) as materialized ({' union all '.join(rows)})", tuple(params)


def _alike(term: str) -> tuple[str, tuple]:
    sql, params = search_sql.alike(term)
    return f"select '{ALIKE}', cast(%s as text), found.* from ({sql}) as found", (term, *params)


def _aside(name: str, queryset: QuerySet) -> tuple[str, tuple]:
    sql, params = queryset.query.sql_with_params()
    return f"select 'beside:{name}', asked.* from ({sql}) as asked", tuple(params)


def _rows(tables: list, parts: list) -> list[tuple[str, str, str]]:
    sql = (
        f"with {', '.join(table for table, _params in tables)} "
        f"{' union all '.join(part for part, _params in parts)}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [one for _sql, params in [*tables, *parts] for one in params])
        return cursor.fetchall()


def _told(rows: list[tuple[str, str, str]], beside: Mapping[str, QuerySet]) -> Survey:
    told = Survey(beside={name: [] for name in beside})
    for kind, first, second in rows:
        if kind == HOW:
            told.how = first
        elif kind == STRANGE:
            told.strange.append(first)
        elif kind == ALIKE:
            told.alike.setdefault(first, []).append(second)
        else:
            told.beside[kind.removeprefix("beside:")].append((first, second))
    return told
