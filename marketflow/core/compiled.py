"""Statements that Django puts together once, and sends again with other values.

Putting a statement of six tables together takes Django several times as long as asking it, and a
checkout sends the same ones each time. Here the queryset is built and compiled when it is first
sent; after that its text goes as it is, with the values of the day (docs/adr/0015).

For the few statements that every cart and every order sends. Everything else is a queryset.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.query import ModelIterable
from django.db.models.sql import UpdateQuery
from django.db.models.sql.compiler import SQLCompiler
from django.db.transaction import TransactionManagementError

M = TypeVar("M", bound=models.Model)
S = TypeVar("S")


class Given(models.Value):
    """Stands for the value called `name` until the statement is sent."""

    def __init__(self, name: str, field: models.Field) -> None:
        super().__init__(None, output_field=field)
        self.name = name

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, list[Given]]:
        return "%s", [self]

    def read(self, values: Mapping[str, Any], connection: BaseDatabaseWrapper) -> Any:
        return self.output_field.get_db_prep_save(values[self.name], connection)


@dataclass(frozen=True)
class _Text:
    sql: str
    params: tuple[Any, ...]

    def values(self, values: Mapping[str, Any], connection: BaseDatabaseWrapper) -> list[Any]:
        return [
            one.read(values, connection) if isinstance(one, Given) else one for one in self.params
        ]


class _Shapes(Generic[S]):
    """What `build` makes of a stand-in for each of `fields`, once for each length of its lists."""

    def __init__(self, build: Callable[..., S], fields: Mapping[str, models.Field]) -> None:
        self._build = build
        self._fields = fields
        self._known: dict[tuple[int, ...], S] = {}

    def of(self, values: Mapping[str, Any]) -> tuple[S, dict[str, Any]]:
        """What fits `values`, and each of these under the name of its stand-in."""
        given, shape = {}, []
        for name in self._fields:
            value = values[name]
            if isinstance(value, list):
                shape.append(len(value))
                given |= {f"{name}{place}": one for place, one in enumerate(value)}
            else:
                given[name] = value
        known = self._known.get(key := tuple(shape))
        if known is None:
            known = self._known[key] = self._build(**self._stand_ins(values))
        return known, given

    def _stand_ins(self, values: Mapping[str, Any]) -> dict[str, Given | list[Given]]:
        return {
            name: [Given(f"{name}{place}", field) for place in range(len(values[name]))]
            if isinstance(values[name], list)
            else Given(name, field)
            for name, field in self._fields.items()
        }


@dataclass(frozen=True)
class _Question:
    rows: models.QuerySet
    compiler: SQLCompiler
    text: _Text
    converters: dict[int, Any]

    @classmethod
    def of(cls, rows: models.QuerySet) -> _Question:
        if rows._prefetch_related_lookups or rows._iterable_class is not ModelIterable:
            raise TypeError("only rows of models, and what is joined to them, are compiled")
        compiler = rows.query.get_compiler(connection=connections[DEFAULT_DB_ALIAS])
        sql, params = compiler.as_sql()
        columns = [column for column, *_ in compiler.select]
        return cls(rows, compiler, _Text(sql, tuple(params)), compiler.get_converters(columns))

    def ask(self, values: Mapping[str, Any]) -> Iterator[models.Model]:
        # Threads have connections of their own.
        connection = connections[DEFAULT_DB_ALIAS]
        if self.rows.query.select_for_update and connection.get_autocommit():
            # Django says so when it compiles, which was in another transaction.
            raise TransactionManagementError("select_for_update cannot be used outside of one")
        params = self.text.values(values, connection)
        compiler = copy(self.compiler)
        compiler.connection = connection
        compiler.as_sql = lambda: (self.text.sql, params)
        compiler.get_converters = lambda _: self.converters
        return iter(
            ModelIterable(
                SimpleNamespace(
                    db=connection.alias,
                    query=SimpleNamespace(get_compiler=lambda **_: compiler),
                    _known_related_objects={},
                )
            )
        )


class CompiledQuery(Generic[M]):
    """`build` makes the queryset, once, of a stand-in for each of `fields`, by their names.

    The fields say of what type the values are. A value that is a list gets a list of stand-ins,
    and a statement for each length. Whatever else `build` reads is read once and for all: what
    changes, such as the time, comes as a value or from the database.
    """

    def __init__(self, build: Callable[..., models.QuerySet[M]], **fields: models.Field) -> None:
        self._questions = _Shapes(lambda **given: _Question.of(build(**given)), fields)

    def list(self, **values: Any) -> list[M]:
        """The rows, in the order of the queryset."""
        question, given = self._questions.of(values)
        return list(question.ask(given))

    def first(self, **values: Any) -> M | None:
        """The first row, or None. The queryset limits itself."""
        return next(iter(self.list(**values)), None)

    def get(self, **values: Any) -> M:
        """The only row there can be. Raises the model's `DoesNotExist`."""
        row = self.first(**values)
        if row is None:
            raise self._questions.of(values)[0].rows.model.DoesNotExist
        return row


class CompiledUpdate:
    """As `CompiledQuery`: `build` makes the rows, of one table, and what their columns become."""

    def __init__(
        self,
        build: Callable[..., tuple[models.QuerySet, Mapping[str, Any]]],
        **fields: models.Field,
    ) -> None:
        self._texts = _Shapes(lambda **given: _text_of_update(*build(**given)), fields)

    def send(self, **values: Any) -> int:
        """How many rows were changed."""
        text, given = self._texts.of(values)
        connection = connections[DEFAULT_DB_ALIAS]
        with (
            transaction.mark_for_rollback_on_error(using=connection.alias),
            connection.cursor() as cursor,
        ):
            cursor.execute(text.sql, text.values(given, connection))
            return cursor.rowcount


def _text_of_update(rows: models.QuerySet, changes: Mapping[str, Any]) -> _Text:
    query = rows.query.chain(UpdateQuery)
    query.add_update_values(changes)
    query.clear_select_clause()
    query.get_initial_alias()
    if query.related_updates or query.count_active_tables() != 1 or query.is_sliced:
        raise TypeError("only rows of one table are updated by a compiled statement")
    sql, params = query.get_compiler(connection=connections[DEFAULT_DB_ALIAS]).as_sql()
    return _Text(sql, tuple(params))
