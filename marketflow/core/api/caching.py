"""Who may keep an answer: anybody the public catalogue, for a minute; nobody anything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from rest_framework.request import Request
from rest_framework.response import Response

PRIVATE = "private, no-store"
PUBLIC = "public, max-age=60"
# What an answer depends on besides its address.
DEPENDS_ON = ["Accept", "Authorization", "Cookie"]


class PrivateUnlessSaidMiddleware:
    """No browser, and no proxy on the way, keeps an answer of the API that does not allow it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/api/"):
            response.setdefault("Cache-Control", PRIVATE)
        return response


class PublicReads:
    """For views of the catalogue: what nobody in particular reads may be kept, and has an ETag.

    The browsable page is never kept: its forms bear the visitor's own token.
    """

    @method_decorator(conditional_page)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().dispatch(request, *args, **kwargs)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = PUBLIC if _is_public(request, response) else PRIVATE
        patch_vary_headers(response, DEPENDS_ON)
        return response


def _is_public(request: Request, response: Response) -> bool:
    return (
        request.method in ("GET", "HEAD")
        and response.status_code == 200
        and response.accepted_renderer.format == "json"
        and not request.user.is_authenticated
    )
