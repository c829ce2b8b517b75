"""`conversations/`: a buyer's own, and those that a shop's members answer."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Shop
from catalog.models import Product
from chat.api.serializers import (
    ConversationSerializer,
    MessageInput,
    MessageSerializer,
    ReadInput,
    ReadSerializer,
    StartInput,
)
from chat.models import Conversation, Message
from chat.services import messaging, reading
from marketflow.core import rate_limits
from marketflow.core.api.idempotency import idempotent
from marketflow.core.api.permissions import IsAuthenticated
from orders.api.inputs import validated
from orders.models import SellerOrder

AFTER = OpenApiParameter(
    "after", OpenApiTypes.INT, description="Only messages with a higher `seq` than this."
)


class ConversationViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet
):
    """Conversations between buyers and shops: one for each pair."""

    permission_classes = [IsAuthenticated]
    scopes = {"read": "messages:read", "write": "messages:write"}
    serializer_class = ConversationSerializer
    queryset = Conversation.objects.none()
    lookup_field = "uuid"
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"

    def get_queryset(self):
        user = self.request.user
        return Conversation.objects.visible_to(user).with_unread(user).for_lists()

    @extend_schema(request=StartInput, responses={201: ConversationSerializer})
    @idempotent()
    def create(self, request: Request) -> Response:
        """Write to a shop, or as a shop to the buyer of one of its orders.

        The conversation of the two begins with the first message; later ones go on in it.
        """
        values = validated(StartInput, request)
        rate_limits.count("message", f"user:{request.user.pk}")
        message = self._start(values)
        found = self.get_queryset().get(pk=message.conversation_id)
        return Response(self.get_serializer(found).data, status=201)

    def _start(self, values: dict[str, Any]) -> Message:
        words = {"body": values["body"], "client_id": values.get("client_id")}
        user = self.request.user
        part = _part(user, values) if "order" in values else None
        if part and part.order.buyer_id != user.pk:
            return messaging.start_as_shop(part=part, author=user, **words)
        shop = part.shop if part else _shop(user, values["shop"])
        product = _product(shop, values["product"]) if "product" in values else None
        return messaging.start_as_buyer(buyer=user, shop=shop, part=part, product=product, **words)

    @extend_schema(parameters=[AFTER], responses=MessageSerializer(many=True))
    @action(detail=True, serializer_class=MessageSerializer)
    def messages(self, request: Request, id: str) -> Response:
        """What was said, in order. After a reconnect, `after` fills the gap."""
        conversation = self.get_object()
        rows = conversation.messages.with_contents().after(_after(request)).order_by("seq")
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self._messages(conversation, page, many=True))

    @extend_schema(request=MessageInput, responses={201: MessageSerializer})
    @messages.mapping.post
    @idempotent()
    def post(self, request: Request, id: str) -> Response:
        """Say something. The same `client_id` again gets the message that is there."""
        conversation = self.get_object()
        values = validated(MessageInput, request)
        rate_limits.count("message", f"user:{request.user.pk}")
        said = messaging.post(conversation=conversation, author=request.user, **values)
        found = Message.objects.with_contents().get(pk=said.pk)
        return Response(self._messages(conversation, found), status=201)

    @extend_schema(request=ReadInput, responses=ReadSerializer)
    @action(detail=True, methods=["post"])
    @idempotent()
    def read(self, request: Request, id: str) -> Response:
        """Everything up to `seq` is read. A mark only moves on."""
        conversation = self.get_object()
        values = validated(ReadInput, request)
        reached = reading.read(conversation=conversation, reader=request.user, seq=values["seq"])
        return Response({"seq": reached, "unread": self.get_object().unread})

    def _messages(self, conversation: Conversation, rows: Any, *, many: bool = False) -> Any:
        context = self.get_serializer_context() | {"side": conversation.own_side}
        return MessageSerializer(rows, many=many, context=context).data


def _part(user, values: dict[str, Any]) -> SellerOrder:
    """The part meant: of an order of one's own, or of one that a shop of theirs must send."""
    number = values["order"]
    parts = SellerOrder.objects.visible_to(user).select_related("order__buyer", "shop")
    parts = parts.filter(Q(number=number) | Q(order__number=number))
    if "shop" in values:
        parts = parts.filter(shop__slug=values["shop"])
    found = list(parts[:2])
    if not found:
        raise ValidationError({"order": ["No such order."]})
    if len(found) > 1:
        raise ValidationError({"shop": ["Several shops send this order: name one of them."]})
    return found[0]


def _shop(user, slug: str) -> Shop:
    found = Shop.objects.visible_to(user).filter(slug=slug).first()
    if found is None or user.api_key:
        raise ValidationError({"shop": ["No such shop."]})
    return found


def _product(shop: Shop, slug: str) -> Product:
    found = Product.objects.published().filter(shop=shop, slug=slug).first()
    if found is None:
        raise ValidationError({"product": ["No such product in this shop."]})
    return found


def _after(request: Request) -> int:
    text = request.query_params.get("after", "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise ValidationError({"after": ["A whole number from 0."]})
    return int(text)
