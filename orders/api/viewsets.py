"""Orders of a buyer, and the parts that a shop must send."""

from __future__ import annotations

import hashlib

from django.db.models import Q
from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from marketflow.core.api.files import FilesOrErrors
from marketflow.core.api.idempotency import idempotent, work_id
from marketflow.core.api.permissions import AllowAny, IsAuthenticated
from orders.api.serializers import (
    OrderSerializer,
    OrderSummarySerializer,
    PaymentInput,
    ShipmentInput,
    ShopsOrderSerializer,
    StartedPaymentSerializer,
    StateChangeSerializer,
)
from orders.models import Order, SellerOrder, StateChange
from orders.services import cancelling, fulfilment, invoices, payments
from orders.views.papers import as_pdf

TOKEN_HEADER = "X-Order-Token"


class OrderViewSet(viewsets.ReadOnlyModelViewSet):
    """The caller's orders: by account, or one of them by `X-Order-Token`."""

    permission_classes = [AllowAny]
    guest_header = TOKEN_HEADER
    serializer_class = OrderSerializer
    queryset = Order.objects.none()
    lookup_field = "number"
    lookup_value_regex = r"[A-Za-z0-9-]{1,40}"

    def get_queryset(self):
        return Order.objects.filter(buyer=self.request.user.pk, buyer__isnull=False)

    def get_serializer_class(self):
        return OrderSummarySerializer if self.action == "list" else OrderSerializer

    def list(self, request: Request) -> Response:
        if not request.user.is_authenticated:
            self.permission_denied(request)
        return super().list(request)

    def get_object(self) -> Order:
        number = self.kwargs["number"]
        order = Order.objects.with_contents().filter(number=number).first()
        if order is None or not self._may_see(order):
            raise Http404
        return order

    def _may_see(self, order: Order) -> bool:
        user = self.request.user
        if user.is_authenticated and order.buyer_id == user.pk:
            return True
        return order.opens_with(self.request.headers.get(TOKEN_HEADER, ""))

    def idempotency_actor(self, request: Request) -> str:
        if request.user.is_authenticated:
            return f"user:{request.user.pk}"
        token = request.headers.get(TOKEN_HEADER, "")
        return f"order:{hashlib.sha256(token.encode()).hexdigest()}" if token else ""

    @extend_schema(responses=StateChangeSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def timeline(self, request: Request, number: str) -> Response:
        """Every step of the order, its parts and its payments, in order."""
        order = self.get_object()
        parts = [part.pk for part in order.seller_orders.all()]
        attempts = [payment.pk for payment in order.payments.all()]
        steps = StateChange.objects.filter(
            Q(subject=Order.SUBJECT, subject_id=order.pk)
            | Q(subject=SellerOrder.SUBJECT, subject_id__in=parts)
            | Q(subject="payment", subject_id__in=attempts)
        ).order_by("changed_at", "pk")
        return Response(StateChangeSerializer(steps, many=True).data)

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True, content_negotiation_class=FilesOrErrors)
    def invoice(self, request: Request, number: str) -> HttpResponse:
        """The invoices of a paid order, in one PDF.

        Each shop's invoice begins on a page of its own, followed by its credit notes for what
        was refunded. 409 `not_invoiced` before the order is paid.
        """
        order = self.get_object()
        return as_pdf(invoices.of_order(order), f"{order.number}.pdf")

    @extend_schema(request=PaymentInput, responses={201: StartedPaymentSerializer})
    @action(detail=True, methods=["post"], url_path="payments")
    @idempotent(required=True, calls_out=True)
    def pay(self, request: Request, number: str) -> Response:
        """Pay the whole order."""
        order = self.get_object()
        serializer = PaymentInput(data=request.data)
        serializer.is_valid(raise_exception=True)
        details = dict(serializer.validated_data)
        method = details.pop("method")
        payment = payments.start(
            order=order, method=method, details=details, uuid=work_id(request)
        )
        return Response(StartedPaymentSerializer(payment).data, status=201)

    @extend_schema(request=None, responses={201: OrderSerializer})
    @action(detail=True, methods=["post"])
    @idempotent()
    def cancellation(self, request: Request, number: str) -> Response:
        """Cancel before anything ships. What was paid is refunded in full."""
        order = self.get_object()
        actor = request.user if request.user.is_authenticated else None
        cancelling.cancel(order=order, actor=actor)
        return Response(OrderSerializer(self.get_object()).data, status=201)


class SellerOrderViewSet(viewsets.ReadOnlyModelViewSet):
    """What the caller's shops must send."""

    permission_classes = [IsAuthenticated]
    serializer_class = ShopsOrderSerializer
    queryset = SellerOrder.objects.none()
    lookup_field = "number"
    lookup_value_regex = r"[A-Za-z0-9-]{1,40}"

    def get_queryset(self):
        duty = "ship" if self.action in ("shipment", "delivery") else "orders"
        return SellerOrder.objects.managed_by(self.request.user, duty).with_contents()

    @extend_schema(request=ShipmentInput, responses={201: ShopsOrderSerializer})
    @action(detail=True, methods=["post"])
    @idempotent()
    def shipment(self, request: Request, number: str) -> Response:
        """Send a parcel: of the lines named, or of everything still to be sent."""
        part = self.get_object()
        serializer = ShipmentInput(data=request.data)
        serializer.is_valid(raise_exception=True)
        values = dict(serializer.validated_data)
        lines = _line_ids(part, values.pop("lines", None))
        fulfilment.ship(seller_order=part, lines=lines, actor=request.user, **values)
        return Response(self.get_serializer(self.get_object()).data, status=201)

    @extend_schema(request=None, responses={201: ShopsOrderSerializer})
    @action(detail=True, methods=["post"])
    @idempotent()
    def delivery(self, request: Request, number: str) -> Response:
        """It has arrived."""
        fulfilment.deliver(seller_order=self.get_object(), actor=request.user)
        return Response(self.get_serializer(self.get_object()).data, status=201)


def _line_ids(part: SellerOrder, wanted: list[dict] | None) -> dict[int, int] | None:
    if wanted is None:
        return None
    ids = {line.uuid: line.pk for line in part.lines.all()}
    unknown = [str(item["id"]) for item in wanted if item["id"] not in ids]
    if unknown:
        raise ValidationError({"lines": [f"Not a line of this order: {unknown[0]}"]})
    return {ids[item["id"]]: item["quantity"] for item in wanted}
