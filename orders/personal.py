"""What somebody bought, and what became of it."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from accounts.services.exports import personal
from orders.api.aftercare import DisputeSerializer, ReturnSerializer
from orders.api.serializers import OrderSerializer
from orders.models import Dispute, Order, Return


@personal("orders")
def orders_of(user: User) -> list[dict[str, Any]]:
    return OrderSerializer(Order.objects.filter(buyer=user).with_contents(), many=True).data


@personal("returns")
def returns_of(user: User) -> list[dict[str, Any]]:
    rows = Return.objects.with_contents().filter(seller_order__order__buyer=user)
    return ReturnSerializer(rows, many=True).data


@personal("disputes")
def disputes_of(user: User) -> list[dict[str, Any]]:
    rows = Dispute.objects.with_contents().filter(seller_order__order__buyer=user)
    return DisputeSerializer(rows, many=True).data
