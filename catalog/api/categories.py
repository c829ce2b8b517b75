"""The category tree, as programs read it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import F
from django.db.models.functions import Substr
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.serializers import CategorySerializer, CategoryTreeSerializer
from catalog.models import Category
from catalog.services import tree
from marketflow.core.api.caching import PublicReads
from marketflow.core.api.permissions import AllowAny


class CategoryViewSet(PublicReads, viewsets.ReadOnlyModelViewSet):
    """Where things are found. Open to all."""

    permission_classes = [AllowAny]
    scopes = {"read": "products:read"}
    serializer_class = CategoryTreeSerializer
    queryset = Category.objects.none()
    lookup_field = "slug"
    lookup_value_regex = r"[-\w]+"

    def get_queryset(self):
        return Category.objects.get_root_nodes()

    def list(self, request: Request) -> Response:
        """The roots, each with the two levels below it."""
        roots = self.paginate_queryset(self.get_queryset())
        _load_below(roots, levels=2)
        return self.get_paginated_response(self.get_serializer(roots, many=True).data)

    @extend_schema(responses=CategorySerializer)
    def retrieve(self, request: Request, slug: str) -> Response:
        """A category, the way to it, and what lies directly below."""
        category = get_object_or_404(Category, slug=slug)
        _load_below([category], levels=1)
        category.ancestors = tree.trail(category)
        return Response(CategorySerializer(category).data)


def _load_below(nodes: Iterable[Category], *, levels: int) -> None:
    """Give `nodes`, of one depth, and what lies below them their `loaded_children`: one query."""
    found = {node.path: node for node in nodes}
    if not found:
        return
    length = len(next(iter(found)))
    depth = length // Category.steplen
    below = (
        Category.objects.annotate(above=Substr(F("path"), 1, length))
        .filter(above__in=found, depth__gt=depth, depth__lte=depth + levels)
        .defer("description")
        .order_by("path")
    )
    for node in found.values():
        node.loaded_children = []
    for node in below:
        node.loaded_children = []
        found[node.path] = node
        found[node.path[: -Category.steplen]].loaded_children.append(node)
