"""`users/me/sessions/`: where the caller is signed in, and ending that."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.services import sessions
from accounts.services.tokens import FAMILY
from marketflow.core.api.inputs import require_nothing
from marketflow.core.api.permissions import IsAuthenticated


class DeviceSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(["browser", "program"])
    agent = serializers.CharField(help_text="What it called itself.")
    address = serializers.CharField(help_text="Where it signed in from; of IPv6 the network.")
    started_at = serializers.DateTimeField()
    seen_at = serializers.DateTimeField()
    is_current = serializers.BooleanField(help_text="Whether it is the one that asks.")


class SessionsView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(responses=DeviceSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Browsers and programs that the caller is signed in with, this one first."""
        family = request.auth[FAMILY] if isinstance(request.auth, dict) else None
        found = sessions.devices(request.user, request=request, family=family)
        return Response(DeviceSerializer(found, many=True).data)

    @extend_schema(
        request=None, responses={204: None}, operation_id="users_me_sessions_destroy_all"
    )
    def delete(self, request: Request) -> Response:
        """Sign out everywhere, here too."""
        require_nothing(request)
        sessions.end_all(request.user)
        return Response(status=204)


class SessionView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, id: UUID) -> Response:
        """Sign one browser or program out."""
        if sessions.find(user=request.user, id=id) is None:
            raise NotFound
        require_nothing(request)
        sessions.end(user=request.user, id=id)
        return Response(status=204)
