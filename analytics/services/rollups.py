"""Counting days. A day is rebuilt from the source tables, so doing it twice changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Lower

from analytics.models import DailySales, ProductTraffic
from orders.models import OrderLine, Refund, SellerOrder

# Shop and currency.
Key = tuple[int, str]


def rebuild(first: date, last: date) -> int:
    """Count every day from `first` to `last`, both included. Returns how many days."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for day in days:
        _rebuild_day(day)
    return len(days)


@dataclass(frozen=True)
class Moment:
    """A day (UTC) as the columns of times know it."""

    day: date

    @property
    def start(self) -> datetime:
        return datetime.combine(self.day, time.min, UTC)

    def of(self, column: str) -> Q:
        end = self.start + timedelta(days=1)
        return Q(**{f"{column}__gte": self.start, f"{column}__lt": end})


@transaction.atomic
def _rebuild_day(day: date) -> None:
    moment = Moment(day)
    DailySales.objects.filter(day=day).delete()
    DailySales.objects.bulk_create(
        _sales_of(moment),
        # Another run of the same day may have written since; it counted the same.
        update_conflicts=True,
        unique_fields=["day", "shop", "currency"],
        update_fields=[
            "orders", "units", "gross_minor", "discount_minor", "refunded_minor",
            "new_buyers", "returning_buyers",
        ],
    )  # fmt: skip
    ProductTraffic.objects.filter(day=day).delete()
    ProductTraffic.objects.bulk_create(
        _traffic_of(moment),
        update_conflicts=True,
        unique_fields=["day", "product", "currency"],
        update_fields=["shop", "orders", "units", "sales_minor"],
    )


def _sales_of(moment: Moment) -> Iterable[DailySales]:
    paid = SellerOrder.objects.filter(moment.of("order__paid_at")).order_by()
    found: dict[Key, dict[str, int]] = defaultdict(lambda: {"orders": 0, "units": 0, "gross": 0})
    for row in _sold(paid):
        found[row.pop("shop"), row.pop("order__currency")] |= row
    for row in _refunded(moment):
        found[row["seller_order__shop"], row["currency"]]["refunded"] = row["minor"]
    for key, people in _buyers(paid, moment).items():
        found[key] |= people
    return [
        DailySales(
            day=moment.day,
            shop_id=shop,
            currency=currency,
            orders=row["orders"],
            units=row["units"],
            gross_minor=row["gross"],
            discount_minor=row.get("discount", 0),
            refunded_minor=row.get("refunded", 0),
            new_buyers=row.get("new", 0),
            returning_buyers=row.get("returning", 0),
        )
        for (shop, currency), row in found.items()
    ]


def _sold(paid: QuerySet) -> Iterable[dict[str, Any]]:
    return (
        paid.annotate(
            part_units=Coalesce(Subquery(_of_lines("quantity")), 0),
            part_discount=Coalesce(Subquery(_of_lines("discount_minor")), 0),
        )
        .values("shop", "order__currency")
        .annotate(
            orders=Count("pk"),
            units=Sum("part_units"),
            gross=Sum("total_minor"),
            discount=Sum(F("part_discount") + F("shipping_discount_minor")),
        )
    )


def _of_lines(column: str) -> QuerySet:
    lines = OrderLine.objects.filter(seller_order=OuterRef("pk")).order_by()
    return lines.values("seller_order").annotate(sum=Sum(column)).values("sum")


def _refunded(moment: Moment) -> QuerySet:
    gone = Refund.objects.filter(moment.of("succeeded_at"), state=Refund.State.SUCCEEDED)
    of_shops = gone.filter(seller_order__isnull=False).order_by()
    return of_shops.values("seller_order__shop", "currency").annotate(minor=Sum("amount_minor"))


def _buyers(paid: QuerySet, moment: Moment) -> dict[Key, dict[str, int]]:
    """Who bought, each once a day: known to the shop before it, by account or address, or new."""
    before = SellerOrder.objects.alias(mail=Lower("order__email")).filter(
        Q(order__buyer=OuterRef("order__buyer")) | Q(mail=OuterRef("mail")),
        shop=OuterRef("shop"),
        order__paid_at__lt=moment.start,
    )
    rows = paid.annotate(mail=Lower("order__email")).annotate(is_known=Exists(before))
    people: dict[Key, dict[str, bool]] = defaultdict(dict)
    for shop, currency, mail, is_known in rows.values_list(
        "shop", "order__currency", "mail", "is_known"
    ):
        known = people[shop, currency]
        known[mail] = known.get(mail, False) or is_known
    return {
        key: {"returning": sum(known.values()), "new": len(known) - sum(known.values())}
        for key, known in people.items()
    }


def _traffic_of(moment: Moment) -> Iterable[ProductTraffic]:
    lines = OrderLine.objects.filter(moment.of("seller_order__order__paid_at")).order_by()
    columns = "variant__product", "seller_order__shop", "seller_order__order__currency"
    rows = lines.values_list(*columns).annotate(
        orders=Count("seller_order", distinct=True),
        units=Sum("quantity"),
        sales=Sum(F("unit_price_minor") * F("quantity") - F("discount_minor")),
    )
    return [
        ProductTraffic(
            day=moment.day,
            product_id=product,
            shop_id=shop,
            currency=currency,
            orders=orders,
            units=units,
            sales_minor=sales,
        )
        for product, shop, currency, orders, units, sales in rows
    ]
