"""Refunds, returns, disputes and the timeline as programs send and get them."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from carts.models import CartLine
from marketflow.core.addresses import whole
from marketflow.core.api.fields import (
    PRICE,
    MoneyField,
    PriceField,
    StrictSerializer,
    WholeNumberField,
)
from marketflow.core.money import Money
from orders.models import Dispute, Refund, RefundLine, Return, ReturnLine, ReturnPicture

MOST_LINES = 1000


class RefundLineSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="line.uuid")
    amount = MoneyField()

    class Meta:
        model = RefundLine
        fields = ["id", "quantity", "amount"]
        read_only_fields = fields


class RefundSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="uuid")
    seller_order = serializers.CharField(source="seller_order.number", allow_null=True)
    amount = MoneyField()
    shipping = MoneyField()
    lines = RefundLineSerializer(many=True)

    class Meta:
        model = Refund
        fields = [
            "id",
            "seller_order",
            "state",
            "kind",
            "reason",
            "amount",
            "shipping",
            "lines",
            "created_at",
            "succeeded_at",
        ]
        read_only_fields = fields


class ReturnLineSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="line.uuid")
    title = serializers.CharField(source="line.title")

    class Meta:
        model = ReturnLine
        fields = ["id", "title", "quantity", "received"]
        read_only_fields = fields


class ReturnPictureSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="uuid")
    url = serializers.SerializerMethodField(help_text="For those who see the return.")

    class Meta:
        model = ReturnPicture
        fields = ["id", "url", "width", "height"]
        read_only_fields = fields

    def get_url(self, picture: ReturnPicture) -> str:
        return whole(reverse("v1:return-picture", args=[picture.parcel.uuid, picture.uuid]))


class ReturnSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="uuid")
    order = serializers.CharField(source="seller_order.order.number")
    seller_order = serializers.CharField(source="seller_order.number")
    lines = ReturnLineSerializer(many=True)
    refunds = RefundSerializer(many=True)
    pictures = ReturnPictureSerializer(many=True)

    class Meta:
        model = Return
        fields = [
            "id",
            "order",
            "seller_order",
            "state",
            "reason",
            "answer",
            "lines",
            "pictures",
            "refunds",
            "requested_at",
            "decided_at",
            "received_at",
        ]
        read_only_fields = fields


class DisputeSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="uuid")
    order = serializers.CharField(source="seller_order.order.number")
    seller_order = serializers.CharField(source="seller_order.number")
    amount = MoneyField()

    class Meta:
        model = Dispute
        fields = [
            "id",
            "order",
            "seller_order",
            "state",
            "origin",
            "amount",
            "reason",
            "answer",
            "decision",
            "opened_at",
            "closed_at",
        ]
        read_only_fields = fields


class TimelineEntrySerializer(serializers.Serializer):
    at = serializers.DateTimeField()
    subject = serializers.CharField(
        help_text=(
            "order, seller_order, payment, shipment, stock, refund, return, dispute, message, "
            "ledger"
        )
    )
    src = serializers.CharField(help_text="The state before, where it is a step of one.")
    dst = serializers.CharField()
    text = serializers.CharField()
    detail = serializers.CharField()
    seller_order = serializers.CharField(source="part")
    reference = serializers.CharField(help_text="The id of what it is about.")
    amount = MoneyField(allow_null=True)


# --- what is sent


class UnitsInput(StrictSerializer):
    id = serializers.UUIDField(help_text="Of the order line.")
    quantity = WholeNumberField(min_value=1, max_value=CartLine.MOST)


class LinesField(serializers.ListSerializer):
    """Lines of one order, each named once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"allow_empty": False, "max_length": MOST_LINES} | kwargs)

    def validate(self, lines: list[dict]) -> list[dict]:
        if len({line["id"] for line in lines}) < len(lines):
            raise serializers.ValidationError("Name each line once.")
        return lines


class ReasonInput(StrictSerializer):
    reason = serializers.CharField(max_length=500)


class PartCancellationInput(ReasonInput):
    lines = LinesField(child=UnitsInput(), required=False)


class RefundUnitsInput(StrictSerializer):
    id = serializers.UUIDField(help_text="Of the order line.")
    quantity = WholeNumberField(min_value=0, max_value=CartLine.MOST)
    amount = PriceField(required=False, help_text="In place of what the units cost.")


@extend_schema_field({"oneOf": [{"type": "boolean"}, PRICE], "examples": [True]})
class DeliveryField(PriceField):
    """`true`: all that is left of the delivery. An amount: that much of it."""

    def to_internal_value(self, data: Any) -> bool | Money:
        return data if isinstance(data, bool) else super().to_internal_value(data)


class RefundInput(ReasonInput):
    lines = LinesField(child=RefundUnitsInput(), required=False, allow_empty=True)
    shipping = DeliveryField(required=False)


class ReturnInput(ReasonInput):
    lines = LinesField(child=UnitsInput())


class ReturnPictureInput(StrictSerializer):
    file = serializers.FileField(help_text="JPEG, PNG or WebP.", allow_empty_file=True)


class ApprovalInput(StrictSerializer):
    answer = serializers.CharField(
        max_length=500, required=False, allow_blank=True, default="", help_text="How to send it."
    )


class RejectionInput(StrictSerializer):
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class ArrivedInput(StrictSerializer):
    id = serializers.UUIDField(help_text="Of the order line.")
    quantity = WholeNumberField(min_value=0, max_value=CartLine.MOST)
    restock = serializers.BooleanField(
        required=False, default=True, help_text="Whether the units can be sold again."
    )


class ReceiptInput(StrictSerializer):
    lines = LinesField(child=ArrivedInput())
    shipping = serializers.BooleanField(
        required=False, default=False, help_text="Refund what is left of the delivery too."
    )


class DisputeInput(ReasonInput):
    seller_order = serializers.CharField(max_length=40, help_text="The part it is about.")


class BuyersReceiptInput(StrictSerializer):
    seller_order = serializers.CharField(max_length=40, help_text="The part that came.")


class AnswerInput(StrictSerializer):
    answer = serializers.CharField(max_length=5000)
