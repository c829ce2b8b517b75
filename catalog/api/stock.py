"""The stock of a shop, as another system keeps it in step."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Shop
from catalog.api.inputs import MOST_UNITS
from catalog.models import StockItem
from catalog.services import stock_sync
from catalog.services.stock_sync import Change, Count, Result
from marketflow.core.api import changes, pagination
from marketflow.core.api.bulk import EachByItself, RefusedFields, Unread
from marketflow.core.api.fields import StrictSerializer, WholeNumberField
from marketflow.core.api.filters import Several, narrowed
from marketflow.core.api.idempotency import idempotent
from marketflow.core.api.pagination import Pages
from marketflow.core.api.permissions import IsAuthenticated

DUTY = "stock"
MOST_ITEMS = 1000
NO_STOCK = {"on_hand": None, "allocated": None, "available": None}


class StockRowSerializer(serializers.ModelSerializer):
    sku = serializers.CharField(source="variant.sku")
    variant = serializers.UUIDField(source="variant.uuid")
    product = serializers.CharField(source="variant.product.slug")
    available = serializers.IntegerField()

    class Meta:
        model = StockItem
        fields = [
            "sku",
            "variant",
            "product",
            "on_hand",
            "allocated",
            "available",
            "counted_at",
            "changed_at",
        ]
        read_only_fields = fields


class StockPageSerializer(serializers.Serializer):
    """`count` and `previous` of pages; `changed_until` of what changed."""

    count = serializers.IntegerField(required=False)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True, required=False)
    changed_until = serializers.DateTimeField(required=False)
    results = StockRowSerializer(many=True)


class StockFilter(serializers.Serializer):
    sku = Several(serializers.CharField(max_length=64), source="variant__sku__in")


class StockItemInput(StrictSerializer):
    """Either a count, `on_hand` at `as_of`, or a change by `delta`, once per `key`."""

    sku = serializers.CharField(max_length=64)
    on_hand = WholeNumberField(min_value=0, max_value=MOST_UNITS, required=False)
    as_of = serializers.DateTimeField(
        required=False,
        help_text="As finely as the clock reads: whole seconds are their beginning.",
    )
    delta = WholeNumberField(min_value=-MOST_UNITS, max_value=MOST_UNITS, required=False)
    key = serializers.CharField(max_length=80, required=False)

    def validate_delta(self, delta: int) -> int:
        if not delta:
            raise serializers.ValidationError("A change of 0 is none.")
        return delta

    def require_shape(self, data: Any) -> None:
        super().require_shape(data)
        if set(data) not in ({"sku", "on_hand", "as_of"}, {"sku", "delta", "key"}):
            message = "Send on_hand and as_of, or delta and key."
            raise serializers.ValidationError({"non_field_errors": [message]})


class StockInput(StrictSerializer):
    items = EachByItself(child=StockItemInput(), allow_empty=False, max_length=MOST_ITEMS)


class StockResultSerializer(serializers.Serializer):
    sku = serializers.CharField()
    status = serializers.ChoiceField(["done", "refused"])
    code = serializers.CharField(help_text="Why it was refused; blank where it was done.")
    detail = serializers.CharField()
    fields = RefusedFields()
    on_hand = serializers.IntegerField(allow_null=True)
    allocated = serializers.IntegerField(allow_null=True)
    available = serializers.IntegerField(allow_null=True)


class StockResultsSerializer(serializers.Serializer):
    items = StockResultSerializer(many=True)


class StockView(APIView):
    """How many of each SKU a shop has."""

    permission_classes = [IsAuthenticated]
    scopes = {"read": "stock:read", "write": "stock:write"}

    @extend_schema(
        parameters=[
            StockFilter,
            *changes.PARAMETERS,
            *pagination.PARAMETERS,
        ],
        responses=StockPageSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        """Every SKU that is counted, those named by `sku`, or what changed since an hour."""
        rows = narrowed(self._items(self.get_object()), request, StockFilter)
        if changes.is_asked(request):
            page = changes.page(request, rows)
            return page.answer(StockRowSerializer(page.rows, many=True).data)
        pages = Pages()
        found = pages.paginate_queryset(rows.order_by("pk"), request, view=self)
        return pages.get_paginated_response(StockRowSerializer(found, many=True).data)

    @extend_schema(request=StockInput, responses=StockResultsSerializer)
    @idempotent()
    def post(self, request: Request, slug: str) -> Response:
        """Counts and changes, up to 1,000, each with a result of its own in the same order.

        A count says what lay on the shelf at `as_of`; what was sold or moved since is added again.
        A change by `delta` is done once per `key`: sent again, it is answered as before.
        """
        shop = self.get_object()
        body = StockInput(data=request.data)
        body.is_valid(raise_exception=True)
        items = body.validated_data["items"]
        entries = [_entry(values) for values in items if not isinstance(values, Unread)]
        results = iter(stock_sync.sync(shop=shop, entries=entries))
        told = [
            values.told | NO_STOCK if isinstance(values, Unread) else _told(next(results))
            for values in items
        ]
        return Response({"items": told})

    def get_object(self) -> Shop:
        mine = Shop.objects.managed_by(self.request.user, DUTY)
        return get_object_or_404(mine, slug=self.kwargs["slug"])

    def _items(self, shop: Shop) -> QuerySet:
        rows = StockItem.objects.filter(variant__shop=shop)
        return rows.select_related("variant__product")


def _entry(values: dict[str, Any]) -> Count | Change:
    return Count(**values) if "on_hand" in values else Change(**values)


def _told(result: Result) -> dict[str, Any]:
    item = result.item
    return {
        "sku": result.sku,
        "status": result.status,
        "code": result.code,
        "detail": result.detail,
        "fields": {},
        "on_hand": result.on_hand if item else None,
        "allocated": item.allocated if item else None,
        "available": result.on_hand - item.allocated if item else None,
    }
