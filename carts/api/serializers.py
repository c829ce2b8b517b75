"""A cart as programs see it: every answer is the whole cart."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from carts.models import CartLine
from marketflow.core.api.answers import answer
from marketflow.core.api.fields import (
    CountryField,
    MoneyField,
    StrictSerializer,
    WholeNumberField,
)

SHOP = re.compile(r"[-a-zA-Z0-9_]{1,90}")


class CartVariantSerializer(serializers.Serializer):
    id = serializers.UUIDField(source="uuid")
    sku = serializers.CharField()
    product = serializers.CharField(source="product.slug")
    title = serializers.CharField(source="product.title")
    options = serializers.DictField(child=serializers.CharField())


class CartItemSerializer(serializers.Serializer):
    id = serializers.UUIDField(source="line.uuid")
    variant = CartVariantSerializer()
    quantity = serializers.IntegerField()
    unit_price = MoneyField()
    old_price = MoneyField(allow_null=True)
    discount = MoneyField()
    total = MoneyField(help_text="After the discount.")
    issue = serializers.CharField(help_text="unavailable, sold_out, short, or blank.")


class ShippingChoiceSerializer(serializers.Serializer):
    id = serializers.UUIDField(source="option.uuid")
    name = serializers.CharField(source="option.name")
    price = MoneyField()
    min_days = serializers.IntegerField(
        source="option.min_days", help_text="Working days, Monday to Friday, until it arrives."
    )
    max_days = serializers.IntegerField(source="option.max_days", help_text="Working days.")
    chosen = serializers.BooleanField(source="is_chosen")


class CartShopSerializer(serializers.Serializer):
    slug = serializers.CharField()
    name = serializers.CharField()


class DiscountSerializer(serializers.Serializer):
    """What a promotion takes off goods and delivery together."""

    name = serializers.CharField()
    code = serializers.CharField(help_text="Blank where it applies by itself.")
    amount = MoneyField()
    payer = serializers.ChoiceField(["shop", "market", "shared"])


class CouponSerializer(serializers.Serializer):
    """A coupon in the cart, also where it takes nothing off at the moment."""

    code = serializers.CharField()
    name = serializers.CharField()
    shop = serializers.CharField(
        source="shop.slug", default=None, allow_null=True, help_text="Null: the market's."
    )
    reason = serializers.CharField(
        help_text="Why it takes nothing off: unknown, ended, exhausted, used, first_order, "
        "minimum, nothing. Blank where it does."
    )
    missing = serializers.SerializerMethodField(
        help_text="How much more of what it is for would reach its minimum. Null where it does."
    )

    @extend_schema_field(MoneyField(allow_null=True))
    def get_missing(self, coupon: Any) -> dict[str, Any] | None:
        return MoneyField().to_representation(coupon.missing) if coupon.missing_minor else None


class CartGroupSerializer(serializers.Serializer):
    shop = CartShopSerializer()
    items = CartItemSerializer(many=True, source="lines")
    shipping_options = ShippingChoiceSerializer(many=True, source="options")
    deliverable = serializers.SerializerMethodField()
    goods = MoneyField()
    discounts = DiscountSerializer(many=True)
    discount = MoneyField(help_text="Off the goods.")
    shipping = MoneyField(help_text="After promotions.")
    tax_included = MoneyField()
    total = MoneyField()

    def get_deliverable(self, group: Any) -> bool:
        return not group.is_undeliverable


class TotalsSerializer(serializers.Serializer):
    goods = MoneyField()
    discount = MoneyField()
    shipping = MoneyField()
    tax_included = MoneyField()
    total = MoneyField()


class CartSerializer(serializers.Serializer):
    """Of `carts.services.pricing.PricedCart`."""

    groups = CartGroupSerializer(many=True)
    saved = CartItemSerializer(many=True)
    discounts = DiscountSerializer(many=True)
    coupons = CouponSerializer(many=True)
    country = serializers.CharField()
    postcode = serializers.SerializerMethodField()
    totals = serializers.SerializerMethodField()
    quote = serializers.CharField(help_text="Stands for everything to be paid.")
    token = serializers.CharField(required=False, help_text="For guests: X-Cart-Token.")

    def get_postcode(self, priced: Any) -> str:
        return priced.cart.postcode if priced.cart else ""

    @extend_schema_field(TotalsSerializer)
    def get_totals(self, priced: Any) -> dict[str, Any]:
        return answer(TotalsSerializer, priced)


class ShippingChoiceField(serializers.DictField):
    """`{shop: option}`: by which option each shop is to send."""

    child = serializers.UUIDField()
    MOST = 100

    def to_internal_value(self, data: Any) -> dict[str, str]:
        chosen = super().to_internal_value(data)
        if len(chosen) > self.MOST or not all(map(SHOP.fullmatch, chosen)):
            raise serializers.ValidationError("Name shops by their slug.")
        return {shop: str(option) for shop, option in chosen.items()}


class ItemInput(StrictSerializer):
    variant = serializers.UUIDField()
    quantity = WholeNumberField(min_value=1, max_value=CartLine.MOST, default=1)


class QuantityInput(StrictSerializer):
    quantity = WholeNumberField(min_value=0, max_value=CartLine.MOST)


class CouponInput(StrictSerializer):
    code = serializers.CharField(max_length=60)


class CartInput(StrictSerializer):
    country = CountryField(required=False)
    postcode = serializers.CharField(max_length=16, required=False, allow_blank=True)
    shipping = ShippingChoiceField(required=False)
