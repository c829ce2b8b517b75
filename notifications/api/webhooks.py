"""Webhooks of the caller's shops: where they go, what went there, and sending it again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Shop
from marketflow.core import rate_limits
from marketflow.core.api.idempotency import idempotent, work_id
from marketflow.core.api.inputs import require_nothing, validated
from marketflow.core.api.permissions import IsAuthenticated
from marketflow.core.api.scopes import MissingScope
from notifications.api.webhook_serializers import (
    DeliveryFilter,
    DeliverySerializer,
    DeliveryWithTriesSerializer,
    EndpointChangeInput,
    EndpointInput,
    EndpointSerializer,
    EndpointWithSecretSerializer,
    SentAgainSerializer,
    SpanInput,
)
from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.services.webhooks import endpoints
from notifications.webhook_events import scopes_of
from notifications.webhook_querysets import DUTY

SCOPES = {"read": "webhooks:read", "write": "webhooks:write"}
LOG_PARAMETERS = [
    OpenApiParameter("event", OpenApiTypes.STR, description="Its name."),
    OpenApiParameter("state", OpenApiTypes.STR, enum=WebhookDelivery.State.values),
]


class EndpointViewSet(viewsets.ReadOnlyModelViewSet):
    """Where the programs of the caller's shops hear of events."""

    permission_classes = [IsAuthenticated]
    scopes = SCOPES
    serializer_class = EndpointSerializer
    queryset = WebhookEndpoint.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"

    def get_queryset(self):
        return WebhookEndpoint.objects.managed_by(self.request.user).select_related("shop")

    @extend_schema(parameters=[OpenApiParameter("shop", OpenApiTypes.STR, description="A slug.")])
    def list(self, request: Request) -> Response:
        """Endpoints of the caller's shops."""
        return super().list(request)

    def filter_queryset(self, queryset):
        shop = self.request.query_params.get("shop", "") if self.action == "list" else ""
        return queryset.filter(shop__slug=shop) if shop else queryset

    def retrieve(self, request: Request, id: UUID) -> Response:
        """One endpoint, without its secret."""
        return super().retrieve(request, id)

    @extend_schema(request=EndpointInput, responses={201: EndpointWithSecretSerializer})
    @idempotent(calls_out=True, is_secret=True)
    def create(self, request: Request) -> Response:
        """A new endpoint. Its `secret`, which signs what is sent, is answered here only."""
        values = validated(EndpointInput, request)
        mine = Shop.objects.managed_by(request.user, DUTY)
        shop = get_object_or_404(mine, slug=values.pop("shop"))
        _require_scopes(request, values["events"])
        _check_address(request, values["url"])
        endpoint, secret = endpoints.create(
            shop=shop, by=request.user, id=work_id(request), **values
        )
        return Response(_with_secret(endpoint, secret), status=201)

    @extend_schema(request=EndpointChangeInput, responses=EndpointSerializer)
    def partial_update(self, request: Request, id: UUID) -> Response:
        """Change what is sent. `is_enabled` switches it off, or on again."""
        endpoint = self.get_object()
        values = validated(EndpointChangeInput, request, partial=True)
        _require_scopes(request, values.get("events", endpoint.events))
        if "url" in values:
            _check_address(request, values["url"])
        endpoint = endpoints.change(endpoint=endpoint, **values)
        return Response(EndpointSerializer(endpoint).data)

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, id: UUID) -> Response:
        """Remove it, and its log."""
        endpoint = self.get_object()
        require_nothing(request)
        endpoint.delete()
        return Response(status=204)

    @extend_schema(request=None, responses={201: EndpointWithSecretSerializer})
    @action(detail=True, methods=["post"])
    @idempotent(is_secret=True)
    def secret(self, request: Request, id: UUID) -> Response:
        """A new secret. The former one signs beside it until `former_until`, for a day."""
        endpoint = self.get_object()
        _require_scopes(request, endpoint.events)
        require_nothing(request)
        secret = endpoints.renew_secret(endpoint=endpoint)
        return Response(_with_secret(self.get_object(), secret), status=201)

    @extend_schema(request=None, responses={201: DeliverySerializer})
    @action(detail=True, methods=["post"])
    @idempotent()
    def test(self, request: Request, id: UUID) -> Response:
        """Send the event `endpoint.test`, to try the receiver with."""
        endpoint = self.get_object()
        require_nothing(request)
        delivery = endpoints.send_test(endpoint=endpoint)
        return Response(_row(delivery), status=201)

    @extend_schema(request=SpanInput, responses={201: SentAgainSerializer})
    @action(detail=True, methods=["post"])
    @idempotent()
    def redelivery(self, request: Request, id: UUID) -> Response:
        """Send again what was to be told in a span of time, in order, under the same event ids."""
        endpoint = self.get_object()
        count = endpoints.send_span_again(endpoint=endpoint, **validated(SpanInput, request))
        return Response({"count": count}, status=201)

    @extend_schema(parameters=LOG_PARAMETERS, responses=DeliverySerializer(many=True))
    @action(detail=True)
    def deliveries(self, request: Request, id: UUID) -> Response:
        """What was told, newest first. Kept for 30 days."""
        endpoint = self.get_object()
        asked = DeliveryFilter(data=request.query_params)
        asked.is_valid(raise_exception=True)
        rows = endpoint.deliveries.filter(**asked.validated_data)
        page = self.paginate_queryset(rows.select_related("endpoint").defer("body"))
        return self.get_paginated_response(DeliverySerializer(page, many=True).data)


class DeliveryViewSet(viewsets.GenericViewSet):
    """One telling of one event."""

    permission_classes = [IsAuthenticated]
    scopes = SCOPES
    serializer_class = DeliveryWithTriesSerializer
    queryset = WebhookDelivery.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"

    def get_queryset(self):
        rows = WebhookDelivery.objects.managed_by(self.request.user)
        return rows.select_related("endpoint__shop")

    def retrieve(self, request: Request, id: UUID) -> Response:
        """What was said, and every request and answer: cut short, without secrets."""
        delivery = self.get_queryset().prefetch_related("tries")
        return Response(DeliveryWithTriesSerializer(get_object_or_404(delivery, uuid=id)).data)

    @extend_schema(request=None, responses={201: DeliverySerializer})
    @action(detail=True, methods=["post"])
    @idempotent()
    def redelivery(self, request: Request, id: UUID) -> Response:
        """Send it again, word for word and under the same event id."""
        delivery = self.get_object()
        require_nothing(request)
        return Response(_row(endpoints.send_again(delivery=delivery)), status=201)


def _require_scopes(request: Request, events: list[str]) -> None:
    """A key has nothing sent elsewhere that it could not read itself."""
    granted = getattr(request.auth, "scopes", None)
    for scope in sorted(scopes_of(events)) if granted is not None else ():
        if scope not in granted:
            raise MissingScope(scope)


def _check_address(request: Request, url: str) -> None:
    # Each asks the resolver, which others use as well.
    rate_limits.count("webhook_address", f"user:{request.user.pk}")
    try:
        endpoints.require_public(url)
    except endpoints.BadAddress as problem:
        raise ValidationError({"url": [problem.message]}) from problem


def _row(delivery: WebhookDelivery) -> dict[str, Any]:
    fresh = WebhookDelivery.objects.select_related("endpoint").get(pk=delivery.pk)
    return DeliverySerializer(fresh).data


def _with_secret(endpoint: WebhookEndpoint, secret: str) -> dict[str, Any]:
    endpoint.secret = secret  # Shown, and not saved: the row holds it sealed.
    return EndpointWithSecretSerializer(endpoint).data
