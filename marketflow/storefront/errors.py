"""Pages for when something is not as it should be."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from marketflow.core.middleware import is_passing, unavailable

API_BODIES = {
    400: {"code": "invalid", "detail": "The request can't be understood."},
    403: {"code": "permission_denied", "detail": "You may not do this."},
    404: {"code": "not_found", "detail": "There is nothing here for you."},
    500: {"code": "error", "detail": "There is a problem with the service."},
}


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    if is_passing(sys.exc_info()[1]):
        # It failed around the view, where no middleware is asked: loading or saving a session.
        return unavailable(request)
    # No context processors: they may be what failed.
    if _is_api(request):
        body = API_BODIES[500] | {"request_id": getattr(request, "request_id", "")}
        return JsonResponse(body, status=500)
    context = {"request_id": getattr(request, "request_id", "")}
    return render(None, "500.html", context, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Show what was typed, so that nothing is lost when a form has expired."""
    if _is_api(request):
        return _answer(request, 403)
    hidden = ("csrfmiddlewaretoken", "password")
    typed = [
        (name, value)
        for name, value in request.POST.items()
        if value and not any(word in name.lower() for word in hidden)
    ]
    return render(request, "403_csrf.html", {"typed": typed}, status=403)


def _answer(request: HttpRequest, status: int) -> HttpResponse:
    if _is_api(request):
        return JsonResponse(API_BODIES[status], status=status)
    return render(request, f"{status}.html", status=status)


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
