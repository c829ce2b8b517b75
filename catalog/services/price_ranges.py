"""Round prices that part a list in three: what a price filter offers to choose with one click."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.models import QuerySet

from marketflow.core.prices import from_minor, minor_digits

SECONDS = 600
FEWEST = 6
ALOUD = [1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 75, 100]

Range = tuple["int | None", "int | None"]


def price_cuts(scope: QuerySet, key: str) -> list[int]:
    """Two round prices that part the scope in three, in minor units; fewer where it is small."""
    name = f"price-cuts:{hashlib.sha256(key.encode()).hexdigest()[:40]}"
    cuts = cache.get(name)
    if cuts is None:
        cuts = sorted({_rounded(price) for price in _thirds(scope)})
        cache.set(name, cuts, SECONDS)
    return cuts


def _thirds(scope: QuerySet) -> list[int]:
    sql, params = scope.order_by().values_list("price_minor").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"with prices(price) as ({sql}), placed as (select price, count(*) over () as n, "
            "row_number() over (order by price) as place from prices) "
            "select price, n from placed where place in (1 + n / 3, 1 + 2 * n / 3)",
            params,
        )
        rows = cursor.fetchall()
    return [price for price, n in rows if n >= FEWEST and price > 0]


def _rounded(price: int) -> int:
    """The nearest price that one would say aloud: 10, 15, 20, 25, 30, 40, 50, 75, 100 …"""
    unit = 10 ** minor_digits(settings.MARKETPLACE_CURRENCY)
    scale = 1
    while price >= 100 * unit * scale:
        scale *= 10
    return min((step * unit * scale for step in ALOUD), key=lambda round_: abs(round_ - price))


def ranges(cuts: Sequence[int]) -> list[Range]:
    bounds = [None, *cuts, None]
    return list(zip(bounds, bounds[1:], strict=False)) if cuts else []


def bound(minor: int | None) -> str:
    """A bound as it stands in an address: "20", "19.99"."""
    if minor is None:
        return ""
    amount = from_minor(minor, settings.MARKETPLACE_CURRENCY)
    whole = amount.to_integral_value()
    return str(int(whole)) if amount == whole else str(amount)
