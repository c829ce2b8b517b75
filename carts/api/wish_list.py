"""The caller's wish list: products by slug, each once, the latest first."""

from __future__ import annotations

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from carts.models import WishListItem
from carts.services import wish_list
from catalog.api.serializers import ProductSummarySerializer
from marketflow.core.api.inputs import require_nothing
from marketflow.core.api.permissions import IsAuthenticated


class WishSerializer(serializers.ModelSerializer):
    product = ProductSummarySerializer()

    class Meta:
        model = WishListItem
        fields = ["product", "added_at"]
        read_only_fields = fields


class WishListViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """Products that are not sold at the moment are left out, and come back when they are."""

    permission_classes = [IsAuthenticated]
    serializer_class = WishSerializer
    queryset = WishListItem.objects.none()
    lookup_field = "product"
    lookup_value_regex = r"[-\w]+"

    def get_queryset(self) -> QuerySet[WishListItem]:
        return WishListItem.objects.visible_to(self.request.user).still_sold().with_cards()

    @extend_schema(request=None, responses={200: WishSerializer, 201: WishSerializer})
    def update(self, request: Request, product: str) -> Response:
        """Save a product. Saved before, it stays where it was."""
        named = get_object_or_404(wish_list.within_reach(request.user), slug=product)
        require_nothing(request)
        is_new = wish_list.add(user=request.user, product=named)
        item = get_object_or_404(self.get_queryset(), product=named)
        return Response(self.get_serializer(item).data, status=201 if is_new else 200)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, product: str) -> Response:
        """Take a product off; one that is not on the list is off already."""
        named = get_object_or_404(wish_list.within_reach(request.user), slug=product)
        require_nothing(request)
        wish_list.remove(user=request.user, product=named)
        return Response(status=204)
