"""The days that were counted, put together into weeks or months, with nothing left out.

A period without sales is a row of zeros; a week begins on Monday; the first and the last period
are as long as the days asked for make them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import date, timedelta

from django.conf import settings
from django.db.models import QuerySet, Sum

from analytics.models import DailySales, ProductTraffic
from marketflow.core.money import Money

MOST_PRODUCTS = 10

INTERVALS: dict[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
}


@dataclass
class Sums:
    """Amounts are in minor units of the marketplace's currency."""

    orders: int = 0
    units: int = 0
    gross_minor: int = 0
    discount_minor: int = 0
    refunded_minor: int = 0
    new_buyers: int = 0
    returning_buyers: int = 0

    def add(self, row: dict[str, int]) -> None:
        for one in fields(Sums):
            setattr(self, one.name, getattr(self, one.name) + (row[one.name] or 0))

    @property
    def gross(self) -> Money:
        return Money(self.gross_minor, settings.MARKETPLACE_CURRENCY)

    @property
    def discounts(self) -> Money:
        return Money(self.discount_minor, settings.MARKETPLACE_CURRENCY)

    @property
    def refunds(self) -> Money:
        return Money(self.refunded_minor, settings.MARKETPLACE_CURRENCY)

    @property
    def net(self) -> Money:
        return self.gross - self.refunds


@dataclass
class Period(Sums):
    """From `first` to `last`, both included."""

    first: date = field(default=date.min, kw_only=True)
    last: date = field(default=date.min, kw_only=True)


@dataclass(frozen=True)
class Figures:
    periods: list[Period]
    totals: Sums
    products: list[dict[str, object]]


def read(*, sales: QuerySet, traffic: QuerySet, first: date, last: date, interval: str) -> Figures:
    """Figures of `sales` (DailySales) and `traffic` (ProductTraffic), in three queries at most.

    Only what was sold in the marketplace's currency: sums never mix.
    """
    periods, totals = _periods(first, last, interval), Sums()
    by_day = {period.first: period for period in periods}
    begin = INTERVALS[interval]
    names = [one.name for one in fields(Sums)]
    mine = {"currency": settings.MARKETPLACE_CURRENCY}
    rows = sales.between(first, last).filter(**mine).order_by().values("day")
    for row in rows.annotate(**{f"sum_{name}": Sum(name) for name in names}):
        sums = {name: row[f"sum_{name}"] for name in names}
        by_day[max(begin(row["day"]), first)].add(sums)
        totals.add(sums)
    return Figures(periods, totals, _best(traffic.between(first, last).filter(**mine)))


def of_shop(*, shop_id: int, first: date, last: date, interval: str) -> Figures:
    return read(
        sales=DailySales.objects.filter(shop=shop_id),
        traffic=ProductTraffic.objects.filter(shop=shop_id),
        first=first,
        last=last,
        interval=interval,
    )


def of_marketplace(*, first: date, last: date, interval: str) -> Figures:
    return read(
        sales=DailySales.objects.all(),
        traffic=ProductTraffic.objects.all(),
        first=first,
        last=last,
        interval=interval,
    )


def shops_by_sales(*, first: date, last: date) -> list[dict[str, object]]:
    """The shops that sold most, in one query."""
    currency = settings.MARKETPLACE_CURRENCY
    rows = DailySales.objects.between(first, last).filter(currency=currency)
    best = rows.order_by().values("shop__slug", "shop__name")
    best = best.annotate(n=Sum("orders"), minor=Sum("gross_minor")).order_by("-minor", "shop")
    return [
        {
            "slug": row["shop__slug"],
            "name": row["shop__name"],
            "orders": row["n"],
            "sales": Money(row["minor"], currency),
        }
        for row in best[:MOST_PRODUCTS]
    ]


def _periods(first: date, last: date, interval: str) -> list[Period]:
    begin = INTERVALS[interval]
    periods: list[Period] = []
    day = first
    while day <= last:
        if not periods or begin(day) != begin(periods[-1].first):
            periods.append(Period(first=day, last=day))
        periods[-1].last = day
        day += timedelta(days=1)
    return periods


def _best(traffic: QuerySet) -> list[dict[str, object]]:
    rows = traffic.order_by().values("product__slug", "product__title")
    best = rows.annotate(n=Sum("orders"), count=Sum("units"), minor=Sum("sales_minor"))
    return [
        {
            "slug": row["product__slug"],
            "title": row["product__title"],
            "orders": row["n"],
            "units": row["count"],
            "sales": Money(row["minor"], settings.MARKETPLACE_CURRENCY),
        }
        for row in best.order_by("-minor", "product__slug")[:MOST_PRODUCTS]
    ]
