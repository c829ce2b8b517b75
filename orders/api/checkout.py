"""`checkout/`: the caller's cart becomes an order."""

from __future__ import annotations

from contextlib import suppress

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Address
from carts.api.choices import require_options, require_shops
from carts.api.serializers import CartSerializer
from carts.api.views import actor
from carts.models import Cart
from carts.services import baskets, pricing
from carts.services.pricing import PricedCart
from marketflow.core import rate_limits
from marketflow.core.api.answers import answer
from marketflow.core.api.idempotency import idempotent
from marketflow.core.api.permissions import AllowAny
from marketflow.core.guards import crash_point
from orders.api.serializers import CheckoutInput, OrderSerializer, PlacedOrderSerializer
from orders.services import checkout
from orders.services.checkout import CouponExhausted, Delivery, PriceChanged
from orders.services.pasts import BuyersPast
from orders.services.promotions import UsedUp


class CheckoutView(APIView):
    permission_classes = [AllowAny]
    guest_header = baskets.HEADER

    def idempotency_actor(self, request: Request) -> str:
        return actor(request)

    @extend_schema(request=CheckoutInput, responses={201: PlacedOrderSerializer})
    def post(self, request: Request) -> Response:
        """Order what is in the cart. Stock is held until `expires_at`; then pay.

        409 `price_changed` and `coupon_exhausted` bear the cart as it is now, with the quote to
        confirm. A shop or an option in `shipping`, or a shop in `notes`, that means nothing in the
        cart is a 400 only while the quote is current.
        """
        rate_limits.count("checkout", actor(request) or rate_limits.address_of(request))
        try:
            placed = self._order_or_ask_again(request)
        except PriceChanged as changed:
            body = {
                "code": changed.code,
                "detail": changed.message,
                "cart": answer(CartSerializer, changed.cart),
            }
            return Response(body, status=409)
        crash_point("answer_built")
        return placed

    def _order_or_ask_again(self, request: Request) -> Response:
        try:
            return self._order(request)
        except UsedUp:
            # Lost at the very end, and undone with the key. Now the price goes without it.
            with suppress(UsedUp):
                return self._order(request)
        # Free again in between, and lost again: the cart as it is now, to be confirmed anew.
        raise CouponExhausted(_priced_now(request))

    # By `_order`, which the limit must not be counted within.
    post.takes_idempotency_key = "required"

    @idempotent(required=True)
    def _order(self, request: Request) -> Response:
        serializer = CheckoutInput(data=request.data)
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        buyer = request.user if request.user.is_authenticated else None
        wanted = {
            "cart": baskets.find(request),
            "quote": values["quote"],
            "delivery": _delivery(request, values),
            "buyer": buyer,
        }
        try:
            _require_known(wanted["cart"], values)
        except ValidationError:
            # What is unknown now may have been there when the quote was given: then that is stale.
            checkout.require_unchanged(**wanted)
            raise
        order = checkout.place_order(**wanted)
        body = answer(OrderSerializer, order)
        if buyer is None:
            body = {**body, "token": order.guest_token()}
        return Response(body, status=201)


def _require_known(cart: Cart | None, values: dict) -> None:
    """An empty cart is left to the market's rules, which say so."""
    shipping, notes = values.get("shipping") or {}, values.get("notes") or {}
    if not (shipping or notes) or cart is None or not cart.lines.to_buy().exists():
        return
    require_options(cart, shipping)
    require_shops(cart, notes, "notes")


def _priced_now(request: Request) -> PricedCart:
    values = CheckoutInput(data=request.data)
    values.is_valid(raise_exception=True)
    delivery = _delivery(request, values.validated_data)
    buyer = request.user if request.user.is_authenticated else None
    return pricing.price(
        baskets.find(request),
        country=delivery.address["country"],
        shipping=delivery.shipping,
        past=BuyersPast.of(buyer, guest_email=delivery.email),
    )


def _delivery(request: Request, values: dict) -> Delivery:
    email = values.get("email", "")
    if request.user.is_authenticated:
        email = email or request.user.email
    elif not email:
        raise ValidationError({"email": ["A guest's e-mail address is needed."]})
    return Delivery(
        email=email,
        address=_address(request, values),
        shipping=values.get("shipping"),
        note=values["note"],
        notes=values.get("notes"),
        billing_address=values.get("billing_address"),
    )


def _address(request: Request, values: dict) -> dict[str, str]:
    if "shipping_address" in values:
        return dict(values["shipping_address"])
    mine = Address.objects.visible_to(request.user)
    return get_object_or_404(mine, uuid=values["address_id"]).snapshot()
