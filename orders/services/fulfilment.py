"""Fulfilment: a shop sends its part of an order, in one parcel or several."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.timezone import now

from accounts.models import User
from catalog.services import inventory
from catalog.services.inventory import Sold
from marketflow.core.errors import Refusal
from marketflow.core.events import publish
from orders.events import OrderCompleted, SellerOrderDelivered, SellerOrderShipped
from orders.models import (
    Disputed,
    InvalidTransition,
    Order,
    OrderLine,
    SellerOrder,
    Shipment,
    ShipmentLine,
)
from orders.services import bookings, ledger


class NotShippable(Refusal):
    code = "not_shippable"
    message = "This order can't be shipped now."


class TooManyUnits(Refusal):
    code = "too_many_units"
    message = "The parcel holds more units than are still to be sent."


@transaction.atomic
def ship(
    *,
    seller_order: SellerOrder,
    carrier: str = "",
    tracking_number: str = "",
    lines: Mapping[int, int] | None = None,
    actor: User | None = None,
) -> Shipment:
    """Send a parcel: the goods leave the shelf.

    `lines` is {order line id: units}; without it everything still to be sent goes. The
    SellerOrder is `shipped` once nothing is left. Raises `NotShippable`, `TooManyUnits`.
    Publishes `SellerOrderShipped`.
    """
    # Two members of a shop may press the button at once; the second waits, then is refused.
    part = SellerOrder.objects.select_for_update().get(pk=seller_order.pk)
    if part.state != SellerOrder.State.PAID:
        raise NotShippable(state=part.state)
    parcel = _packed(part, lines)

    shipment = Shipment.objects.create(
        seller_order=part, carrier=carrier, tracking_number=tracking_number
    )
    ShipmentLine.objects.bulk_create(
        ShipmentLine(shipment=shipment, line=line, quantity=units) for line, units in parcel
    )
    _take_off_the_shelf(parcel, str(shipment.uuid))
    is_complete = not part.lines.filter(quantity__gt=F("released") + F("shipped")).exists()
    if is_complete:
        part.move_to(SellerOrder.State.SHIPPED, actor=actor)
    else:
        part.touch()
    seller_order.state = part.state
    publish(
        SellerOrderShipped(
            seller_order_id=part.pk,
            shipment_id=shipment.pk,
            shop_id=part.shop_id,
            buyer_id=part.order.buyer_id,
            is_complete=is_complete,
        )
    )
    return shipment


@transaction.atomic
def deliver(*, seller_order: SellerOrder, actor: User | None = None) -> None:
    """It has arrived. Publishes `SellerOrderDelivered`. Raises `InvalidTransition`."""
    seller_order.move_to(SellerOrder.State.DELIVERED, actor=actor)
    seller_order.shipments.filter(delivered_at=None).update(delivered_at=now())
    publish(
        SellerOrderDelivered(
            seller_order_id=seller_order.pk,
            shop_id=seller_order.shop_id,
            buyer_id=seller_order.order.buyer_id,
        )
    )


@transaction.atomic
def confirm(*, seller_order: SellerOrder, actor: User | None = None) -> None:
    """The buyer has it and is content: delivered, if nobody said so before, and completed.

    Locks as `complete`. Raises `InvalidTransition`, `Disputed`. Publishes `SellerOrderDelivered`
    and `OrderCompleted` as these happen.
    """
    # The order comes first in the order of locks.
    Order.objects.select_for_update().get(pk=seller_order.order_id)
    if seller_order.disputes.open().exists():
        raise Disputed
    if seller_order.state == SellerOrder.State.SHIPPED:
        deliver(seller_order=seller_order, actor=actor)
    complete(seller_order=seller_order, actor=actor)


@transaction.atomic
def complete(*, seller_order: SellerOrder, actor: User | None = None) -> None:
    """Nothing more is expected: what is left of its money is the shop's to be paid out.

    The order completes with its last part. Locks Order, then accounts. Raises
    `InvalidTransition`, `Disputed`. Publishes `OrderCompleted` with the last part.
    """
    order = Order.objects.select_for_update().get(pk=seller_order.order_id)
    if seller_order.disputes.open().exists():
        raise Disputed
    seller_order.move_to(SellerOrder.State.COMPLETED, actor=actor)
    done = [SellerOrder.State.COMPLETED, SellerOrder.State.CANCELLED]
    if not order.seller_orders.exclude(state__in=done).exists():
        order.move_to(Order.State.COMPLETED, actor=actor)
        publish(OrderCompleted(order_id=order.pk, buyer_id=order.buyer_id))
    ledger.post(bookings.completed(seller_order, order.currency))


def complete_delivered() -> int:
    """Complete what was delivered AUTO_COMPLETE_DAYS ago and not disputed. Returns how many."""
    age = timedelta(days=settings.AUTO_COMPLETE_DAYS)
    due = SellerOrder.objects.filter(
        state=SellerOrder.State.DELIVERED, shipments__delivered_at__lt=Now() - age
    ).exclude(shipments__delivered_at__gte=Now() - age)
    due = due.exclude(pk__in=SellerOrder.objects.disputed().values("pk"))
    completed = 0
    for part in due.distinct().order_by("pk"):
        try:
            complete(seller_order=part)
        except (InvalidTransition, Disputed):
            # Somebody else completed or disputed it in the meantime.
            continue
        completed += 1
    return completed


def _packed(part: SellerOrder, wanted: Mapping[int, int] | None) -> list[tuple[OrderLine, int]]:
    lines = {line.pk: line for line in part.lines.all()}
    if wanted is None:
        wanted = {pk: line.unshipped for pk, line in lines.items()}
    wanted = {pk: units for pk, units in wanted.items() if units}
    if not wanted:
        raise NotShippable("The parcel is empty.")
    if any(
        pk not in lines or not 0 < units <= lines[pk].unshipped for pk, units in wanted.items()
    ):
        raise TooManyUnits
    return [(lines[pk], units) for pk, units in sorted(wanted.items())]


def _take_off_the_shelf(parcel: list[tuple[OrderLine, int]], parcel_id: str) -> None:
    for line, units in parcel:
        tracked = units if line.stock_item_id else 0
        OrderLine.objects.filter(pk=line.pk).update(
            shipped=F("shipped") + units, allocated=F("allocated") - tracked
        )
    inventory.sell(
        Sold(line.stock_item_id, units, line.pk, parcel_id)
        for line, units in parcel
        if line.stock_item_id
    )
