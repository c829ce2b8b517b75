"""Shops: everybody reads the open ones; members change their own."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import (
    ApplicationInput,
    OwnShopSerializer,
    ShopChangeInput,
    ShopSerializer,
)
from accounts.models import Shop
from accounts.services import shops
from marketflow.core import rate_limits
from marketflow.core.api.caching import PublicReads
from marketflow.core.api.idempotency import idempotent
from marketflow.core.api.permissions import IsAuthenticatedToWrite

VACATION = ("away_from", "away_until", "away_note")


class ShopViewSet(PublicReads, viewsets.ReadOnlyModelViewSet):
    """Shops that are open."""

    permission_classes = [IsAuthenticatedToWrite]
    scopes = {"read": "shop:read", "partial_update": "shop:write"}
    serializer_class = ShopSerializer
    queryset = Shop.objects.none()
    lookup_field = "slug"
    lookup_value_regex = r"[-\w]+"

    def get_queryset(self):
        shops = Shop.objects.open() if self.action == "list" else Shop.objects
        return shops.visible_to(self.request.user).order_by("name", "pk")

    def retrieve(self, request: Request, slug: str) -> Response:
        """A shop. Its members also see what the public does not."""
        shop = self.get_object()
        is_own = Shop.objects.managed_by(request.user).filter(pk=shop.pk).exists()
        serializer = OwnShopSerializer if is_own else ShopSerializer
        return Response(serializer(shop).data)

    @extend_schema(request=ApplicationInput, responses={201: OwnShopSerializer})
    @idempotent()
    def create(self, request: Request) -> Response:
        """Apply for a shop. It opens when staff have looked at it."""
        rate_limits.count("apply_for_shop", f"user:{request.user.pk}")
        serializer = ApplicationInput(data=request.data)
        serializer.is_valid(raise_exception=True)
        shop = shops.apply(user=request.user, **serializer.validated_data)
        return Response(OwnShopSerializer(shop).data, status=201)

    @extend_schema(request=ShopChangeInput, responses=OwnShopSerializer)
    def partial_update(self, request: Request, slug: str) -> Response:
        """Change one's own shop."""
        own = Shop.objects.managed_by(request.user, "settings")
        shop = get_object_or_404(own, slug=slug)
        serializer = ShopChangeInput(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        values = dict(serializer.validated_data)
        vacation = {name: values.pop(name) for name in VACATION if name in values}
        if vacation:
            shops.plan_vacation(
                shop=shop,
                by=request.user,
                first=vacation.get("away_from", shop.away_from),
                last=vacation.get("away_until", shop.away_until),
                note=vacation.get("away_note", shop.away_note),
            )
        for field, value in values.items():
            setattr(shop, field, value)
        shop.save(update_fields=list(values))
        return Response(OwnShopSerializer(shop).data)
