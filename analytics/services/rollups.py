"""Counting days. A day is rebuilt from the source tables, so doing it twice changes nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Count, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from analytics.models import DailySales
from orders.models import OrderLine, SellerOrder

SOLD = ("paid", "shipped", "delivered", "completed")


def rebuild(first: date, last: date) -> int:
    """Count every day from `first` to `last`, both included. Returns how many days."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for day in days:
        _rebuild_day(day)
    return len(days)


@transaction.atomic
def _rebuild_day(day: date) -> None:
    start = datetime.combine(day, time.min, UTC)
    sold = SellerOrder.objects.filter(
        state__in=SOLD, order__paid_at__gte=start, order__paid_at__lt=start + timedelta(days=1)
    )
    rows = (
        sold.annotate(units=Coalesce(Subquery(_units()), 0))
        .order_by()
        .values("shop", "order__currency")
        .annotate(parts=Count("pk"), gross=Sum("total_minor"), sold=Sum("units"))
    )
    DailySales.objects.filter(day=day).delete()
    DailySales.objects.bulk_create(
        DailySales(
            day=day,
            shop_id=row["shop"],
            currency=row["order__currency"],
            orders=row["parts"],
            units=row["sold"],
            gross_minor=row["gross"],
        )
        for row in rows
    )


def _units():
    lines = OrderLine.objects.filter(seller_order=OuterRef("pk")).order_by()
    return lines.values("seller_order").annotate(units=Sum("quantity")).values("units")
