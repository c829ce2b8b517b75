"""Orders as programs send and get them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.serializers import AddressFields
from carts.api.serializers import ShippingChoiceField, TotalsSerializer
from carts.models import CartLine
from marketflow.core.addresses import whole
from marketflow.core.api.answers import answer
from marketflow.core.api.fields import MoneyField, StrictSerializer, WholeNumberField
from orders import gateways
from orders.models import Order, OrderLine, Payment, SellerOrder, Shipment


class ShopNameSerializer(serializers.Serializer):
    slug = serializers.CharField()
    name = serializers.CharField()


class OrderLineSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="uuid")
    variant = serializers.UUIDField(source="variant.uuid")
    product = serializers.CharField(source="variant.product.slug")
    unit_price = MoneyField()
    cancelled = serializers.IntegerField(source="released")
    discount = MoneyField()
    total = MoneyField()
    refunded = MoneyField()

    class Meta:
        model = OrderLine
        fields = [
            "id",
            "variant",
            "product",
            "title",
            "options",
            "sku",
            "unit_price",
            "quantity",
            "shipped",
            "cancelled",
            "returned",
            "discount",
            "total",
            "refunded",
        ]
        read_only_fields = fields


class ParcelLineSerializer(serializers.Serializer):
    id = serializers.UUIDField(source="line.uuid")
    quantity = serializers.IntegerField()


class ShipmentSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="uuid")
    lines = ParcelLineSerializer(many=True)

    class Meta:
        model = Shipment
        fields = ["id", "carrier", "tracking_number", "shipped_at", "delivered_at", "lines"]
        read_only_fields = fields


class SellerOrderSerializer(serializers.ModelSerializer):
    shop = ShopNameSerializer()
    shipping = MoneyField()
    tax_included = MoneyField()
    total = MoneyField()
    refunded = MoneyField()
    lines = OrderLineSerializer(many=True)
    shipments = ShipmentSerializer(many=True)

    class Meta:
        model = SellerOrder
        fields = [
            "number",
            "shop",
            "state",
            "note",
            "shipping_name",
            "shipping",
            "deliver_from",
            "deliver_by",
            "tax_included",
            "total",
            "refunded",
            "lines",
            "shipments",
        ]
        read_only_fields = fields


class PostalAddressSerializer(serializers.Serializer):
    name = serializers.CharField()
    line1 = serializers.CharField()
    line2 = serializers.CharField()
    postcode = serializers.CharField()
    city = serializers.CharField()
    region = serializers.CharField()
    country = serializers.CharField()
    phone = serializers.CharField()


class ShopsOrderSerializer(SellerOrderSerializer):
    """A SellerOrder as its shop sees it: with the address, and nothing of other shops."""

    order = serializers.CharField(source="order.number")
    placed_at = serializers.DateTimeField(source="order.placed_at")
    shipping_address = PostalAddressSerializer(source="order")
    note = serializers.CharField(source="buyers_note")

    class Meta(SellerOrderSerializer.Meta):
        fields = [
            *SellerOrderSerializer.Meta.fields,
            "order",
            "placed_at",
            "shipping_address",
        ]
        read_only_fields = fields


# What a program is told: a payment that was only begun is "processing".
STATUSES = ["captured", "requires_action", "processing", "failed"]


class PaymentSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="uuid")
    status = serializers.SerializerMethodField()
    amount = MoneyField()
    failure = serializers.CharField(
        help_text="Why it failed: card_declined, insufficient_funds, expired_card, incorrect_cvc, "
        "processing_error, card_not_accepted, authentication_refused, abandoned, not_started, "
        "provider_refused, or another code of the provider's. Blank where it did not."
    )
    action_url = serializers.SerializerMethodField(
        help_text="Where to send the buyer while an action is required; blank otherwise."
    )

    class Meta:
        model = Payment
        fields = [
            "id",
            "status",
            "provider",
            "method",
            "amount",
            "failure",
            "action_url",
            "created_at",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(STATUSES))
    def get_status(self, payment: Payment) -> str:
        # Started, and its outcome not known yet: to a program that is "processing".
        return "processing" if payment.state == Payment.State.CREATED else payment.state

    def get_action_url(self, payment: Payment) -> str:
        return whole(payment.action_url)


class StartedPaymentSerializer(PaymentSerializer):
    """An attempt to pay, as who made it gets it."""

    client_secret = serializers.CharField(
        help_text="With `stripe`, where an action is required: for its own library, once."
    )

    class Meta(PaymentSerializer.Meta):
        fields = [*PaymentSerializer.Meta.fields, "client_secret"]
        read_only_fields = fields


class OrderPaymentSerializer(serializers.Serializer):
    last = PaymentSerializer(allow_null=True)
    methods = serializers.ListField(child=serializers.CharField())


class OrderSummarySerializer(serializers.ModelSerializer):
    """An order in a list."""

    total = MoneyField()

    class Meta:
        model = Order
        fields = ["number", "state", "placed_at", "expires_at", "paid_at", "total"]
        read_only_fields = fields


class UsedPromotionSerializer(serializers.Serializer):
    name = serializers.CharField()
    code = serializers.CharField()
    amount = MoneyField(source="discount")


class OrderSerializer(serializers.ModelSerializer):
    totals = serializers.SerializerMethodField()
    discounts = UsedPromotionSerializer(many=True, source="redemptions")
    shipping_address = PostalAddressSerializer(source="*")
    billing_address = PostalAddressSerializer(source="billing")
    seller_orders = SellerOrderSerializer(many=True)
    payment = serializers.SerializerMethodField()

    class Meta:
        model = Order
        fields = [
            "number",
            "state",
            "email",
            "placed_at",
            "expires_at",
            "paid_at",
            "note",
            "totals",
            "discounts",
            "shipping_address",
            "billing_address",
            "seller_orders",
            "payment",
        ]
        read_only_fields = fields

    @extend_schema_field(TotalsSerializer)
    def get_totals(self, order: Order) -> dict[str, Any]:
        return answer(TotalsSerializer, order)

    @extend_schema_field(OrderPaymentSerializer)
    def get_payment(self, order: Order) -> dict[str, Any]:
        """The last attempt, and the ways of paying that are offered while one is due."""
        last = next(iter(order.payments.all()), None)
        is_due = order.state == Order.State.AWAITING_PAYMENT
        return {
            "last": answer(PaymentSerializer, last) if last else None,
            "methods": [gateway.name for gateway in gateways.enabled()] if is_due else [],
        }


class PlacedOrderSerializer(OrderSerializer):
    """As the checkout answers: a guest is handed the token that opens the order."""

    token = serializers.CharField(required=False, help_text="For guests: X-Order-Token.")

    class Meta(OrderSerializer.Meta):
        fields = [*OrderSerializer.Meta.fields, "token"]
        read_only_fields = fields


class NotesField(serializers.DictField):
    child = serializers.CharField(max_length=1000, allow_blank=True)
    MOST = 100

    def to_internal_value(self, data: Any) -> dict[str, str]:
        notes = super().to_internal_value(data)
        if len(notes) > self.MOST:
            raise serializers.ValidationError("That is more shops than a cart has.")
        return notes


class CheckoutInput(StrictSerializer):
    quote = serializers.CharField(max_length=64)
    email = serializers.EmailField(max_length=254, required=False)
    shipping_address = AddressFields(required=False)
    address_id = serializers.UUIDField(required=False)
    billing_address = AddressFields(
        required=False, help_text="Where it is not the delivery address: whom invoices are for."
    )
    shipping = ShippingChoiceField(required=False)
    payment_method = serializers.CharField(max_length=20, required=False, allow_blank=True)
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    notes = NotesField(required=False, help_text="`{shop: note}`: read by that shop alone.")

    def validate_payment_method(self, name: str) -> str:
        if name and gateways.named(name) is None:
            offered = ", ".join(gateway.name for gateway in gateways.enabled())
            raise serializers.ValidationError(f"Offered are: {offered}.")
        return name

    def validate(self, attrs: dict) -> dict:
        if ("shipping_address" in attrs) == ("address_id" in attrs):
            message = "Send either shipping_address or address_id."
            raise serializers.ValidationError({"shipping_address": [message]})
        return attrs


class PaymentInput(StrictSerializer):
    method = serializers.CharField(max_length=20)
    card = serializers.CharField(max_length=30, required=False, help_text="For `test`.")
    payment_method = serializers.RegexField(
        r"^(pm|ctoken)_\w{1,200}$",
        required=False,
        help_text="For `stripe`: a PaymentMethod or a ConfirmationToken. Without one, confirm "
        "with the `client_secret` of the answer.",
    )


class ParcelLineInput(StrictSerializer):
    id = serializers.UUIDField()
    quantity = WholeNumberField(min_value=1, max_value=CartLine.MOST)


class ShipmentInput(StrictSerializer):
    carrier = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    tracking_number = serializers.CharField(
        max_length=80, required=False, allow_blank=True, default=""
    )
    lines = ParcelLineInput(many=True, required=False, allow_empty=False, max_length=1000)

    def validate_lines(self, lines: list[dict]) -> list[dict]:
        if len({line["id"] for line in lines}) < len(lines):
            raise serializers.ValidationError("Name each line once.")
        return lines
