"""What programs are told, event by event. A shop hears of its own part, never of a whole order.

Each may be heard twice and writes once. What is said is how things stand when the event is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from catalog.events import ProductChanged, StockChanged
from catalog.models import Product, StockItem
from chat.events import MessagePosted
from chat.models import Message
from marketflow.core.events import Event, subscribe
from notifications.services.webhooks.queueing import CHUNK, tell
from orders.api.aftercare import RefundSerializer, ReturnSerializer
from orders.api.payouts import PayoutSummarySerializer
from orders.api.serializers import OrderSerializer, ShipmentSerializer, ShopsOrderSerializer
from orders.events import (
    OrderCancelled,
    OrderPaid,
    OrderPlaced,
    PayoutSent,
    RefundIssued,
    ReturnRequested,
    SellerOrderDelivered,
    SellerOrderShipped,
)
from orders.models import Order, Payout, Refund, Return, SellerOrder, Shipment

Say = Callable[[int | None], dict[str, Any] | None]

# --- orders, each in its order


@subscribe(OrderPlaced)
def tell_programs_that_an_order_is_placed(event: OrderPlaced) -> None:
    _tell_of_order("order.placed", event)


@subscribe(OrderPaid)
def tell_programs_that_an_order_is_paid(event: OrderPaid) -> None:
    _tell_of_order("order.paid", event)


@subscribe(OrderCancelled)
def tell_programs_that_an_order_is_cancelled(event: OrderCancelled) -> None:
    _tell_of_order("order.cancelled", event, reason=event.reason)


@subscribe(SellerOrderShipped)
def tell_programs_that_a_parcel_left(event: SellerOrderShipped) -> None:
    def say(shop_id: int | None) -> dict[str, Any]:
        parcel = Shipment.objects.prefetch_related("lines__line").get(pk=event.shipment_id)
        more = {"shipment": ShipmentSerializer(parcel).data, "is_complete": event.is_complete}
        return _part(event.seller_order_id) | more

    _tell_of_part("seller_order.shipped", event, say)


@subscribe(SellerOrderDelivered)
def tell_programs_that_a_parcel_arrived(event: SellerOrderDelivered) -> None:
    _tell_of_part("seller_order.delivered", event, lambda _: _part(event.seller_order_id))


@subscribe(ReturnRequested)
def tell_programs_that_a_return_is_asked_for(event: ReturnRequested) -> None:
    def say(shop_id: int | None) -> dict[str, Any]:
        parcel = Return.objects.with_contents().get(pk=event.return_id)
        return {"return": ReturnSerializer(parcel).data}

    _tell_of_part("return.requested", event, say)


@subscribe(RefundIssued)
def tell_programs_that_money_went_back(event: RefundIssued) -> None:
    def say(shop_id: int | None) -> dict[str, Any]:
        refund = Refund.objects.with_contents().get(pk=event.refund_id)
        number = Order.objects.values_list("number", flat=True).get(pk=event.order_id)
        return {"order": number, "refund": RefundSerializer(refund).data}

    # One that no order needed belongs to no shop.
    shops = [event.shop_id] if event.shop_id else []
    tell("refund.issued", subject=_order(event.order_id), shops=shops, say=say)


@subscribe(PayoutSent)
def tell_programs_that_a_payout_is_sent(event: PayoutSent) -> None:
    def say(shop_id: int | None) -> dict[str, Any]:
        payout = Payout.objects.select_related("shop").get(pk=event.payout_id)
        return {"payout": PayoutSummarySerializer(payout).data}

    subject = f"payout:{event.payout_id}"
    tell("payout.sent", subject=subject, shops=[event.shop_id], say=say)


@subscribe(MessagePosted)
def tell_programs_that_a_message_waits(event: MessagePosted) -> None:
    """Where to read it. What people wrote to each other is not kept a second time."""

    def say(shop_id: int | None) -> dict[str, Any]:
        message = Message.objects.select_related("conversation").get(pk=event.message_id)
        return {
            "conversation": str(message.conversation.uuid),
            "message": str(message.uuid),
            "seq": event.seq,
            "side": event.side,
            "kind": event.kind,
        }

    subject = f"conversation:{event.conversation_id}"
    tell("message.posted", subject=subject, shops=[event.shop_id], say=say)


# --- goods: how they are now, whatever was told before


@subscribe(ProductChanged)
def tell_programs_that_products_changed(event: ProductChanged) -> None:
    rows = Product.objects.filter(pk__in=event.product_ids).order_by("pk")
    _tell_of_goods("product.changed", rows, "shop_id", "products", _product)


@subscribe(StockChanged)
def tell_programs_that_stock_changed(event: StockChanged) -> None:
    rows = StockItem.objects.filter(pk__in=event.stock_item_ids).select_related("variant__product")
    _tell_of_goods("stock.changed", rows.order_by("pk"), "variant.shop_id", "items", _stock)


def about(name: str, payload: dict[str, Any]) -> str:
    """The subject of an event in the outbox that programs hear of; blank where it has none.

    Raises KeyError for one that they don't.
    """
    return _SUBJECTS[name](payload)


def _order(order_id: int) -> str:
    return f"order:{order_id}"


def _order_of_part(payload: dict[str, Any]) -> str:
    part = SellerOrder.objects.filter(pk=payload["seller_order_id"])
    return _order(part.values_list("order_id", flat=True).get())


_SUBJECTS: dict[str, Callable[[dict[str, Any]], str]] = {
    OrderPlaced.name: lambda payload: _order(payload["order_id"]),
    OrderPaid.name: lambda payload: _order(payload["order_id"]),
    OrderCancelled.name: lambda payload: _order(payload["order_id"]),
    RefundIssued.name: lambda payload: _order(payload["order_id"]),
    MessagePosted.name: lambda payload: f"conversation:{payload['conversation_id']}",
    SellerOrderShipped.name: _order_of_part,
    SellerOrderDelivered.name: _order_of_part,
    ReturnRequested.name: _order_of_part,
}


def ordered_events() -> list[str]:
    """Names of events that have a subject: a later one waits for them."""
    return list(_SUBJECTS)


def _tell_of_order(
    name: str, event: OrderPlaced | OrderPaid | OrderCancelled, **more: Any
) -> None:
    def say(shop_id: int | None) -> dict[str, Any] | None:
        if shop_id is None:
            order = Order.objects.with_contents().get(pk=event.order_id)
            return {"order": OrderSerializer(order).data} | more
        parts = SellerOrder.objects.with_contents()
        part = parts.get(order=event.order_id, shop=shop_id)
        return {"seller_order": ShopsOrderSerializer(part).data} | more

    tell(name, subject=_order(event.order_id), shops=event.shop_ids, say=say)


def _tell_of_part(name: str, event: Event, say: Say) -> None:
    subject = _order_of_part({"seller_order_id": event.seller_order_id})
    tell(name, subject=subject, shops=[event.shop_id], say=say)


def _part(part_id: int) -> dict[str, Any]:
    part = SellerOrder.objects.with_contents().get(pk=part_id)
    return {"seller_order": ShopsOrderSerializer(part).data}


def _tell_of_goods(
    name: str, rows: Iterable[Any], shop_path: str, key: str, describe: Callable[[Any], dict]
) -> None:
    """Shop by shop, and a hundred at a time: many may change at once."""
    if not _anybody_listens():
        return
    by_shop: dict[int, list[Any]] = {}
    for row in rows:
        owner = row
        for step in shop_path.split("."):
            owner = getattr(owner, step)
        by_shop.setdefault(owner, []).append(row)
    for shop_id, mine in by_shop.items():
        for number, chunk in enumerate(_chunks(mine)):
            said = {key: [describe(row) for row in chunk]}
            tell(name, shops=[shop_id], say=lambda _, said=said: said, part=f"{shop_id}.{number}")


def _anybody_listens() -> bool:
    from notifications.models import WebhookEndpoint

    return WebhookEndpoint.objects.switched_on().exists()


def _chunks(rows: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]


def _product(product: Product) -> dict[str, Any]:
    return {
        "slug": product.slug,
        "title": product.title,
        "state": product.state,
        "is_listed": product.is_listed,
        "updated_at": product.updated_at,
    }


def _stock(item: StockItem) -> dict[str, Any]:
    return {
        "sku": item.variant.sku,
        "variant": str(item.variant.uuid),
        "product": item.variant.product.slug,
        "on_hand": item.on_hand,
        "allocated": item.allocated,
        "available": item.available,
        "level": item.level,
    }
