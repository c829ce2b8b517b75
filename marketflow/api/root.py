"""Where the API begins: a list of what it offers."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from marketflow.core.api.browsing import BrowsablePage
from marketflow.core.api.permissions import AllowAny

RESOURCES = [
    "category-list",
    "product-list",
    "shop-list",
    "cart",
    "order-list",
    "review-list",
    "recommendations",
    "conversation-list",
    "me",
]


class RootPage(BrowsablePage):
    template = "rest_framework/root.html"

    def get_context(self, *args: Any) -> dict[str, Any]:
        return super().get_context(*args) | {"site": settings.SITE_URL}


class ApiRoot(APIView):
    """MarketFlow's API: everything a page can do, a program can do.

    Start with `docs`, the reference; `schema` is the OpenAPI document.
    """

    permission_classes = [AllowAny]
    renderer_classes = [JSONRenderer, RootPage]
    name = "MarketFlow API"

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        links = {"docs": "api-docs", "schema": "schema"}
        links |= {name.removesuffix("-list"): f"v1:{name}" for name in RESOURCES}
        return Response({name: reverse(view, request=request) for name, view in links.items()})

    def get_view_name(self) -> str:
        return self.name


class Unknown(APIView):
    """An address of no resource: the same answer as for a resource that is not the caller's."""

    permission_classes = [AllowAny]

    def get_view_name(self) -> str:
        return ""

    def check_permissions(self, request: Request) -> None:
        """Nothing is asked of a key either: what is not there wants no scope."""

    def initial(self, request: Request, *args, **kwargs) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound
