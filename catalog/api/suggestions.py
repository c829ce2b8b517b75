"""What the search box proposes while somebody types."""

from __future__ import annotations

from django.db.models import Prefetch
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Shop
from catalog.api.serializers import SuggestionsSerializer
from catalog.models import Category, Product, ProductImage
from catalog.services import search
from marketflow.core import rate_limits
from marketflow.core.api.caching import PublicReads
from marketflow.core.api.permissions import AllowAny
from marketflow.core.templatetags.marketflow import art

MOST_CATEGORIES, MOST_SHOPS, MOST_PRODUCTS = 3, 2, 6
SHORTEST = 2
PICTURE_WIDTH = 160


class SuggestionsView(PublicReads, APIView):
    permission_classes = [AllowAny]
    scopes = {"read": "products:read"}

    @extend_schema(
        parameters=[OpenApiParameter("q", OpenApiTypes.STR, description="What was typed so far.")],
        responses=SuggestionsSerializer,
    )
    def get(self, request: Request) -> Response:
        """Categories, shops and products whose words begin like `q`; nothing for one letter.

        Where no product does, those with the spelling of `q` mended, as a search mends it.
        """
        text = " ".join(request.query_params.get("q", "").replace("\x00", "").split())
        text = text[: search.LONGEST]
        if len(text) < SHORTEST:
            return Response({"categories": [], "shops": [], "products": []})
        rate_limits.count("suggestions", rate_limits.address_of(request))
        categories = Category.objects.filter(name__istartswith=text).order_by("depth", "path")
        shops = Shop.objects.open().filter(name__istartswith=text).order_by("name")
        found = {
            "categories": categories.values("slug", "name")[:MOST_CATEGORIES],
            "shops": shops.values("slug", "name")[:MOST_SHOPS],
            "products": [_titled(product) for product in _products(text)],
        }
        return Response(SuggestionsSerializer(found).data)


def _products(text: str) -> list[Product]:
    shown = Prefetch("images", ProductImage.objects.shown(), to_attr="shown")
    return list(search.suggest(text, most=MOST_PRODUCTS).prefetch_related(shown))


def _titled(product: Product) -> dict[str, str]:
    # No whole address: the page that shows it lets in pictures of its own address alone.
    picture = product.shown[0].url(PICTURE_WIDTH) if product.shown else art(product.slug)
    return {"slug": product.slug, "title": product.title, "picture": picture}
