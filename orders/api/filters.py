"""What lists of orders, returns and disputes are narrowed by."""

from __future__ import annotations

from rest_framework import serializers

from marketflow.core.api.filters import Several, states
from orders.models import Dispute, Order, Return, SellerOrder


class OrderFilter(serializers.Serializer):
    state = states(Order.State)


class SellerOrderFilter(serializers.Serializer):
    state = states(SellerOrder.State)
    shop = Several(serializers.SlugField(), source="shop__slug__in", help_text="Slugs.")


class ReturnFilter(serializers.Serializer):
    state = states(Return.State)


class DisputeFilter(serializers.Serializer):
    state = states(Dispute.State)
