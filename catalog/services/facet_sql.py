"""The one statement that counts every facet of a list.

Each product of the scope carries one flag per filter, each variant likewise; every count asks for
the flags of the other filters, since a facet does not count against itself.

What it costs must not grow with the catalogue: how many products there are, and in which
categories, is counted in the `whole`; the values of facets in `base`, its newest products.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from catalog.models import Variant
from catalog.services.filters import FREE, Filters
from catalog.services.price_ranges import ranges_sql

MOST_ROWS = 200
# In a larger scope the counts of values are those of so many products, and are at least that.
MOST_COUNTED = 10_000
GOOD_RATING = "4"
STEP = 4  # Letters of a category's path per level.

Row = tuple[str, str, str, int]


class FacetStatement:
    """A part for each facet, over two tables made once. Rows are (facet, value, label, count)."""

    PRODUCT_COLUMNS = (
        "id", "shop_id", "category_id", "condition", "rating_average", "rating_count",
        "price_minor", "option1_name", "option2_name", "option3_name",
    )  # fmt: skip
    VARIANT_COLUMNS = ("product_id", "price_minor", "option1", "option2", "option3")

    def __init__(
        self, scope: QuerySet, filters: Filters, depth: int, cuts: Sequence[int] | None
    ) -> None:
        self._scope = scope
        self._products = filters.product_conditions()
        self._variants = filters.variant_conditions()
        self._filters = filters
        self._depth = depth
        self._cuts = cuts

    def run(self) -> list[Row]:
        scope, scope_params = self._in_scope()
        fit, fit_params = self._fit()
        offer, offer_params = self._offer()
        parts = [self._totals(), self._shops(), self._countries(), self._conditions()]
        parts += [self._ratings(), self._stock(), self._categories(), self._attributes()]
        parts += [self._options(number) for number in (1, 2, 3)]
        parts.append(self._prices())
        params = [*scope_params, *fit_params, *offer_params]
        for _sql, more in parts:
            params += more
        newest = f"select * from whole order by id desc limit {MOST_COUNTED}"
        sql = (
            f"with {scope}, {fit}, base as materialized ({newest}), {offer}, "
            f"{ranges_sql(self._cuts)} " + " union all ".join(part for part, _more in parts)
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return [(name, value, label, int(n)) for name, value, label, n in cursor.fetchall()]

    def _in_scope(self) -> tuple[str, tuple]:
        flags = _flags(self._products)
        products = self._scope.order_by().annotate(**flags)
        sql, params = products.values_list(*self.PRODUCT_COLUMNS, *flags).query.sql_with_params()
        columns = ", ".join([*self.PRODUCT_COLUMNS, *flags])
        return f"scope({columns}) as materialized ({sql})", params

    def _fit(self) -> tuple[str, tuple]:
        """The scope, and whether one variant of a product meets every filter of variants."""
        if not self._variants:
            return "whole as (select * from scope)", ()
        fitting = Variant.objects.active().order_by().filter(*self._variants.values())
        sql, params = fitting.values_list("product_id").query.sql_with_params()
        join = "join scope b on b.id = v.product_id"
        fit = f"fit as materialized (select distinct b.id from ({sql}) v {join})"
        # Joined, not `in`: a set too large for its memory would be searched again for each row.
        whole = (
            "select b.*, f.id is not null as is_fit from scope b left join fit f on f.id = b.id"
        )
        return f"{fit}, whole as materialized ({whole})", params

    def _offer(self) -> tuple[str, tuple]:
        flags = {"is_free": _flag(FREE)} | _flags(self._variants)
        variants = Variant.objects.active().order_by().annotate(**flags)
        sql, params = variants.values_list(*self.VARIANT_COLUMNS, *flags).query.sql_with_params()
        columns = ", ".join([*self.VARIANT_COLUMNS, *flags, "product_fits"])
        # Carried along, not looked up again: how many there are, the planner may know badly.
        product_fits = f"{self._product_alone()} as product_fits"
        join = f"select v.*, {product_fits} from ({sql}) v join base b on b.id = v.product_id"
        return f"offer({columns}) as materialized ({join})", params

    def _product(self, without: str = "") -> str:
        """The flags of a product, and that one of its variants fits."""
        names = [name for name in self._products if name != without]
        flags = [f"b.{_column(name, self._products)}" for name in names]
        if self._variants:
            flags.append("b.is_fit")
        return " and ".join(flags) or "1 = 1"

    def _variant(self, without: str = "") -> str:
        names = [name for name in self._variants if name != without]
        return " and ".join(f"o.{_column(name, self._variants)}" for name in names) or "1 = 1"

    def _product_alone(self) -> str:
        flags = [f"b.{_column(name, self._products)}" for name in self._products]
        return " and ".join(flags) or "1 = 1"

    def _totals(self) -> tuple[str, list]:
        return (
            "select 'scope', '', '', count(*) from scope union all "
            f"select 'total', '', '', count(*) from whole b where {self._product()}",
            [],
        )

    def _shops(self) -> tuple[str, list]:
        return self._grouped(
            "shop", "s.slug", "s.name", "join accounts_shop s on s.id = b.shop_id"
        )

    def _countries(self) -> tuple[str, list]:
        join = "join accounts_shop s on s.id = b.shop_id"
        return self._grouped("ships_from", "s.country", "s.country", join)

    def _conditions(self) -> tuple[str, list]:
        return self._grouped("condition", "b.condition", "b.condition")

    def _categories(self) -> tuple[str, list]:
        path = f"substr(c.path, 1, {(self._depth + 1) * STEP})"
        join = (
            "join catalog_category c on c.id = b.category_id "
            f"and length(c.path) > {self._depth * STEP}"
        )
        return self._grouped("category", path, path, join, of="whole")

    def _grouped(
        self, name: str, value: str, label: str, join: str = "", of: str = "base"
    ) -> tuple[str, list]:
        """Values of the product; those chosen come first, so that the limit spares them."""
        chosen = (
            f"max(case when b.{_column(name, self._products)} then 1 else 0 end) desc, "
            if name in self._products
            else ""
        )
        return (
            f"select * from (select '{name}', {value}, {label}, "
            f"count(*) filter (where {self._product(without=name)}) as n from {of} b {join} "
            f"group by {value}, {label} order by {chosen}n desc limit {MOST_ROWS}) as t_{name}",
            [],
        )

    def _ratings(self) -> tuple[str, list]:
        return (
            f"select 'min_rating', '{GOOD_RATING}', '', count(*) from base b where "
            f"b.rating_count > 0 and b.rating_average >= {GOOD_RATING} "
            f"and {self._product(without='min_rating')}",
            [],
        )

    def _stock(self) -> tuple[str, list]:
        return self._offers("'in_stock', '1', ''", "in_stock", "o.is_free")

    def _prices(self) -> tuple[str, list]:
        """A row for each range: products of which one variant lies in it and meets the rest."""
        return (
            "select 'price', coalesce(cast(r.low as text), ''), "
            "coalesce(cast(r.high as text), ''), "
            "(select count(distinct o.product_id) from offer o where o.product_fits "
            "and (r.low is null or o.price_minor >= r.low) "
            "and (r.high is null or o.price_minor <= r.high) "
            f"and {self._variant(without='price')}) from price_range r",
            [],
        )

    def _offers(self, columns: str, without: str, condition: str) -> tuple[str, list]:
        """Products of which one variant meets `condition` and all other filters."""
        return (
            f"select {columns}, count(distinct o.product_id) from offer o "
            f"where o.product_fits and {condition} and {self._variant(without=without)}",
            [],
        )

    def _options(self, number: int) -> tuple[str, list]:
        """Values of the options at one of the three places; a name's own choice is left out."""
        name, value = f"b.option{number}_name", f"o.option{number}"
        flags, params = [], []
        for filter_name in self._variants:
            flag = f"o.{_column(filter_name, self._variants)}"
            if filter_name.startswith("option."):
                flags.append(f"({flag} or {name} = %s)")
                params.append(filter_name.removeprefix("option."))
            else:
                flags.append(flag)
        fits = " and ".join([self._product_alone(), *flags])
        return (
            # Once per product, then once per value: counting distinct ones would sort them all.
            f"select * from (select 'option.' || name, value, '', sum(fits) as n from "
            f"(select {name} as name, {value} as value, "
            f"max(case when {fits} then 1 else 0 end) as fits "
            "from offer o join base b on b.id = o.product_id "
            f"where {name} <> '' and {value} <> '' group by b.id, {name}, {value}) as each "
            f"group by name, value order by n desc limit {MOST_ROWS}) as t_option{number}",
            params,
        )

    def _attributes(self) -> tuple[str, list]:
        flags, params = [], []
        for name in self._products:
            flag = f"b.{_column(name, self._products)}"
            if name.startswith("attribute."):
                flags.append(f"({flag} or a.name = %s)")
                params.append(name.removeprefix("attribute."))
            else:
                flags.append(flag)
        if self._variants:
            flags.append("b.is_fit")
        fits = " and ".join(flags) or "1 = 1"
        return (
            "select * from (select 'attribute.' || a.name, a.value, '', "
            f"count(*) filter (where {fits}) as n "
            "from base b join catalog_productattribute a on a.product_id = b.id "
            f"group by a.name, a.value order by n desc limit {MOST_ROWS}) as t_attribute",
            params,
        )


def _flag(condition: Q) -> ExpressionWrapper:
    return ExpressionWrapper(condition, output_field=BooleanField())


def _flags(conditions: dict[str, Q]) -> dict[str, ExpressionWrapper]:
    return {_column(name, conditions): _flag(q) for name, q in conditions.items()}


def _column(name: str, conditions: dict[str, Q]) -> str:
    """What people call an option is no name for a column: its place is."""
    return f"fits_{list(conditions).index(name)}"
