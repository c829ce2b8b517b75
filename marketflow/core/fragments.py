"""A page or a part of it: the server chooses, by what the request asks for."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def is_partial(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page; a restored history entry asks for all of it."""
    return request.headers.get("HX-Request-Type") == "partial"


def render_page(
    request: HttpRequest,
    page: str,
    part: str,
    context: dict[str, object],
    status: int = 200,
) -> HttpResponse:
    """The template `page`, or the `part` that it includes where only that is asked for."""
    template = part if is_partial(request) else page
    response = render(request, template, context | {"is_partial": is_partial(request)})
    response.status_code = status
    patch_vary_headers(response, ["HX-Request", "HX-Request-Type"])
    return response
