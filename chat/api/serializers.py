"""Conversations and messages as programs send and get them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from chat.frames import for_side, frame
from chat.models import Attachment, Conversation, Message, Proposal, Side
from marketflow.core.api.fields import MoneyField, StrictSerializer, WholeNumberField


class AttachmentSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(Attachment.Kind.choices)
    name = serializers.CharField()
    bytes = serializers.IntegerField()
    url = serializers.CharField(help_text="For the two sides alone.")


class ProposalSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(Proposal.Kind.choices)
    state = serializers.ChoiceField(Proposal.State.choices)
    seller_order = serializers.CharField()
    amount = MoneyField(allow_null=True)


class MessageSerializer(serializers.Serializer):
    """The same as the frame that open sockets get."""

    seq = serializers.IntegerField(help_text="1, 2, 3 … in its conversation, without a gap.")
    id = serializers.UUIDField()
    client_id = serializers.UUIDField()
    author = serializers.CharField(help_text="The buyer's name, or the shop's.")
    side = serializers.ChoiceField(Side.choices)
    member = serializers.CharField(
        required=False, help_text="Who of the shop wrote it. The shop's own members get it."
    )
    kind = serializers.ChoiceField(Message.Kind.choices)
    body = serializers.CharField(help_text="Plain text, blank where it was taken back.")
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    is_deleted = serializers.BooleanField()
    seller_order = serializers.CharField(allow_null=True, help_text="What it is about.")
    product = serializers.CharField(allow_null=True, help_text="What it is about.")
    attachments = AttachmentSerializer(many=True)
    proposal = ProposalSerializer(allow_null=True)

    def to_representation(self, message: Message) -> dict[str, Any]:
        return for_side(frame(message), self.context["side"])


class ShopOfConversationSerializer(serializers.Serializer):
    slug = serializers.CharField()
    name = serializers.CharField()


class LastMessageSerializer(serializers.Serializer):
    seq = serializers.IntegerField()
    author = serializers.CharField(source="author_name")
    side = serializers.ChoiceField(Side.choices)
    kind = serializers.ChoiceField(Message.Kind.choices)
    body = serializers.CharField()
    created_at = serializers.DateTimeField()


class MemberSerializer(serializers.Serializer):
    """Somebody of the shop, as its other members see them."""

    id = serializers.UUIDField(source="uuid")
    name = serializers.SerializerMethodField()

    def get_name(self, member: User) -> str:
        return member.name or member.email


class AssignmentSerializer(serializers.Serializer):
    member = MemberSerializer(allow_null=True, help_text="Who answers; null for all of them.")
    members = MemberSerializer(many=True, help_text="Who may answer for the shop.")


class AssignmentInput(StrictSerializer):
    member = serializers.UUIDField(help_text="One of `members`.")


class ConversationSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="uuid")
    shop = ShopOfConversationSerializer()
    buyer = serializers.CharField(source="buyer_name", help_text="The buyer's name.")
    side = serializers.ChoiceField(
        Side.choices, source="own_side", help_text="On which side the caller is."
    )
    read_seq = serializers.IntegerField(help_text="Up to where the caller's side has read.")
    unread = serializers.IntegerField()
    is_blocked = serializers.BooleanField()
    is_archived = serializers.BooleanField(help_text="By the caller, until the next message.")
    is_muted = serializers.BooleanField(help_text="By the caller, who is told of no message.")
    assigned_to = MemberSerializer(
        allow_null=True,
        required=False,
        help_text="Who of the shop answers. The shop's own members get it.",
    )
    last_message = serializers.SerializerMethodField()

    class Meta:
        model = Conversation
        fields = [
            "id",
            "shop",
            "buyer",
            "side",
            "last_seq",
            "read_seq",
            "unread",
            "is_blocked",
            "is_archived",
            "is_muted",
            "assigned_to",
            "last_message",
            "last_message_at",
            "started_at",
        ]
        read_only_fields = fields

    def to_representation(self, conversation: Conversation) -> dict[str, Any]:
        told = super().to_representation(conversation)
        if conversation.own_side == Side.BUYER:
            del told["assigned_to"]
        return told

    @extend_schema_field(LastMessageSerializer(allow_null=True))
    def get_last_message(self, conversation: Conversation) -> dict[str, Any] | None:
        newest = conversation.newest[0] if conversation.newest else None
        return LastMessageSerializer(newest).data if newest else None


class StartInput(StrictSerializer):
    """A buyer names the shop, and what it is about; a shop names one of its orders."""

    shop = serializers.SlugField(required=False, help_text="From a buyer.")
    product = serializers.CharField(
        required=False, max_length=220, help_text="Of the shop: its slug."
    )
    order = serializers.CharField(
        required=False,
        max_length=40,
        help_text="From a buyer, the order; from a shop, its part of it, or the order.",
    )
    body = serializers.CharField(max_length=Message.LONGEST)
    client_id = serializers.UUIDField(required=False)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if "shop" not in values and "order" not in values:
            raise serializers.ValidationError({"shop": ["Name a shop, or an order of yours."]})
        if "product" in values and ("order" in values or "shop" not in values):
            raise serializers.ValidationError({"product": ["A product goes with its shop."]})
        return values


class MessageInput(StrictSerializer):
    client_id = serializers.UUIDField(
        help_text="Made by the sender: sent again with the same one, it is stored once."
    )
    body = serializers.CharField(max_length=Message.LONGEST)


class ReadInput(StrictSerializer):
    seq = WholeNumberField(min_value=0, max_value=2**31 - 1)


class ReadSerializer(serializers.Serializer):
    seq = serializers.IntegerField(help_text="Up to where the caller has read now.")
    unread = serializers.IntegerField()
