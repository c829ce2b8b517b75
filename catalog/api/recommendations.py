"""Recommended products as programs get them: what each is, and why it is here."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.serializers import ProductSummarySerializer
from catalog.models import Product
from catalog.services import recommendations
from catalog.services.recommendations import as_cards
from marketflow.core.api.caching import PublicReads
from marketflow.core.api.permissions import AllowAny


class RecommendationSerializer(ProductSummarySerializer):
    reason = serializers.CharField(help_text="For people: Often bought with Oak bowl.")
    reason_code = serializers.ChoiceField(
        choices=["bought_together", "popular_in_category", "popular"]
    )

    class Meta(ProductSummarySerializer.Meta):
        fields = [*ProductSummarySerializer.Meta.fields, "reason", "reason_code"]
        read_only_fields = fields


class ProductRecommendationsView(PublicReads, generics.GenericAPIView):
    permission_classes = [AllowAny]
    scopes = {"read": "products:read"}
    serializer_class = RecommendationSerializer
    queryset = Product.objects.none()

    @extend_schema(responses=RecommendationSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """What goes with a product, each with its reason. Nothing that is sold out."""
        product = get_object_or_404(Product.objects.visible_to(request.user), slug=slug)
        page = self.paginate_queryset(recommendations.beside([product.pk]))
        return self.get_paginated_response(self.get_serializer(as_cards(page), many=True).data)
