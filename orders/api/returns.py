"""`returns/` and `disputes/`: a buyer's own and those of a shop, which answers them."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from marketflow.core.api.filters import FilteredList
from marketflow.core.api.idempotency import idempotent
from marketflow.core.api.inputs import require_nothing, validated
from marketflow.core.api.permissions import IsAuthenticated
from orders.api.aftercare import (
    AnswerInput,
    ApprovalInput,
    DisputeSerializer,
    ReceiptInput,
    RejectionInput,
    ReturnSerializer,
)
from orders.api.filters import DisputeFilter, ReturnFilter
from orders.models import Dispute, Return
from orders.services import disputes, returns
from orders.services.returns import Arrived

# Withdrawing is the buyer's.
SCOPES = {"read": "returns:read", "write": "returns:write", "withdrawal": ""}


class ReturnViewSet(FilteredList, viewsets.ReadOnlyModelViewSet):
    """Returns of the caller's orders and of their shops."""

    permission_classes = [IsAuthenticated]
    scopes = SCOPES
    serializer_class = ReturnSerializer
    filter_class = ReturnFilter
    queryset = Return.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"

    def get_queryset(self):
        rows, user = Return.objects.with_contents(), self.request.user
        if self.action in ("approval", "rejection", "receipt"):
            return rows.managed_by(user, "refund")
        if self.action == "withdrawal":
            return rows.filter(seller_order__order__buyer=user)
        return rows.visible_to(user)

    @extend_schema(parameters=[ReturnFilter])
    def list(self, request: Request) -> Response:
        """Returns of the caller's orders and of their shops, newest first."""
        return super().list(request)

    @extend_schema(request=ApprovalInput, responses={201: ReturnSerializer})
    @action(detail=True, methods=["post"])
    @idempotent()
    def approval(self, request: Request, id: str) -> Response:
        """Agree to take the items back."""
        parcel, values = self.get_object(), validated(ApprovalInput, request)
        returns.approve(parcel=parcel, answer=values["answer"], actor=request.user)
        return self._answer()

    @extend_schema(request=RejectionInput, responses={201: ReturnSerializer})
    @action(detail=True, methods=["post"])
    @idempotent()
    def rejection(self, request: Request, id: str) -> Response:
        """Refuse to take the items back, with a reason that the buyer reads."""
        parcel, values = self.get_object(), validated(RejectionInput, request)
        returns.reject(parcel=parcel, answer=values["reason"], actor=request.user)
        return self._answer()

    @extend_schema(request=ReceiptInput, responses={201: ReturnSerializer})
    @action(detail=True, methods=["post"])
    @idempotent()
    def receipt(self, request: Request, id: str) -> Response:
        """Say what arrived. It is refunded: never more than arrived, was paid and is left.

        Once, and it ends the return. `quantity` 0 of every line closes one whose parcel never
        came: nothing is refunded but what `shipping` asks for.
        """
        parcel, values = self.get_object(), validated(ReceiptInput, request)
        ids = {row.line.uuid: row.line_id for row in parcel.lines.all()}
        unknown = [str(item["id"]) for item in values["lines"] if item["id"] not in ids]
        if unknown:
            raise ValidationError({"lines": [f"Not in this return: {unknown[0]}"]})
        returns.receive(
            parcel=parcel,
            lines={
                ids[item["id"]]: Arrived(units=item["quantity"], restock=item["restock"])
                for item in values["lines"]
            },
            refund_shipping=values["shipping"],
            actor=request.user,
        )
        return self._answer()

    @extend_schema(request=None, responses={201: ReturnSerializer})
    @action(detail=True, methods=["post"])
    @idempotent()
    def withdrawal(self, request: Request, id: str) -> Response:
        """Keep the items after all."""
        parcel = self.get_object()
        require_nothing(request)
        returns.withdraw(parcel=parcel, actor=request.user)
        return self._answer()

    def _answer(self) -> Response:
        return Response(self.get_serializer(self.get_object()).data, status=201)


class DisputeViewSet(FilteredList, viewsets.ReadOnlyModelViewSet):
    """Disputes about the caller's orders and those of their shops. Staff decide them."""

    permission_classes = [IsAuthenticated]
    scopes = SCOPES
    serializer_class = DisputeSerializer
    filter_class = DisputeFilter
    queryset = Dispute.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"

    def get_queryset(self):
        rows, user = Dispute.objects.with_contents(), self.request.user
        if self.action == "answer":
            return rows.managed_by(user, "refund")
        if self.action == "withdrawal":
            return rows.filter(seller_order__order__buyer=user)
        return rows.visible_to(user)

    @extend_schema(parameters=[DisputeFilter])
    def list(self, request: Request) -> Response:
        """Disputes about the caller's orders and those of their shops, newest first."""
        return super().list(request)

    @extend_schema(request=AnswerInput, responses={201: DisputeSerializer})
    @action(detail=True, methods=["post"])
    @idempotent()
    def answer(self, request: Request, id: str) -> Response:
        """Say what the shop says to it, once."""
        dispute, values = self.get_object(), validated(AnswerInput, request)
        disputes.answer(dispute=dispute, text=values["answer"], actor=request.user)
        return self._answer()

    @extend_schema(request=None, responses={201: DisputeSerializer})
    @action(detail=True, methods=["post"])
    @idempotent()
    def withdrawal(self, request: Request, id: str) -> Response:
        """The buyer is content after all."""
        dispute = self.get_object()
        require_nothing(request)
        disputes.withdraw(dispute=dispute, actor=request.user)
        return self._answer()

    def _answer(self) -> Response:
        return Response(self.get_serializer(self.get_object()).data, status=201)
