"""Webhook endpoints and their log as programs send and get them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from marketflow.core.api.fields import ChoiceField, StrictSerializer
from notifications.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from notifications.webhook_events import EVENTS, EVERYTHING

NAMES = [*EVENTS, EVERYTHING]


class EndpointSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="uuid")
    shop = serializers.CharField(source="shop.slug")
    events = serializers.ListField(child=serializers.CharField())
    state = serializers.ChoiceField(
        ["on", "failing", "off"], help_text="`failing`: the last try was not accepted."
    )
    off_reason = serializers.ChoiceField(
        WebhookEndpoint.Off.choices, allow_blank=True, help_text="Blank while it is on."
    )

    class Meta:
        model = WebhookEndpoint
        fields = [
            "id",
            "shop",
            "url",
            "description",
            "events",
            "is_enabled",
            "state",
            "failing_since",
            "last_success_at",
            "off_at",
            "off_reason",
            "former_until",
            "created_at",
        ]
        read_only_fields = fields


class EndpointWithSecretSerializer(EndpointSerializer):
    """As it is answered once: when it is made, and when its secret is renewed."""

    secret = serializers.CharField(help_text="Signs what is sent. Shown once.")

    class Meta(EndpointSerializer.Meta):
        fields = [*EndpointSerializer.Meta.fields, "secret"]
        read_only_fields = fields


class DeliverySerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="uuid")
    endpoint = serializers.UUIDField(source="endpoint.uuid")

    class Meta:
        model = WebhookDelivery
        fields = [
            "id",
            "endpoint",
            "event_id",
            "event",
            "state",
            "attempts",
            "last_status",
            "last_error",
            "created_at",
            "due_at",
            "delivered_at",
        ]
        read_only_fields = fields


class AttemptSerializer(serializers.ModelSerializer):
    request_headers = serializers.DictField(child=serializers.CharField())
    response_headers = serializers.DictField(child=serializers.CharField())

    class Meta:
        model = WebhookAttempt
        fields = [
            "made_at",
            "milliseconds",
            "url",
            "request_headers",
            "status",
            "response_headers",
            "response_body",
            "error",
        ]
        read_only_fields = fields


class DeliveryWithTriesSerializer(DeliverySerializer):
    """With what was said, word for word, and every request and answer."""

    tries = AttemptSerializer(many=True)

    class Meta(DeliverySerializer.Meta):
        fields = [*DeliverySerializer.Meta.fields, "body", "tries"]
        read_only_fields = fields


class SentAgainSerializer(serializers.Serializer):
    count = serializers.IntegerField()


# --- what is sent


class EndpointFields(StrictSerializer):
    url = serializers.CharField(max_length=500, help_text="Begins with https://.")
    events = serializers.ListField(
        child=ChoiceField(NAMES),
        allow_empty=False,
        max_length=len(NAMES),
        help_text="`*` is all of them, those to come included.",
    )
    description = serializers.CharField(max_length=200, allow_blank=True, required=False)

    def validate_events(self, names: list[str]) -> list[str]:
        return list(dict.fromkeys(names))


class EndpointInput(EndpointFields):
    """A new endpoint."""

    shop = serializers.SlugField(max_length=90, help_text="One of the caller's.")


class EndpointChangeInput(EndpointFields):
    is_enabled = serializers.BooleanField(required=False)


class SpanInput(StrictSerializer):
    """What was to be told from `since` on, until `until` or now."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField(required=False)
    only_failed = serializers.BooleanField(required=False, default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "until" in attrs and attrs["until"] < attrs["since"]:
            raise serializers.ValidationError({"until": ["It ends before it begins."]})
        return attrs


class DeliveryFilter(serializers.Serializer):
    """Of the query string."""

    event = serializers.CharField(max_length=40, required=False)
    state = ChoiceField(WebhookDelivery.State.choices, required=False)
