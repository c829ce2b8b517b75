"""What events name by number, loaded as far as news and mails about it read it."""

from __future__ import annotations

from accounts.models import Shop
from orders.models import Dispute, Order, OrderLine, Refund, Return, SellerOrder


def order_of(order_id: int) -> Order:
    return Order.objects.with_lines().select_related("buyer").get(pk=order_id)


def part_of(part_id: int) -> SellerOrder:
    return SellerOrder.objects.with_lines().select_related("order__buyer").get(pk=part_id)


def application_of(shop: Shop) -> str:
    return f"{shop.pk}:{shop.applied_at.isoformat()}"


def units_of(parcel: Return) -> list[tuple[int, OrderLine]]:
    return [(row.quantity, row.line) for row in parcel.lines.all()]


def is_of_a_bank(refund: Refund) -> bool:
    """Whether the buyer's own bank took it: then the buyer hears it from there."""
    disputes = Dispute.objects.by(Dispute.Origin.PROVIDER).filter(
        seller_order=refund.seller_order, provider_reference=refund.provider_reference
    )
    return disputes.exists()
