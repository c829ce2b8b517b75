"""Queries that Django puts together once, and asks again with other values.

Putting a statement of six tables together takes Django several times as long as asking it, and a
checkout asks the same ones each time. Here the queryset is built and compiled when it is first
asked; after that its text is sent as it is, with the values of the day.

For the few statements that every cart and every order sends. Everything else is a queryset.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression
from django.db.models.query import ModelIterable
from django.db.models.sql.compiler import SQLCompiler
from django.db.transaction import TransactionManagementError

M = TypeVar("M", bound=models.Model)


class Given(Expression):
    """Stands for the value called `name` until the query is asked."""

    def __init__(self, name: str, field: models.Field) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, list[Given]]:
        return "%s", [self]

    def value(self, values: dict[str, Any], connection: BaseDatabaseWrapper) -> Any:
        return self.output_field.get_db_prep_value(values[self.name], connection, prepared=False)


@dataclass(frozen=True)
class _Statement:
    rows: models.QuerySet
    compiler: SQLCompiler
    sql: str
    params: tuple[Any, ...]
    converters: dict[int, Any]

    @classmethod
    def of(cls, rows: models.QuerySet) -> _Statement:
        if rows._prefetch_related_lookups or rows._iterable_class is not ModelIterable:
            raise TypeError("only rows of models, and what is joined to them, are compiled")
        compiler = rows.query.get_compiler(connection=connections[DEFAULT_DB_ALIAS])
        sql, params = compiler.as_sql()
        columns = [column for column, *_ in compiler.select]
        return cls(rows, compiler, sql, tuple(params), compiler.get_converters(columns))

    def ask(self, values: dict[str, Any]) -> Iterator[models.Model]:
        # Threads have connections of their own.
        connection = connections[DEFAULT_DB_ALIAS]
        if self.rows.query.select_for_update and connection.get_autocommit():
            # Django says so when it compiles, which was in another transaction.
            raise TransactionManagementError("select_for_update cannot be used outside of one")
        params = [
            one.value(values, connection) if isinstance(one, Given) else one for one in self.params
        ]
        compiler = copy(self.compiler)
        compiler.connection = connection
        compiler.as_sql = lambda: (self.sql, params)
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
        self._build = build
        self._fields = fields
        self._statements: dict[tuple[int, ...], _Statement] = {}

    def list(self, **values: Any) -> list[M]:
        """The rows, in the order of the queryset."""
        lists = {name: value for name, value in values.items() if isinstance(value, list)}
        shape = tuple(len(value) for value in lists.values())
        if shape not in self._statements:
            self._statements[shape] = _Statement.of(self._build(**self._stand_ins(lists)))
        singles = values.keys() - lists.keys()
        given = {name: values[name] for name in singles}
        for name, value in lists.items():
            given |= {f"{name}{place}": one for place, one in enumerate(value)}
        return list(self._statements[shape].ask(given))

    def first(self, **values: Any) -> M | None:
        """The first row, or None. The queryset limits itself."""
        return next(iter(self.list(**values)), None)

    def get(self, **values: Any) -> M:
        """The only row there can be. Raises the model's `DoesNotExist`."""
        row = self.first(**values)
        if row is None:
            raise self.model.DoesNotExist
        return row

    @property
    def model(self) -> type[M]:
        """Known once it was asked."""
        return next(iter(self._statements.values())).rows.model

    def _stand_ins(self, lists: dict[str, list[Any]]) -> dict[str, Given | list[Given]]:
        return {
            name: [Given(f"{name}{place}", field) for place in range(len(lists[name]))]
            if name in lists
            else Given(name, field)
            for name, field in self._fields.items()
        }
