"""`shop-applications/`: what the house decides; for its staff and its own programs."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import ApplicationSerializer, RefusalInput
from accounts.models import Shop
from accounts.services import second_factors, shops
from marketflow.core.api.idempotency import idempotent
from marketflow.core.api.inputs import require_nothing
from marketflow.core.api.permissions import IsAuthenticated


class SecondFactorMissing(APIException):
    status_code = 403
    default_code = "second_factor_required"
    default_detail = "Show your second factor first."


class ApplicationViewSet(viewsets.ReadOnlyModelViewSet):
    """Applications for shops, the oldest first."""

    permission_classes = [IsAuthenticated]
    scopes = {"read": "applications:read", "write": "applications:write"}
    serializer_class = ApplicationSerializer
    queryset = Shop.objects.none()
    lookup_field = "slug"
    lookup_value_regex = r"[-\w]+"

    def get_queryset(self) -> QuerySet:
        decidable = Shop.objects.decided_by(self.request.user)
        if decidable is None:
            raise Http404
        if self.action in ("approval", "rejection"):
            # Who comes second is told so.
            return decidable
        return decidable.filter(state=Shop.State.APPLIED).order_by("applied_at", "pk")

    @extend_schema(request=None, responses={201: ApplicationSerializer})
    @action(detail=True, methods=["post"])
    @idempotent()
    def approval(self, request: Request, slug: str) -> Response:
        """Open the shop. 409 `wrong_state` where it was decided meanwhile."""
        shop = self.get_object()
        _require_second_factor(request)
        require_nothing(request)
        shops.approve(shop=shop, by=request.user)
        return Response(ApplicationSerializer(shop).data, status=201)

    @extend_schema(request=RefusalInput, responses={201: ApplicationSerializer})
    @action(detail=True, methods=["post"])
    @idempotent()
    def rejection(self, request: Request, slug: str) -> Response:
        """Send the application back with what to change, which its owner reads."""
        shop = self.get_object()
        _require_second_factor(request)
        serializer = RefusalInput(data=request.data)
        serializer.is_valid(raise_exception=True)
        shops.refuse(shop=shop, by=request.user, **serializer.validated_data)
        return Response(ApplicationSerializer(shop).data, status=201)


def _require_second_factor(request: Request) -> None:
    """As staff's page asks for it. A key was made behind it, and a token too."""
    user, is_by_session = request.user, request.auth is None
    if user.api_key:
        return
    if second_factors.is_missing(user):
        raise SecondFactorMissing
    if is_by_session and second_factors.are_on(user) and not second_factors.was_shown(request):
        raise SecondFactorMissing
