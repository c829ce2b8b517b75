"""`conversations/`: a buyer's own, and those that a shop's members answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Shop
from catalog.models import Product
from chat.api.serializers import (
    AssignmentInput,
    AssignmentSerializer,
    ConversationSerializer,
    MessageInput,
    MessageSerializer,
    ReadInput,
    ReadSerializer,
    StartInput,
)
from chat.models import Conversation, Message, Side
from chat.querysets import LISTS
from chat.services import messaging, reading, sorting
from marketflow.core import rate_limits
from marketflow.core.api import pagination
from marketflow.core.api.finding import require_there
from marketflow.core.api.idempotency import idempotent
from marketflow.core.api.inputs import require_nothing, validated
from marketflow.core.api.permissions import IsAuthenticated
from orders.models import SellerOrder

AFTER = OpenApiParameter(
    "after",
    pagination.whole_numbers(0),
    description="Only messages with a higher `seq` than this.",
)
ONLY = OpenApiParameter(
    "only",
    OpenApiTypes.STR,
    enum=LISTS,
    description="Without it all of them. `in_use` are those not archived; `unread` have something "
    "new; `orders` are in use and about an order, `mine` are in use and assigned to the caller.",
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
        rows = Conversation.objects.visible_to(user)
        if self.action == "messages":
            return rows.with_names()
        return rows.with_unread(user).with_keeping(user).for_lists()

    def filter_queryset(self, rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
        only = self.request.query_params.get("only") if self.action == "list" else None
        if only is None:
            return rows
        if only not in LISTS:
            raise ValidationError({"only": [f"One of {', '.join(LISTS)}."]})
        return rows.kept(self.request.user, only)

    @extend_schema(parameters=[ONLY])
    def list(self, request: Request) -> Response:
        """Conversations, the latest message first."""
        return super().list(request)

    @extend_schema(request=StartInput, responses={201: ConversationSerializer})
    @idempotent()
    def create(self, request: Request) -> Response:
        """Write to a shop, or as a shop to the buyer of one of its orders.

        The conversation of the two begins with the first message; later ones go on in it.
        """
        rate_limits.count("message", f"user:{request.user.pk}")
        values = validated(StartInput, request)
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
        rows = conversation.messages.for_frames().after(_after(request)).order_by("seq")
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self._messages(conversation, page, many=True))

    @extend_schema(request=MessageInput, responses={201: MessageSerializer})
    @messages.mapping.post
    @idempotent()
    def post(self, request: Request, id: str) -> Response:
        """Say something. The same `client_id` again gets the message that is there."""
        rate_limits.count("message", f"user:{request.user.pk}")
        try:
            values = validated(MessageInput, request)
        except APIException:
            require_there(self)
            raise
        try:
            said = messaging.post_at(address=UUID(id), author=request.user, **values)
        except (ValueError, Conversation.DoesNotExist):
            raise Http404 from None
        return Response(self._messages(said.conversation, said), status=201)

    @extend_schema(request=ReadInput, responses=ReadSerializer)
    @action(detail=True, methods=["post"])
    @idempotent()
    def read(self, request: Request, id: str) -> Response:
        """Everything up to `seq` is read. A mark only moves on."""
        conversation = self.get_object()
        values = validated(ReadInput, request)
        reached = reading.read(conversation=conversation, reader=request.user, seq=values["seq"])
        return Response({"seq": reached, "unread": self.get_object().unread})

    @extend_schema(request=None, responses=ConversationSerializer)
    @action(detail=True, methods=["put"])
    def archive(self, request: Request, id: str) -> Response:
        """Put it away, for oneself alone, until the next message. What stands there is read."""
        conversation = self._asked_for_nothing()
        sorting.archive(conversation=conversation, person=request.user)
        return self._now()

    @extend_schema(responses={204: None})
    @archive.mapping.delete
    def unarchive(self, request: Request, id: str) -> Response:
        """Take it out of the archive; one that is not there is out already."""
        sorting.unarchive(conversation=self._asked_for_nothing(), person=request.user)
        return Response(status=204)

    @extend_schema(request=None, responses=ConversationSerializer)
    @action(detail=True, methods=["put"])
    def mute(self, request: Request, id: str) -> Response:
        """Be told of no new message here. Counts go on."""
        conversation = self._asked_for_nothing()
        sorting.mute(conversation=conversation, person=request.user, is_muted=True)
        return self._now()

    @extend_schema(responses={204: None})
    @mute.mapping.delete
    def unmute(self, request: Request, id: str) -> Response:
        """Be told of new messages again."""
        conversation = self._asked_for_nothing()
        sorting.mute(conversation=conversation, person=request.user, is_muted=False)
        return Response(status=204)

    @extend_schema(responses=AssignmentSerializer)
    @action(detail=True)
    def assignment(self, request: Request, id: str) -> Response:
        """Who of the shop answers, and who may. For the shop's own members."""
        return self._assignment(self._of_the_shop())

    @extend_schema(request=AssignmentInput, responses=AssignmentSerializer)
    @assignment.mapping.put
    def assign(self, request: Request, id: str) -> Response:
        """Let one member of the shop answer, who alone is told of new messages. All still may."""
        conversation = self._of_the_shop()
        values = validated(AssignmentInput, request)
        member = conversation.people(Side.SHOP).filter(uuid=values["member"]).first()
        if member is None:
            raise ValidationError({"member": ["No such member of the shop."]})
        sorting.assign(conversation=conversation, member=member)
        return self._assignment(self._of_the_shop())

    @extend_schema(responses={204: None})
    @assignment.mapping.delete
    def unassign(self, request: Request, id: str) -> Response:
        """Let all members of the shop answer."""
        conversation = self._of_the_shop()
        require_nothing(request)
        sorting.assign(conversation=conversation, member=None)
        return Response(status=204)

    def _asked_for_nothing(self) -> Conversation:
        """The conversation, of a request without a field."""
        conversation = self.get_object()
        require_nothing(self.request)
        return conversation

    def _now(self) -> Response:
        return Response(self.get_serializer(self.get_object()).data)

    def _of_the_shop(self) -> Conversation:
        """The conversation, for whoever answers it as the shop. Raises Http404 for the buyer."""
        conversation = self.get_object()
        if conversation.own_side == Side.BUYER:
            raise Http404
        return conversation

    def _assignment(self, conversation: Conversation) -> Response:
        members = conversation.people(Side.SHOP).order_by("pk")
        told = {"member": conversation.assigned_to, "members": members}
        return Response(AssignmentSerializer(told).data)

    def _messages(self, conversation: Conversation, rows: Any, *, many: bool = False) -> Any:
        context = self.get_serializer_context() | {"side": conversation.side_of(self.request.user)}
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
