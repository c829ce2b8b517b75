from __future__ import annotations

from zoneinfo import ZoneInfo

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from marketflow.core import time_zones
from marketflow.core.api.fields import ClockField, StrictSerializer
from notifications.kinds import Channel
from notifications.models import Habits, Notification


class NotificationSerializer(serializers.ModelSerializer):
    id = serializers.UUIDField(source="uuid")
    text = serializers.CharField(help_text="One sentence, in the language of the request.")
    url = serializers.CharField(source="path", help_text="The page it leads to.")

    class Meta:
        model = Notification
        fields = ["id", "kind", "text", "url", "created_at", "read_at"]
        read_only_fields = fields


class CountsSerializer(serializers.Serializer):
    notifications = serializers.IntegerField(help_text="How many are unread.")
    messages = serializers.IntegerField(help_text="How many messages are unread.")


@extend_schema_serializer(component_name="NotificationsRead")
class NotificationsReadInput(StrictSerializer):
    """One of the three."""

    ids = serializers.ListField(child=serializers.UUIDField(), max_length=100, required=False)
    until = serializers.DateTimeField(required=False, help_text="All that were told up to then.")
    all = serializers.BooleanField(required=False)

    def validate(self, values: dict) -> dict:
        if len(values) != 1 or values.get("all") is False:
            raise ValidationError("Send ids, until, or all: true.")
        return values


class ChannelsInput(StrictSerializer):
    in_app = serializers.BooleanField()
    email = serializers.BooleanField()
    push = serializers.BooleanField(
        help_text="To browsers that the caller switched it on in. Kept as it is sent where the "
        "market has no web push; nothing is pushed then."
    )


class HoursInput(StrictSerializer):
    """Of the caller's time zone; over midnight where `from` is later."""

    until = ClockField()

    def get_fields(self) -> dict[str, serializers.Field]:
        # `from` is a word of Python's own.
        start = ClockField()
        return {"from": start, **super().get_fields()}


class PreferencesSerializer(StrictSerializer):
    """Read and written alike. A kind that is left out is as by default from then on."""

    kinds = serializers.DictField(child=ChannelsInput(), help_text="By name: which channels.")
    quiet_hours = HoursInput(allow_null=True, required=False)
    digest_at = ClockField(
        allow_null=True,
        required=False,
        help_text="One mail a day at this hour, in place of a mail each.",
    )
    time_zone = serializers.CharField(required=False, help_text="As in the IANA database.")

    def validate_time_zone(self, name: str) -> str:
        if time_zones.named(name) is None:
            raise ValidationError("No such time zone.")
        return name

    def habits(self) -> Habits:
        values = self.validated_data
        hours = values.get("quiet_hours") or {}
        return Habits(
            quiet_from=hours.get("from"),
            quiet_until=hours.get("until"),
            digest_at=values.get("digest_at"),
            time_zone=values.get("time_zone", ""),
        )

    def choices(self) -> dict[str, dict[str, bool]]:
        return {name: dict(channels) for name, channels in self.validated_data["kinds"].items()}


def as_document(choices: dict[str, dict[str, bool]], habits: Habits) -> dict[str, object]:
    """What the serializer shows, and takes back as it is."""
    hours = {"from": habits.quiet_from, "until": habits.quiet_until}
    zone: ZoneInfo = habits.zone
    return {
        "kinds": {
            name: {channel.value: channels[channel] for channel in Channel}
            for name, channels in choices.items()
        },
        "quiet_hours": hours if habits.quiet_from is not None else None,
        "digest_at": habits.digest_at,
        "time_zone": str(zone),
    }
