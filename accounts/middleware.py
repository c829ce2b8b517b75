"""Remembering which browsers somebody is signed in with."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from accounts.services import sessions


class DevicesMiddleware:
    """Only where the session was looked at anyway: other pages stay the same for everybody."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.session.accessed and response.status_code < 500:
            sessions.note(request)
        return response
