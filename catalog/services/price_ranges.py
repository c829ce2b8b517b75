"""Round prices that part a list in three: what a price filter offers to choose with one click."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from django.conf import settings
from django.core.cache import cache

from marketflow.core.prices import from_minor, minor_digits

SECONDS = 600
FEWEST = 6
# What one would say aloud: 10, 15, 20, 25, 30, 40, 50, 75, 100, and so on ten times as high.
ALOUD = [1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 75, 100]
TENFOLDS = 6

Range = tuple["int | None", "int | None"]


def known_cuts(key: str) -> list[int] | None:
    """The prices that part the list `key`, in minor units, if they were found lately."""
    return cache.get(_cache_name(key))


def remember_cuts(key: str, cuts: Sequence[int]) -> None:
    cache.set(_cache_name(key), list(cuts), SECONDS)


def ranges_sql(cuts: Sequence[int] | None) -> str:
    """Tables for a statement, the last of them `price_range(low, high)` with the ranges.

    Where `cuts` are not known yet they are found in the table `base`, which has `price_minor`.
    """
    if cuts is None:
        tables = [
            f"aloud(price) as (values {', '.join(f'({price})' for price in _aloud())})",
            "placed(price, n, place) as (select price_minor, count(*) over (), "
            "row_number() over (order by price_minor) from base)",
            # One row for each price and each third, the nearest first.
            "near(price, rank) as (select a.price, row_number() over "
            "(partition by p.place order by abs(a.price - p.price), a.price) "
            "from placed p cross join aloud a "
            "where p.place in (1 + p.n / 3, 1 + 2 * p.n / 3) "
            f"and p.n >= {FEWEST} and p.price > 0)",
            "cut as (select distinct price from near where rank = 1)",
        ]
    else:
        # Whole numbers of our own; a list without any cut is empty all the same.
        rows = " union all ".join(f"select {int(cut)} as price" for cut in cuts)
        tables = [f"cut as ({rows or 'select 0 as price where 1 = 0'})"]
    return ", ".join(
        [
            *tables,
            # A price that is a cut belongs to the range above it, and to no other.
            "price_range(low, high) as (select lag(price) over (order by price), price - 1 "
            "from cut union all select max(price), null from cut having count(*) > 0)",
        ]
    )


def _aloud() -> list[int]:
    unit = 10 ** minor_digits(settings.MARKETPLACE_CURRENCY)
    return sorted({step * unit * 10**tens for step in ALOUD for tens in range(TENFOLDS)})


def _cache_name(key: str) -> str:
    return f"price-cuts:{hashlib.sha256(key.encode()).hexdigest()[:40]}"


def bound(minor: int | None) -> str:
    """A bound as it stands in an address: "20", "19.99"."""
    if minor is None:
        return ""
    amount = from_minor(minor, settings.MARKETPLACE_CURRENCY)
    whole = amount.to_integral_value()
    return str(int(whole)) if amount == whole else str(amount)
