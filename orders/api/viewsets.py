"""Orders of a buyer, and the parts that a shop must send."""

from __future__ import annotations

from django.db.models import CharField
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from marketflow.core.api import changes
from marketflow.core.api.answers import answer
from marketflow.core.api.files import FilesOrErrors
from marketflow.core.api.filters import FilteredList
from marketflow.core.api.idempotency import idempotent, work_id
from marketflow.core.api.inputs import require_nothing, validated
from marketflow.core.api.permissions import AllowAny, IsAuthenticated
from marketflow.core.compiled import CompiledQuery
from marketflow.core.money import Money
from orders.api.aftercare import (
    BuyersReceiptInput,
    DisputeInput,
    DisputeSerializer,
    PartCancellationInput,
    RefundInput,
    RefundSerializer,
    ReturnInput,
    ReturnSerializer,
    TimelineEntrySerializer,
)
from orders.api.filters import OrderFilter, SellerOrderFilter
from orders.api.guests import OpenedByToken
from orders.api.inputs import part_named, part_of_lines, person
from orders.api.serializers import (
    OrderSerializer,
    OrderSummarySerializer,
    PaymentInput,
    ShipmentInput,
    ShopsOrderSerializer,
    StartedPaymentSerializer,
)
from orders.models import Dispute, Order, Refund, Return, SellerOrder
from orders.services import (
    cancelling,
    disputes,
    fulfilment,
    invoices,
    payments,
    refunds,
    returns,
    timelines,
)
from orders.services.shares import Wanted
from orders.views.papers import as_pdf

_numbered = CompiledQuery(lambda number: Order.objects.filter(number=number), number=CharField())


class OrderViewSet(FilteredList, OpenedByToken, viewsets.ReadOnlyModelViewSet):
    """The caller's orders: by account, or one of them by `X-Order-Token`."""

    serializer_class = OrderSerializer
    filter_class = OrderFilter
    queryset = Order.objects.none()
    lookup_field = "number"
    lookup_value_regex = r"[A-Za-z0-9-]{1,40}"

    def get_permissions(self) -> list[BasePermission]:
        """The list is an account's; one order opens by its token, too."""
        return [IsAuthenticated() if self.action == "list" else AllowAny()]

    def get_queryset(self):
        return Order.objects.filter(buyer=self.request.user.pk, buyer__isnull=False)

    def get_serializer_class(self):
        return OrderSummarySerializer if self.action == "list" else OrderSerializer

    @extend_schema(parameters=[OrderFilter, *changes.PARAMETERS])
    def list(self, request: Request) -> Response:
        """The caller's orders, newest first, or what changed of them since an hour."""
        if changes.is_asked(request):
            rows = self.filter_queryset(self.get_queryset()).with_last_change()
            page = changes.page(request, rows, "last_change")
            return page.answer(OrderSummarySerializer(page.rows, many=True).data)
        return super().list(request)

    def get_object(self) -> Order:
        number = self.kwargs["number"]
        order = Order.objects.with_contents().filter(number=number).first()
        return self._if_allowed(order)

    def _order_alone(self) -> Order:
        """As `get_object`, without the contents."""
        return self._if_allowed(_numbered.first(number=self.kwargs["number"]))

    def _if_allowed(self, order: Order | None) -> Order:
        if order is None or not self.may_see(order):
            raise Http404
        return order

    def _timeline(self) -> list[timelines.Entry]:
        """By whose eyes: staff, the buyer or whoever has the token, a shop's member."""
        order = get_object_or_404(Order, number=self.kwargs["number"])
        user = self.request.user
        if user.is_authenticated and user.is_staff:
            return timelines.of_staff(order)
        if self.may_see(order):
            return timelines.of_buyer(order)
        own = SellerOrder.objects.managed_by(user).filter(order=order)
        part = get_object_or_404(own.select_related("order", "shop"))
        return timelines.of_shop(part)

    @extend_schema(responses=TimelineEntrySerializer(many=True))
    @action(detail=True, pagination_class=None)
    def timeline(self, request: Request, number: str) -> Response:
        """Everything that happened to the order, each role its part.

        The buyer sees payment, stock, parcels, refunds, returns and disputes; a shop its own part
        with what it was booked; staff all of it.
        """
        return Response(TimelineEntrySerializer(self._timeline(), many=True).data)

    @extend_schema(responses=ReturnSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def returns(self, request: Request, number: str) -> Response:
        """Returns of the order."""
        rows = Return.objects.with_contents().filter(seller_order__order=self.get_object())
        return Response(ReturnSerializer(rows, many=True).data)

    @extend_schema(request=ReturnInput, responses={201: ReturnSerializer})
    @returns.mapping.post
    @idempotent()
    def ask_to_return(self, request: Request, number: str) -> Response:
        """Ask to send back items of one shop."""
        order = self.get_object()
        values = validated(ReturnInput, request)
        part, lines = part_of_lines(order, values["lines"])
        parcel = returns.request(
            part=part, lines=lines, reason=values["reason"], actor=person(request)
        )
        found = Return.objects.with_contents().get(pk=parcel.pk)
        return Response(ReturnSerializer(found).data, status=201)

    @extend_schema(responses=DisputeSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def disputes(self, request: Request, number: str) -> Response:
        """Disputes about the order."""
        rows = Dispute.objects.with_contents().filter(seller_order__order=self.get_object())
        return Response(DisputeSerializer(rows, many=True).data)

    @extend_schema(request=DisputeInput, responses={201: DisputeSerializer})
    @disputes.mapping.post
    @idempotent()
    def open_dispute(self, request: Request, number: str) -> Response:
        """Report a problem with one shop's part: its money stays where it is until decided."""
        order = self.get_object()
        values = validated(DisputeInput, request)
        part = part_named(order, values["seller_order"])
        opened = disputes.open_by_buyer(part=part, reason=values["reason"], actor=person(request))
        found = Dispute.objects.with_contents().get(pk=opened.pk)
        return Response(DisputeSerializer(found).data, status=201)

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
        """Pay the whole order. An attempt is a 201 whatever comes of it: `status` says what.

        With `failed`, `failure` says why, and the order may be paid again; `requires_action`
        waits for the buyer at `action_url`. 409 `already_paid` and `order_expired`, with
        the `state` `cancelled` where it was cancelled.
        """
        order = self._order_alone()
        serializer = PaymentInput(data=request.data)
        serializer.is_valid(raise_exception=True)
        details = dict(serializer.validated_data)
        method = details.pop("method")
        payment = payments.start(
            order=order, method=method, details=details, uuid=work_id(request)
        )
        return Response(answer(StartedPaymentSerializer, payment), status=201)

    @extend_schema(request=None, responses={201: OrderSerializer})
    @action(detail=True, methods=["post"])
    @idempotent()
    def cancellation(self, request: Request, number: str) -> Response:
        """Cancel before anything ships. What was paid is refunded in full."""
        order = self.get_object()
        require_nothing(request)
        cancelling.cancel(order=order, actor=person(request))
        return Response(OrderSerializer(self.get_object()).data, status=201)

    @extend_schema(request=BuyersReceiptInput, responses={201: OrderSerializer})
    @action(detail=True, methods=["post"])
    @idempotent()
    def receipt(self, request: Request, number: str) -> Response:
        """Say that one shop's part came and all is well: it is completed, its money the shop's."""
        order = self.get_object()
        values = validated(BuyersReceiptInput, request)
        part = part_named(order, values["seller_order"])
        fulfilment.confirm(seller_order=part, actor=person(request))
        return Response(OrderSerializer(self.get_object()).data, status=201)


# What a member's role must allow; to look takes "orders".
DUTIES = {
    "shipment": "ship",
    "delivery": "ship",
    "cancellation": "refund",
    "refund": "refund",
}


class SellerOrderViewSet(FilteredList, viewsets.ReadOnlyModelViewSet):
    """What the caller's shops must send."""

    permission_classes = [IsAuthenticated]
    scopes = {
        "read": "orders:read",
        "write": "orders:write",
        "refunds": "refunds:read",
        "refund": "refunds:write",
    }
    serializer_class = ShopsOrderSerializer
    filter_class = SellerOrderFilter
    queryset = SellerOrder.objects.none()
    lookup_field = "number"
    lookup_value_regex = r"[A-Za-z0-9-]{1,40}"

    def get_queryset(self):
        duty = DUTIES.get(self.action, "orders")
        return SellerOrder.objects.managed_by(self.request.user, duty).with_contents()

    @extend_schema(parameters=[SellerOrderFilter, *changes.PARAMETERS])
    def list(self, request: Request) -> Response:
        """The shop's orders, newest first, or what changed of them since an hour."""
        if changes.is_asked(request):
            page = changes.page(request, self.filter_queryset(self.get_queryset()))
            return page.answer(self.get_serializer(page.rows, many=True).data)
        return super().list(request)

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
        part = self.get_object()
        require_nothing(request)
        fulfilment.deliver(seller_order=part, actor=request.user)
        return Response(self.get_serializer(self.get_object()).data, status=201)

    @extend_schema(request=PartCancellationInput, responses={201: ShopsOrderSerializer})
    @action(detail=True, methods=["post"])
    @idempotent()
    def cancellation(self, request: Request, number: str) -> Response:
        """Do not send the lines named, or all that is still to be sent. They are refunded."""
        part = self.get_object()
        values = validated(PartCancellationInput, request)
        lines = _line_ids(part, values.get("lines"))
        cancelling.cancel_units(
            part=part, lines=lines, reason=values["reason"], actor=request.user
        )
        return Response(self.get_serializer(self.get_object()).data, status=201)

    @extend_schema(responses=RefundSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def refunds(self, request: Request, number: str) -> Response:
        """What was given back of the part."""
        rows = Refund.objects.with_contents().filter(seller_order=self.get_object())
        return Response(RefundSerializer(rows, many=True).data)

    @extend_schema(request=RefundInput, responses={201: RefundSerializer})
    @refunds.mapping.post
    @idempotent(required=True)
    def refund(self, request: Request, number: str) -> Response:
        """Give money back: units at what was paid for them or an amount, and of the delivery.

        Needs an `Idempotency-Key`.
        """
        part = self.get_object()
        values = validated(RefundInput, request)
        decided = refunds.decide(
            part=part,
            lines=_wanted(part, values.get("lines", [])),
            shipping_minor=_of_delivery(part, values.get("shipping", False)),
            kind=Refund.Kind.GOODWILL,
            reason=values["reason"],
            actor=request.user,
        )
        found = Refund.objects.with_contents().get(pk=decided.pk)
        return Response(RefundSerializer(found).data, status=201)

    @extend_schema(responses=TimelineEntrySerializer(many=True))
    @action(detail=True, pagination_class=None)
    def timeline(self, request: Request, number: str) -> Response:
        """What happened to the part, and what its shop was booked."""
        entries = timelines.of_shop(self.get_object())
        return Response(TimelineEntrySerializer(entries, many=True).data)


def _wanted(part: SellerOrder, sent: list[dict]) -> dict[int, Wanted]:
    units = _line_ids(part, sent) or {}
    ids = {line.uuid: line.pk for line in part.lines.all()}
    amounts = {ids[item["id"]]: item["amount"].amount for item in sent if "amount" in item}
    return {
        pk: Wanted(units=quantity, amount_minor=amounts.get(pk)) for pk, quantity in units.items()
    }


def _of_delivery(part: SellerOrder, sent: bool | Money) -> int:
    if isinstance(sent, Money):
        return sent.amount
    return part.shipping_left.amount if sent else 0


def _line_ids(part: SellerOrder, wanted: list[dict] | None) -> dict[int, int] | None:
    if wanted is None:
        return None
    ids = {line.uuid: line.pk for line in part.lines.all()}
    unknown = [str(item["id"]) for item in wanted if item["id"] not in ids]
    if unknown:
        raise ValidationError({"lines": [f"Not a line of this order: {unknown[0]}"]})
    return {ids[item["id"]]: item["quantity"] for item in wanted}
