"""The caller's notifications, and what they want to be told."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from marketflow.core.api.idempotency import idempotent
from marketflow.core.api.permissions import IsAuthenticated
from notifications.api.serializers import (
    CountsSerializer,
    NotificationSerializer,
    NotificationsReadInput,
    PreferencesSerializer,
    as_document,
)
from notifications.models import Notification
from notifications.services import counts, inbox, preferences

UNREAD = OpenApiParameter("unread", OpenApiTypes.BOOL, description="`1`: only what is new.")


class NotificationViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """What the caller was told, the latest first."""

    permission_classes = [IsAuthenticated]
    serializer_class = NotificationSerializer
    queryset = Notification.objects.none()

    def get_queryset(self) -> QuerySet[Notification]:
        return Notification.objects.visible_to(self.request.user)

    def filter_queryset(self, queryset: QuerySet[Notification]) -> QuerySet[Notification]:
        match self.request.query_params.get("unread", "0"):
            case "1" | "true":
                return queryset.unread()
            case "0" | "false":
                return queryset
        raise ValidationError({"unread": ["1 or 0."]})

    @extend_schema(parameters=[UNREAD])
    def list(self, request: Request) -> Response:
        """List what the caller was told."""
        return super().list(request)

    @extend_schema(request=NotificationsReadInput, responses=CountsSerializer)
    @action(detail=False, methods=["post"])
    @idempotent()
    def read(self, request: Request) -> Response:
        """Mark notifications as read. What is not the caller's is passed over."""
        serializer = NotificationsReadInput(data=request.data)
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        inbox.mark_read(user=request.user, ids=values.get("ids"), until=values.get("until"))
        return Response(CountsSerializer(counts.counts_of(request.user)).data)

    @extend_schema(responses=PreferencesSerializer)
    @action(detail=False, methods=["get"])
    def preferences(self, request: Request) -> Response:
        """What the caller is told, on which channels and when."""
        return Response(_preferences_of(request.user))

    @extend_schema(request=PreferencesSerializer, responses=PreferencesSerializer)
    @preferences.mapping.put
    def save_preferences(self, request: Request) -> Response:
        """Replace the preferences. What is essential can't be switched off."""
        serializer = PreferencesSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        choices = serializer.choices()
        _refuse_what_cannot_be(request.user, choices)
        preferences.save(user=request.user, choices=choices, habits=serializer.habits())
        return Response(_preferences_of(request.user))


def _preferences_of(user: User) -> dict[str, object]:
    document = as_document(preferences.choices_of(user), preferences.habits_of(user))
    return PreferencesSerializer(document).data


def _refuse_what_cannot_be(user: User, choices: dict[str, dict[str, bool]]) -> None:
    known = {kind.name for kind in preferences.kinds_for(user)}
    wrong: dict[str, list[str]] = {
        f"kinds.{name}": ["Unknown kind."] for name in sorted(set(choices) - known)
    }
    if not wrong:
        fixed = preferences.fixed_of(choices)
        wrong = {
            f"kinds.{name}.{channel}": ["This can't be switched off."]
            for name, channels in fixed.items()
            for channel in channels
        }
    if wrong:
        raise ValidationError(wrong)
