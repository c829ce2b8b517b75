"""Stock that is held for nobody."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import F, IntegerField, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from catalog.models import StockItem
from catalog.services import inventory
from marketflow.management.diagnoses.diagnosis import Case, Diagnosis
from orders.models import Order, OrderLine
from orders.services import closing


def overdue_holds() -> Iterable[Case]:
    for order in Order.objects.overdue().order_by("pk"):
        yield Case(order.pk, f"order {order.number}, held until {order.expires_at:%F %T}")


def unexplained_allocations() -> Iterable[Case]:
    held = OrderLine.objects.filter(stock_item=OuterRef("pk")).values("stock_item")
    held = held.annotate(units=Sum("allocated")).values("units")
    rows = StockItem.objects.annotate(
        held=Coalesce(Subquery(held, output_field=IntegerField()), 0)
    )
    for item in rows.exclude(allocated=F("held")).select_related("variant").order_by("pk"):
        words = f"{item.variant.sku or item.variant.uuid}: {item.allocated} allocated, "
        yield Case(item.pk, words + f"{item.held} held by order lines")


@transaction.atomic
def allocate_what_lines_hold(pk: int) -> None:
    # Whoever writes lines meanwhile waits for this row, and adds or takes their own units after.
    item = StockItem.objects.select_for_update().get(pk=pk)
    held = OrderLine.objects.filter(stock_item=item).aggregate(units=Sum("allocated"))["units"]
    inventory.recount_allocated(item, held or 0)


STOCK = [
    Diagnosis(
        "stuck_hold",
        "not paid in time, and its stock is still held",
        overdue_holds,
        closing.expire,
    ),
    Diagnosis(
        "unexplained_allocation",
        "units are allocated that no order line holds, or held and not allocated",
        unexplained_allocations,
        allocate_what_lines_hold,
    ),
]
