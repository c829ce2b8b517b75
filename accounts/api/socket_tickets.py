"""`auth/ws-ticket/`: how whoever has no cookie opens a socket."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import RefreshFamily
from accounts.services import socket_tickets
from accounts.services.tokens import FAMILY
from marketflow.core import rate_limits
from marketflow.core.api.inputs import require_nothing
from marketflow.core.api.permissions import IsAuthenticated


class SocketTicketSerializer(serializers.Serializer):
    ticket = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")


class SocketTicketView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(request=None, responses=SocketTicketSerializer)
    def post(self, request: Request) -> Response:
        """A ticket for one socket: sent as the subprotocols `marketflow.v1, ticket.<ticket>`.

        It is used once, and ends with the sign-in it came from.
        """
        rate_limits.count("ws_ticket", f"user:{request.user.pk}")
        require_nothing(request)
        ticket = socket_tickets.issue(user=request.user, **_sign_in_of(request))
        seconds = int(socket_tickets.LIFE.total_seconds())
        return Response({"ticket": ticket, "expires_in": seconds})


def _sign_in_of(request: Request) -> dict[str, object]:
    if request.auth is None:
        if not request.session.session_key:
            raise NotAuthenticated
        return {"session_key": request.session.session_key}
    return {"family": RefreshFamily.objects.get(uuid=request.auth.get(FAMILY))}
