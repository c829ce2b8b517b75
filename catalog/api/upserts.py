"""Many products of a shop at once, by SKU."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Shop
from catalog.api.inputs import ProductFields
from catalog.services import upserting
from marketflow.core.api.bulk import EachByItself, RefusedFields, Unread
from marketflow.core.api.fields import PriceField, StrictSerializer, WholeNumberField
from marketflow.core.api.permissions import IsAuthenticated
from marketflow.core.errors import Refusal

DUTY = "catalogue"
MOST_ITEMS = 100
NO_PRODUCT = {"product": None, "variant": None}


class UpsertItemInput(ProductFields):
    """What a SKU is: only what is sent is changed. A new one needs a title and a price."""

    sku = serializers.CharField(max_length=64)
    title = serializers.CharField(max_length=200, required=False)
    option_names = None
    price = PriceField(required=False)
    compare_at_price = PriceField(allow_null=True, required=False)
    weight_grams = WholeNumberField(
        min_value=0, max_value=10_000_000, allow_null=True, required=False
    )
    barcode = serializers.CharField(max_length=32, allow_blank=True, required=False)
    needs_shipping = serializers.BooleanField(required=False)

    # Options are named one by one, at `products/`.
    validate_option_names = None


class UpsertInput(StrictSerializer):
    items = EachByItself(child=UpsertItemInput(), allow_empty=False, max_length=MOST_ITEMS)


class UpsertResultSerializer(serializers.Serializer):
    sku = serializers.CharField()
    status = serializers.ChoiceField(["created", "changed", "unchanged", "refused"])
    code = serializers.CharField(help_text="Why it was refused; blank where it was not.")
    detail = serializers.CharField()
    fields = RefusedFields()
    product = serializers.CharField(allow_null=True)
    variant = serializers.UUIDField(allow_null=True)


class UpsertResultsSerializer(serializers.Serializer):
    items = UpsertResultSerializer(many=True)


class ShopProductsView(APIView):
    permission_classes = [IsAuthenticated]
    scopes = {"write": "products:write"}

    @extend_schema(request=UpsertInput, responses=UpsertResultsSerializer)
    def put(self, request: Request, slug: str) -> Response:
        """Make or change up to 100 products by SKU, each with a result of its own.

        The same body again changes nothing. Each item is done by itself, whole or not at all:
        what is refused stops nothing else. What was taken off sale for good is changed only by an
        item that names its `state`, which brings it back. For stock there is `stock/`.
        """
        shop = get_object_or_404(Shop.objects.managed_by(request.user, DUTY), slug=slug)
        body = UpsertInput(data=request.data)
        body.is_valid(raise_exception=True)
        items = body.validated_data["items"]
        return Response({"items": [_done(shop, values) for values in items]})


def _done(shop: Shop, values: dict[str, Any] | Unread) -> dict[str, Any]:
    if isinstance(values, Unread):
        return values.told | NO_PRODUCT
    sku = values["sku"]
    try:
        upserted = upserting.upsert(shop=shop, **values)
    except Refusal as refusal:
        told = {"status": "refused", "code": refusal.code, "detail": str(refusal.message)}
        return {"sku": sku, **told, "fields": {}, **NO_PRODUCT}
    variant = upserted.variant
    told = {"product": variant.product.slug, "variant": str(variant.uuid)}
    return {"sku": sku, "status": upserted.status, "code": "", "detail": "", "fields": {}, **told}
