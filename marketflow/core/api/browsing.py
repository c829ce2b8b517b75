"""The API in a browser: what was asked, what was answered, and what may be sent next."""

from __future__ import annotations

import json
from dataclasses import dataclass
from inspect import getdoc
from typing import TYPE_CHECKING, Any

from rest_framework.parsers import MultiPartParser
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.request import Request, override_method

from marketflow.core.api.samples import sample

if TYPE_CHECKING:  # The views load this module themselves.
    from rest_framework.views import APIView

WRITES = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Form:
    """A text to send by `method`; None where nothing is sent."""

    method: str
    text: str | None
    takes_key: bool


class BrowsablePage(BrowsableAPIRenderer):
    """DRF's page in the market's own look. Forms are for those who are signed in."""

    template = "rest_framework/api.html"

    def get_context(
        self, data: Any, accepted_media_type: str, renderer_context: dict[str, Any]
    ) -> dict[str, Any]:
        view, request = renderer_context["view"], renderer_context["request"]
        response = renderer_context["response"]
        renderer = self.get_default_renderer(view)
        headers = {name: value for name, value in response.items() if name != "Content-Type"}
        headers["Content-Type"] = renderer.media_type
        is_known = request.user.is_authenticated
        return {
            "name": self.get_name(view),
            "description": _description(view, request),
            # Steps of the address that are no resource have no name.
            "breadcrumbs": [crumb for crumb in self.get_breadcrumbs(request) if crumb[0]],
            "asked": request,
            "answer": response,
            "answer_headers": dict(sorted(headers.items())),
            "content": self.get_content(renderer, data, accepted_media_type, renderer_context),
            "methods": view.allowed_methods,
            "forms": _forms(view, request) if is_known and response.status_code < 400 else [],
            "request_id": getattr(request, "request_id", ""),
            "theme": request.COOKIES.get("theme", ""),
        }


def _description(view: APIView, request: Request) -> str:
    handler = getattr(view, request.method.lower(), None)
    return getdoc(handler) or getdoc(type(view)) or ""


def _forms(view: APIView, request: Request) -> list[Form]:
    if any(issubclass(parser, MultiPartParser) for parser in view.parser_classes):
        return []  # A picture is no text.
    return [_form(view, request, method) for method in WRITES if method in view.allowed_methods]


def _form(view: APIView, request: Request, method: str) -> Form:
    from marketflow.core.api.schema import read_by, schema_of

    with override_method(view, request, method):
        serializer = read_by(schema_of(view, method))
        text = None
        if serializer is not None:
            text = json.dumps(sample(serializer), indent=2, ensure_ascii=False, default=str)
        return Form(method, text, takes_key=method == "POST")
