"""What a shop has, and what it was paid: every line of a payout says why."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Shop
from marketflow.core.api import changes
from marketflow.core.api.fields import ChoiceField, MoneyField, StrictSerializer
from marketflow.core.api.idempotency import idempotent
from marketflow.core.api.inputs import validated
from marketflow.core.api.permissions import IsAuthenticated
from orders.api.serializers import ShopNameSerializer
from orders.models import Payout
from orders.services import balances, payouts, statements
from orders.services.payouts import Obstacle

FILTERS = [
    OpenApiParameter("shop", OpenApiTypes.STR, description="A slug."),
    OpenApiParameter("state", OpenApiTypes.STR, enum=Payout.State.values),
    OpenApiParameter("from", OpenApiTypes.DATE, description="Made on this day or later, UTC."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="Made on this day or earlier, UTC."),
]


class PendingPartSerializer(serializers.Serializer):
    seller_order = serializers.CharField(source="number")
    amount = MoneyField()
    until = serializers.DateTimeField(
        allow_null=True, help_text="When it becomes available; null until it has arrived."
    )


class HeldPartSerializer(serializers.Serializer):
    seller_order = serializers.CharField(source="number")
    amount = MoneyField()
    reason = serializers.CharField()
    since = serializers.DateTimeField()


class BalanceSerializer(serializers.Serializer):
    shop = ShopNameSerializer()
    available = MoneyField(help_text="What completed orders brought, less refunds and payouts.")
    due = MoneyField(help_text="Of it, what cleared before the last period ended.")
    pending = MoneyField(help_text="Of orders that are paid and not completed.")
    held = MoneyField(help_text="Of orders in dispute.")
    owed = MoneyField(help_text="Refunds that earlier payouts had paid, taken off already.")
    pending_orders = PendingPartSerializer(many=True, source="pending_parts")
    held_orders = HeldPartSerializer(many=True, source="held_parts")
    schedule = serializers.ChoiceField(Shop.Schedule.choices, source="shop.payout_schedule")
    minimum = MoneyField()
    next_payout_on = serializers.DateField(allow_null=True)
    problem = serializers.ChoiceField(
        Obstacle.choices, allow_null=True, help_text="What keeps the shop from any payout."
    )


class PayoutLineSerializer(serializers.Serializer):
    """One amount of a payout. Below 0 it is taken off; all of them add up to the payout."""

    kind = serializers.CharField()
    label = serializers.CharField()
    amount = MoneyField()
    note = serializers.CharField(help_text="How it was reckoned, for people.")
    tax_included = MoneyField(allow_null=True)
    seller_order = serializers.CharField(allow_null=True)
    order_line = serializers.UUIDField(allow_null=True)
    rule = serializers.CharField(help_text="Of a commission: the rule that set it.")
    inputs = serializers.DictField(help_text="Of a commission: what the rule looked at.")
    promotion = serializers.CharField(help_text="Of a discount: the promotion that took it off.")
    payer = serializers.CharField(help_text="Of a discount: shop, market or shared. Else blank.")
    booked_at = serializers.DateTimeField()


class PayoutSummarySerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="uuid")
    shop = ShopNameSerializer()
    amount = MoneyField()

    class Meta:
        model = Payout
        fields = [
            "id",
            "number",
            "shop",
            "state",
            "amount",
            "sent_to",
            "failure",
            "created_at",
            "closed_at",
        ]
        read_only_fields = fields


class PayoutSerializer(PayoutSummarySerializer):
    lines = serializers.SerializerMethodField()

    class Meta(PayoutSummarySerializer.Meta):
        fields = [*PayoutSummarySerializer.Meta.fields, "lines"]
        read_only_fields = fields

    @extend_schema_field(PayoutLineSerializer(many=True))
    def get_lines(self, payout: Payout) -> list[dict[str, Any]]:
        return [
            {
                "kind": line.kind,
                "label": line.label,
                "amount": MoneyField().to_representation(line.amount),
                "note": line.note,
                "tax_included": MoneyField().to_representation(line.tax_included)
                if line.tax_included
                else None,
                "seller_order": group.part.number if group.part else None,
                "order_line": line.order_line.uuid if line.order_line else None,
                "rule": line.rule,
                "inputs": line.inputs,
                "promotion": line.promotion,
                "payer": line.payer,
                "booked_at": group.at,
            }
            for group in statements.of_payout(payout)
            for line in group.lines
        ]


class PayoutFilter(serializers.Serializer):
    """Of the query string."""

    shop = serializers.SlugField(required=False)
    state = ChoiceField(Payout.State.choices, required=False)
    to = serializers.DateField(required=False)

    def get_fields(self) -> dict[str, serializers.Field]:
        # A word of the language can't be an attribute.
        return super().get_fields() | {"from": serializers.DateField(required=False)}


class PayoutInput(StrictSerializer):
    shop = serializers.SlugField(max_length=90, help_text="One of the caller's.")


class BalanceView(APIView):
    permission_classes = [IsAuthenticated]
    scopes = {"read": "payouts:read"}

    @extend_schema(responses=BalanceSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """What a shop has available, pending and on hold. For its owners and managers."""
        shop = get_object_or_404(Shop.objects.managed_by(request.user, "money"), slug=slug)
        balance = balances.of_currency(shop, settings.MARKETPLACE_CURRENCY)
        return Response(BalanceSerializer(balance).data)


class PayoutViewSet(viewsets.ReadOnlyModelViewSet):
    """What the caller's shops were paid."""

    permission_classes = [IsAuthenticated]
    scopes = {"read": "payouts:read"}
    serializer_class = PayoutSerializer
    queryset = Payout.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"

    def get_queryset(self):
        return Payout.objects.visible_to(self.request.user).select_related("shop")

    def get_serializer_class(self):
        return PayoutSummarySerializer if self.action == "list" else PayoutSerializer

    def filter_queryset(self, queryset):
        if self.action != "list":
            return queryset
        asked = PayoutFilter(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        lookups = {"shop": "shop__slug", "state": "state"}
        lookups |= {"from": "created_at__date__gte", "to": "created_at__date__lte"}
        values = asked.validated_data
        return queryset.filter(**{lookups[name]: values[name] for name in values})

    @extend_schema(parameters=[*FILTERS, *changes.PARAMETERS])
    def list(self, request: Request) -> Response:
        """Payouts of the caller's shops, newest first, or what changed of them since an hour."""
        if changes.is_asked(request):
            page = changes.page(request, self.filter_queryset(self.get_queryset()))
            return page.answer(PayoutSummarySerializer(page.rows, many=True).data)
        return super().list(request)

    @extend_schema(request=PayoutInput, responses={201: PayoutSerializer})
    @idempotent()
    def create(self, request: Request) -> Response:
        """Ask for all that a shop on manual payouts has available. For its owners and managers.

        409 `on_schedule` where the shop is paid by itself; 409 `not_payable` names the `obstacle`.
        """
        values = validated(PayoutInput, request)
        own = Shop.objects.managed_by(request.user, "money")
        payout = payouts.ask(
            shop=get_object_or_404(own, slug=values["shop"]),
            currency=settings.MARKETPLACE_CURRENCY,
            actor=request.user,
        )
        return Response(PayoutSerializer(payout).data, status=201)

    def retrieve(self, request: Request, id: str) -> Response:
        """A payout with the lines that explain every cent of it."""
        return super().retrieve(request, id)
