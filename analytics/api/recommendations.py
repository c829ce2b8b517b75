"""`recommendations/`: for whoever asks, by what they bought and wished for."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.services import tastes
from catalog.api.recommendations import RecommendationSerializer
from catalog.models import Product
from catalog.services.recommendations import as_cards
from marketflow.core.api.permissions import AllowAny


class RecommendationsView(generics.GenericAPIView):
    permission_classes = [AllowAny]
    serializer_class = RecommendationSerializer
    queryset = Product.objects.none()

    @extend_schema(responses=RecommendationSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Products for the caller, each with its reason; for who is unknown, popular ones."""
        page = self.paginate_queryset(tastes.for_person(request.user))
        return self.get_paginated_response(self.get_serializer(as_cards(page), many=True).data)
