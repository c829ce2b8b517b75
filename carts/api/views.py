"""The caller's cart: a signed-in buyer's, or a guest's by `X-Cart-Token`."""

from __future__ import annotations

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from carts.api.choices import wanted_options
from carts.api.serializers import (
    CartInput,
    CartSerializer,
    CouponInput,
    ItemInput,
    QuantityInput,
)
from carts.models import Cart, CartLine
from carts.services import baskets, coupons, pricing
from marketflow.core import rate_limits
from marketflow.core.api.answers import answer
from marketflow.core.api.idempotency import idempotent
from marketflow.core.api.inputs import require_nothing
from marketflow.core.api.permissions import AllowAny


class CartAPIView(APIView):
    permission_classes = [AllowAny]
    guest_header = baskets.HEADER

    def idempotency_actor(self, request: Request) -> str:
        return actor(request)

    def answer(self, request: Request, cart: Cart | None, status: int = 200) -> Response:
        """The whole cart, and for a guest the token that finds it again."""
        body = answer(CartSerializer, pricing.price(cart, pictures=False))
        if request.user.is_authenticated:
            return Response(body, status=status)
        # A guest who reads first is handed a token too; the cart itself opens with its first item.
        token = (
            baskets.token_of(request)
            or getattr(request, "new_cart_token", "")
            or baskets.new_token()
        )
        headers = {baskets.HEADER: token, "Cache-Control": "private, no-store"}
        return Response({"token": token, **body}, status=status, headers=headers)


class CartView(CartAPIView):
    @extend_schema(responses=CartSerializer)
    def get(self, request: Request) -> Response:
        """The cart at today's prices."""
        return self.answer(request, baskets.find(request))

    @extend_schema(request=CartInput, responses=CartSerializer)
    def patch(self, request: Request) -> Response:
        """Say where it goes and how: what it costs depends on both.

        What `shipping` says of a shop of which nothing is to be bought is left out.
        """
        serializer = CartInput(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        values = dict(serializer.validated_data)
        shipping = values.pop("shipping", {})
        if shipping:
            shipping = wanted_options(baskets.find(request), shipping, request.user)
        is_anything = shipping or values
        cart = baskets.find_or_open(request) if is_anything else baskets.find(request)
        if shipping:
            baskets.choose_shipping(cart, shipping)
        if values:
            place = {"country": cart.country, "postcode": cart.postcode} | values
            baskets.send_to(cart, **place)
        return self.answer(request, cart)


class CartItemsView(CartAPIView):
    @extend_schema(request=ItemInput, responses={201: CartSerializer})
    @idempotent()
    def post(self, request: Request) -> Response:
        """Put a variant in. Nothing is held until the order is placed."""
        serializer = ItemInput(data=request.data)
        serializer.is_valid(raise_exception=True)
        variant = baskets.find_variant(request.user, serializer.validated_data["variant"])
        if variant is None:
            raise Http404
        cart = baskets.find_or_open(request)
        baskets.add(cart, variant, serializer.validated_data["quantity"])
        return self.answer(request, cart, status=201)


class CartItemView(CartAPIView):
    is_opened_by_token = True

    @extend_schema(request=QuantityInput, responses=CartSerializer)
    def patch(self, request: Request, id: str) -> Response:
        """Change how many; 0 takes the item out."""
        line = self._line(request, id)
        serializer = QuantityInput(data=request.data)
        serializer.is_valid(raise_exception=True)
        baskets.change(line.cart, {str(line.uuid): serializer.validated_data["quantity"]})
        return self.answer(request, line.cart)

    @extend_schema(request=None, responses={200: CartSerializer})
    def delete(self, request: Request, id: str) -> Response:
        """Take the item out."""
        line = self._line(request, id)
        require_nothing(request)
        baskets.change(line.cart, {str(line.uuid): 0})
        return self.answer(request, line.cart)

    def _line(self, request: Request, id: str) -> CartLine:
        cart = baskets.find(request)
        lines = cart.lines if cart else CartLine.objects.none()
        return get_object_or_404(lines.select_related("cart"), uuid=id)


class CartCouponsView(CartAPIView):
    @extend_schema(request=CouponInput, responses=CartSerializer)
    def post(self, request: Request) -> Response:
        """Put a coupon in. One of the same shop, or of the market, makes room for it.

        409 `coupon_unknown`, `coupon_ended`, `coupon_exhausted` or `coupon_not_applicable`.
        """
        rate_limits.count("coupon", rate_limits.address_of(request))
        return self._apply(request)

    # By `_apply`, which the limit must not be counted within.
    post.takes_idempotency_key = "honoured"

    @idempotent()
    def _apply(self, request: Request) -> Response:
        serializer = CouponInput(data=request.data)
        serializer.is_valid(raise_exception=True)
        cart = baskets.find(request)
        if cart is None:
            raise coupons.CouponUnknown
        cart = coupons.apply(cart=cart, code=serializer.validated_data["code"])
        return self.answer(request, cart)


class CartCouponView(CartAPIView):
    @extend_schema(request=None, responses={200: CartSerializer})
    def delete(self, request: Request, code: str) -> Response:
        """Take a coupon out; one that is not in the cart is out already."""
        require_nothing(request)
        cart = baskets.find(request)
        if cart is not None:
            cart = coupons.remove(cart=cart, code=code)
        return self.answer(request, cart)


def actor(request: Request) -> str:
    """Whose idempotency keys these are: the person's, or the cart token's."""
    if request.user.is_authenticated:
        return f"user:{request.user.pk}"
    token_hash = baskets.hash_of(baskets.token_of(request))
    return f"cart:{token_hash}" if token_hash else ""
