"""Products: everybody reads what is on sale; members change what their shops sell."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Shop
from catalog.api.documentation import LIST_PARAMETERS, PRODUCT_LIST
from catalog.api.inputs import (
    PictureInput,
    ProductChangeInput,
    ProductInput,
    VariantChangeInput,
    VariantInput,
)
from catalog.api.listing import ProductList, ProductPages, narrowing
from catalog.api.serializers import (
    OwnProductSerializer,
    OwnVariantSerializer,
    PictureSerializer,
    ProductSerializer,
    ProductSummarySerializer,
)
from catalog.models import Product, Variant
from catalog.services import editing
from catalog.services.pictures.refusals import BadPicture, TooLarge, TooMany
from marketflow.core import rate_limits
from marketflow.core.api import changes, parsers
from marketflow.core.api.answers import answer
from marketflow.core.api.caching import PublicReads
from marketflow.core.api.idempotency import idempotent
from marketflow.core.api.inputs import require_nothing, validated
from marketflow.core.api.permissions import IsAuthenticated, IsAuthenticatedToWrite

DUTY = "catalogue"
SCOPES = {"read": "products:read", "write": "products:write"}


class ProductViewSet(PublicReads, viewsets.ReadOnlyModelViewSet):
    permission_classes = [IsAuthenticatedToWrite]
    scopes = SCOPES
    serializer_class = ProductSerializer
    pagination_class = ProductPages
    queryset = Product.objects.none()
    lookup_field = "slug"
    lookup_value_regex = r"[-\w]+"

    def get_queryset(self) -> QuerySet:
        if self.action in ("partial_update", "destroy", "variants", "images"):
            return Product.objects.managed_by(self.request.user, DUTY)
        return Product.objects.visible_to(self.request.user).with_page_data()

    @extend_schema(parameters=LIST_PARAMETERS, responses=PRODUCT_LIST)
    def list(self, request: Request) -> Response:
        """Products on sale. A parameter that makes no sense is an error that names it.

        With `changed_since`, those of the caller's shops that changed, on sale or not, whole.
        """
        if changes.is_asked(request):
            return self._changed(request)
        if request.query_params.get("q", "").strip():
            rate_limits.count("search", rate_limits.address_of(request))
        wanted = ProductList(request)
        page = self.paginate_queryset(wanted.products.for_lists())
        rows = [answer(ProductSummarySerializer, product) for product in page]
        found = self.get_paginated_response(rows)
        if wanted.counts:
            found.data["facets"] = wanted.facets()
        return found

    @extend_schema(responses=ProductSerializer)
    def retrieve(self, request: Request, slug: str) -> Response:
        """One product. Its own shop also sees what is not on sale."""
        product = self.get_object()
        if Shop.objects.managed_by(request.user).filter(pk=product.shop_id).exists():
            return self._own(product)
        return Response(answer(ProductSerializer, product))

    @extend_schema(request=ProductInput, responses={201: OwnProductSerializer})
    @idempotent()
    def create(self, request: Request) -> Response:
        """A new product of one of the caller's shops, a draft unless `state` says otherwise."""
        values = validated(ProductInput, request)
        mine = Shop.objects.managed_by(request.user, DUTY)
        shop = get_object_or_404(mine, slug=values.pop("shop"))
        return self._own(editing.create_product(shop=shop, **values), status=201)

    @extend_schema(request=ProductChangeInput, responses=OwnProductSerializer)
    def partial_update(self, request: Request, slug: str) -> Response:
        """Change what is sent; the rest stays."""
        product = self.get_object()
        values = validated(ProductChangeInput, request, partial=True)
        return self._own(editing.change_product(product=product, **values))

    @extend_schema(request=None, responses={204: None})
    def destroy(self, request: Request, slug: str) -> Response:
        """Take it off sale for good. Orders go on naming it."""
        product = self.get_object()
        require_nothing(request)
        editing.archive_product(product=product)
        return Response(status=204)

    @extend_schema(request=VariantInput, responses={201: OwnVariantSerializer})
    @action(detail=True, methods=["post"])
    @idempotent()
    def variants(self, request: Request, slug: str) -> Response:
        """Add a variant."""
        product = self.get_object()
        variant = editing.add_variant(product=product, **validated(VariantInput, request))
        return Response(_variant(variant), status=201)

    @extend_schema(
        request={"multipart/form-data": PictureInput}, responses={201: PictureSerializer}
    )
    @action(detail=True, methods=["post"], parser_classes=[parsers.PictureBody])
    @idempotent(calls_out=True)
    def images(self, request: Request, slug: str) -> Response:
        """Add a picture, at the end. Its smaller sizes follow within a minute."""
        rate_limits.count("upload", f"user:{request.user.pk}")
        product = self.get_object()
        values = validated(PictureInput, request)
        try:
            image = editing.add_picture(product=product, **values)
        except TooMany:
            raise
        except TooLarge as problem:
            raise parsers.TooLarge(problem.message) from problem
        except BadPicture as problem:
            raise ValidationError({"file": [problem.message]}, problem.code) from problem
        return Response(PictureSerializer(image).data, status=201)

    def _changed(self, request: Request) -> Response:
        """Of the caller's own shops: drafts, and what was taken off sale, included."""
        if not request.user.is_authenticated:
            self.permission_denied(request)
        rows = Product.objects.managed_by(request.user).with_page_data().with_all_variants()
        if shop := request.query_params.get("shop", ""):
            rows = rows.filter(shop__slug=shop)
        page = changes.page(request, rows, "updated_at", without=narrowing(request))
        return page.answer([answer(OwnProductSerializer, product) for product in page.rows])

    def _own(self, product: Product, status: int = 200) -> Response:
        fresh = Product.objects.with_page_data().get(pk=product.pk)
        return Response(answer(OwnProductSerializer, fresh), status=status)


class VariantView(APIView):
    permission_classes = [IsAuthenticated]
    scopes = SCOPES

    @extend_schema(request=VariantChangeInput, responses=OwnVariantSerializer)
    def patch(self, request: Request, id: str) -> Response:
        """Change what is sent. `on_hand` is a count of the shelf, taken now."""
        variant = self._own(request, id)
        values = validated(VariantChangeInput, request, partial=True)
        return Response(_variant(editing.change_variant(variant=variant, **values)))

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, id: str) -> Response:
        """Remove it; one that orders or stock movements name is taken off sale instead."""
        variant = self._own(request, id)
        require_nothing(request)
        editing.remove_variant(variant=variant)
        return Response(status=204)

    def _own(self, request: Request, id: str) -> Variant:
        variants = Variant.objects.managed_by(request.user, DUTY).select_related("product")
        variant = variants.filter(uuid=id).first()
        if variant is None:
            raise Http404
        return variant


def _variant(variant: Variant) -> dict:
    fresh = Variant.objects.select_related("product", "stock").get(pk=variant.pk)
    return OwnVariantSerializer(fresh).data
