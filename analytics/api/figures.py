"""`analytics/`: a shop's figures for its members, the marketplace's for staff."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.timezone import localdate
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Shop
from analytics.services import figures
from analytics.services.figures import INTERVALS, Figures
from marketflow.core.api.fields import MoneyField
from marketflow.core.api.permissions import IsAuthenticated

USUAL_DAYS, MOST_DAYS = 30, 731
PARAMETERS = [
    OpenApiParameter("from", OpenApiTypes.DATE, description="The first day, UTC."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="The last day; today without it."),
    OpenApiParameter("interval", OpenApiTypes.STR, enum=list(INTERVALS)),
]


class SumsSerializer(serializers.Serializer):
    orders = serializers.IntegerField()
    units = serializers.IntegerField()
    gross = MoneyField(help_text="What buyers paid, by the day they paid it, with delivery.")
    discounts = MoneyField(help_text="What promotions had taken off before.")
    refunds = MoneyField(help_text="What went back, by the day it went.")
    net = MoneyField(help_text="Gross without refunds.")
    new_buyers = serializers.IntegerField(help_text="Counted day by day.")
    returning_buyers = serializers.IntegerField()


class PeriodSerializer(SumsSerializer):
    def get_fields(self) -> dict[str, serializers.Field]:
        # `from` is no name that a class body could give.
        edges = {
            "from": serializers.DateField(source="first"),
            "to": serializers.DateField(source="last"),
        }
        return edges | super().get_fields()


class TopProductSerializer(serializers.Serializer):
    slug = serializers.CharField()
    title = serializers.CharField()
    orders = serializers.IntegerField()
    units = serializers.IntegerField()
    sales = MoneyField()


class TopShopSerializer(serializers.Serializer):
    slug = serializers.CharField()
    name = serializers.CharField()
    orders = serializers.IntegerField()
    sales = MoneyField()


class FiguresSerializer(serializers.Serializer):
    """Every period of the days asked for; one without sales is zeros."""

    interval = serializers.ChoiceField(choices=list(INTERVALS))
    periods = PeriodSerializer(many=True)
    totals = SumsSerializer()
    top_products = TopProductSerializer(many=True, source="products")


class MarketFiguresSerializer(FiguresSerializer):
    top_shops = TopShopSerializer(many=True)


class ShopFiguresView(APIView):
    permission_classes = [IsAuthenticated]
    scopes = {"read": "analytics:read"}

    @extend_schema(parameters=PARAMETERS, responses=FiguresSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """What a shop sold, day by day, week by week or month by month. For its members."""
        shop = get_object_or_404(Shop.objects.managed_by(request.user), slug=slug)
        asked = _asked(request)
        found = figures.of_shop(shop_id=shop.pk, **asked)
        return Response(FiguresSerializer(_told(found, asked)).data)


class MarketFiguresView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(parameters=PARAMETERS, responses=MarketFiguresSerializer)
    def get(self, request: Request) -> Response:
        """What all shops sold together. For staff."""
        if not request.user.is_staff:
            raise Http404
        asked = _asked(request)
        told = _told(figures.of_marketplace(**asked), asked)
        told["top_shops"] = figures.shops_by_sales(first=asked["first"], last=asked["last"])
        return Response(MarketFiguresSerializer(told).data)


def _told(found: Figures, asked: dict[str, Any]) -> dict[str, Any]:
    return {
        "interval": asked["interval"],
        "periods": found.periods,
        "totals": found.totals,
        "products": found.products,
    }


def _asked(request: Request) -> dict[str, Any]:
    """`from`, `to` and `interval`. Raises ValidationError for what makes no sense."""
    last = _day(request, "to") or localdate()
    first = _day(request, "from") or last - timedelta(days=USUAL_DAYS - 1)
    interval = request.query_params.get("interval") or "day"
    wrong = {}
    if interval not in INTERVALS:
        wrong["interval"] = ["day, week or month."]
    if first > last:
        wrong["from"] = ["After the last day."]
    elif (last - first).days >= MOST_DAYS:
        wrong["from"] = [f"At most {MOST_DAYS} days."]
    if wrong:
        raise ValidationError(wrong)
    return {"first": first, "last": last, "interval": interval}


def _day(request: Request, name: str) -> date | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as problem:
        raise ValidationError({name: ["A day, such as 2026-03-31."]}) from problem
