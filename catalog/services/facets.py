"""How many products each further filter would leave, as a filter column shows it.

A facet does not count against itself: its own choice is left out of its counts, every other one
is in. Counts above `CAP` are shown as "1,000+" and may be a minute old. Of more than
`MOST_COUNTED` products the newest so many are counted: "812+".
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django_countries import countries

from catalog.models import Product
from catalog.services.facet_sql import GOOD_RATING, MOST_COUNTED, FacetStatement, Row
from catalog.services.filters import Filters
from catalog.services.price_ranges import bound, known_cuts, remember_cuts
from marketflow.core.money import Money

CAP = 1000
MOST_VALUES = 40
MOST_OPTIONS = 3
MOST_ATTRIBUTES = 6
# Beyond CAP products the counts may be this old; a smaller list is always counted afresh.
SECONDS = 60


@dataclass(frozen=True)
class Value:
    """One box to tick."""

    value: str
    label: str
    count: int
    is_chosen: bool = False
    is_least: bool = False

    @property
    def count_text(self) -> str:
        return _text(self.count, self.is_least)


@dataclass(frozen=True)
class Preset:
    """A price range to choose with one click; bounds as people type them."""

    low: str
    high: str
    count: int
    is_chosen: bool
    low_money: Money | None = None
    high_money: Money | None = None
    is_least: bool = False

    @property
    def count_text(self) -> str:
        return _text(self.count, self.is_least)


@dataclass(frozen=True)
class Facet:
    """A group of boxes under one parameter."""

    name: str
    label: str
    values: list[Value]

    @property
    def chosen(self) -> int:
        return sum(value.is_chosen for value in self.values)


@dataclass
class Facets:
    """Everything a filter column shows. `scope` is how many there are without any filter."""

    total: int = 0
    scope: int = 0
    lists: list[Facet] = field(default_factory=list)
    presets: list[Preset] = field(default_factory=list)
    # Path of a category one level down, and how many products are there.
    below: dict[str, int] = field(default_factory=dict)


def _text(count: int, is_least: bool) -> str:
    shown = min(count, CAP)
    return f"{shown:,}+" if count > CAP or is_least else f"{shown:,}"


def count_facets(
    scope: QuerySet, filters: Filters, *, key: str, depth: int = 0, without: Sequence[str] = ()
) -> Facets:
    """The facets of `scope` under `filters`.

    `key` names the scope ("category:mugs"). `depth` is how many levels of the category tree lie
    above it. `without` names facets that make no sense there. Costs one query.
    """
    try:
        rows = _rows(scope, filters, key, depth)
    except EmptyResultSet:
        # A search that found nothing asks the database nothing.
        return Facets()
    return _facets(rows, filters, without)


def count_each(lists: Sequence[QuerySet]) -> list[int]:
    """How many are in each of the querysets, in one query for all."""
    counts, params = [], []
    for one in lists:
        try:
            sql, more = one.order_by().values_list("pk").query.sql_with_params()
        except EmptyResultSet:
            sql, more = "select 1 where 1 = 0", ()
        counts.append(f"(select count(*) from ({sql}) as counted)")
        params += more
    if not counts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"select {', '.join(counts)}", params)
        return [int(n) for n in cursor.fetchone()]


def _rows(scope: QuerySet, filters: Filters, key: str, depth: int) -> list[Row]:
    cuts = known_cuts(key)
    name = _cache_name(key, filters, depth, cuts)
    rows = cache.get(name) if cuts is not None else None
    if rows is None:
        rows = FacetStatement(scope, filters, depth, cuts).run()
        if cuts is None:
            cuts = [int(low) for kind, low, _high, _n in rows if kind == "price" and low]
            remember_cuts(key, cuts)
            name = _cache_name(key, filters, depth, cuts)
        if next(row[3] for row in rows if row[0] == "scope") > CAP:
            cache.set(name, rows, SECONDS)
    return rows


def _cache_name(key: str, filters: Filters, depth: int, cuts: list[int] | None) -> str:
    text = f"{connection.alias}|{key}|{filters.as_key()}|{depth}|{cuts}"
    return f"facets:{hashlib.sha256(text.encode()).hexdigest()[:40]}"


def _facets(rows: list[Row], filters: Filters, without: Sequence[str]) -> Facets:
    counts: dict[str, dict[str, tuple[str, int]]] = defaultdict(dict)
    for name, value, label, n in rows:
        if name != "price":
            before = counts[name].get(value, ("", 0))[1]
            counts[name][value] = (label, before + n)
    found = Facets(total=counts["total"][""][1], scope=counts["scope"][""][1])
    found.below = {path: n for path, (_label, n) in counts["category"].items()}
    found.presets = _presets([row for row in rows if row[0] == "price"], filters)
    found.lists = [
        facet for facet in _lists(counts, filters) if facet.name not in without and facet.values
    ]
    if found.scope > MOST_COUNTED:
        found.presets = [replace(preset, is_least=True) for preset in found.presets]
        found.lists = [
            replace(facet, values=[replace(value, is_least=True) for value in facet.values])
            for facet in found.lists
        ]
    return found


def _lists(counts, filters: Filters):
    yield _stock_facet(counts, filters)
    yield from _named("option.", counts, filters.options, MOST_OPTIONS)
    yield from _named("attribute.", counts, filters.attributes, MOST_ATTRIBUTES)
    yield _rating_facet(counts, filters)
    yield _facet("shop", _("Shop"), counts["shop"], filters.shops)
    names = dict(Product.Condition.choices)
    yield _labelled("condition", _("Condition"), counts, filters.conditions, names.get)
    yield _labelled("ships_from", _("Ships from"), counts, filters.ships_from, countries.name)


def _facet(name: str, label: str, values, chosen: Sequence[str]) -> Facet:
    """Without a choice to make there is no facet."""
    boxes = [
        Value(value, text or value, n, value in chosen) for value, (text, n) in values.items()
    ]
    boxes += [Value(value, value, 0, True) for value in chosen if value not in values]
    boxes.sort(key=lambda box: (not box.is_chosen, -box.count, box.label))
    shown = boxes[:MOST_VALUES] if len(boxes) > 1 or chosen else []
    return Facet(name, label, shown)


def _named(prefix: str, counts, chosen, most: int) -> list[Facet]:
    """A facet per option or attribute: those chosen, then those that most products have."""
    names = [f"{prefix}{name}" for name in chosen]
    reach = {
        name: sum(n for _label, n in values.values())
        for name, values in counts.items()
        if name.startswith(prefix) and name not in names
    }
    names += sorted(reach, key=lambda name: (-reach[name], name))
    facets = (
        _facet(
            name,
            capfirst(name.removeprefix(prefix)),
            counts[name],
            chosen.get(name.removeprefix(prefix), ()),
        )
        for name in names
    )
    return [facet for facet in facets if facet.values][:most]


def _labelled(name: str, label: str, counts, chosen, label_of: Callable[[str], str]) -> Facet:
    values = {
        value: (str(label_of(value) or value), n) for value, (_label, n) in counts[name].items()
    }
    return _facet(name, label, values, chosen)


def _stock_facet(counts, filters: Filters) -> Facet:
    n = counts["in_stock"]["1"][1]
    return Facet("in_stock", _("Availability"), [Value("1", _("In stock"), n, filters.in_stock)])


def _rating_facet(counts, filters: Filters) -> Facet:
    """Absent while nothing is rated that well."""
    n = counts["min_rating"][GOOD_RATING][1]
    is_chosen = filters.min_rating == Decimal(GOOD_RATING)
    values = [Value(GOOD_RATING, _("4 stars and up"), n, is_chosen)] if n or is_chosen else []
    return Facet("min_rating", _("Rating"), values)


def _presets(rows: list[Row], filters: Filters) -> list[Preset]:
    currency = settings.MARKETPLACE_CURRENCY
    found = [
        (int(low) if low else None, int(high) if high else None, n) for _name, low, high, n in rows
    ]
    return [
        Preset(
            low=bound(low),
            high=bound(high),
            count=n,
            is_chosen=(low, high) == (filters.min_price, filters.max_price),
            low_money=None if low is None else Money(low, currency),
            high_money=None if high is None else Money(high, currency),
        )
        for low, high, n in sorted(found, key=lambda one: one[0] or 0)
    ]
