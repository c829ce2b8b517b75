"""What surrounds every request: its id, and a clean 503 when the database is away."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

logger = logging.getLogger(__name__)

USABLE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
RETRY_AFTER = "2"
# Lost connections, cancelled statements, lock time-outs, deadlocks; and SQLite's busy writer.
PASSING_STATES = ("08", "57", "53", "55P03", "40001", "40P01", "25P03")

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """Give every request an id, take over a decent one, and send it back."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request.request_id = given if USABLE_ID.fullmatch(given) else str(uuid.uuid4())
        request.META["HTTP_X_REQUEST_ID"] = request.request_id
        response = self.get_response(request)
        response["X-Request-ID"] = request.request_id
        return response


class ShortQueryMiddleware:
    """Refuse a query string that only an attacker writes, before anything is looked up for it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if len(request.META.get("QUERY_STRING", "")) <= settings.QUERY_MAX_LENGTH:
            return self.get_response(request)
        if request.path.startswith("/api/"):
            body = {"code": "query_too_long", "detail": "The query string is too long."}
            return JsonResponse(body, status=400)
        return render(None, "400.html", status=400)


class UnavailableMiddleware:
    """Answer 503 with `Retry-After` while the database is away. A bug stays a 500."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        if not is_passing(problem):
            return None
        logger.warning("the database is not available: %s", problem)
        return unavailable(request)


def is_passing(problem: BaseException | None) -> bool:
    """Whether trying again soon may help."""
    if not isinstance(problem, DatabaseError | InterfaceError):
        return False
    state = getattr(problem.__cause__, "sqlstate", None)
    if state:
        return state.startswith(PASSING_STATES)
    # No state: the connection itself is gone, or SQLite's writer was busy for too long.
    return isinstance(problem, InterfaceError) or (
        isinstance(problem, OperationalError) and "no such" not in str(problem)
    )


def unavailable(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        body = {"code": "unavailable", "detail": "The service is busy. Try again in a moment."}
        response: HttpResponse = JsonResponse(body, status=503)
    else:
        response = render(None, "503.html", status=503)
    response["Retry-After"] = RETRY_AFTER
    return response
