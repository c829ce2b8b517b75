"""Serving what is in the public storage, where no web server or object store does it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

# Everything here was encoded by us; a name that we never write is not looked for.
NAME = re.compile(r"[a-z]+/[0-9a-f-]{36}/[a-z0-9-]{1,40}\.[a-z0-9]{1,5}")
TYPES = {".jpg": "image/jpeg", ".webp": "image/webp", ".avif": "image/avif", ".png": "image/png"}
FOR_EVER = "public, max-age=31536000, immutable"


@require_safe
def media(request: HttpRequest, path: str) -> HttpResponse:
    """A file that never changes under its name. Whatever it is, it can do nothing as a page."""
    if not NAME.fullmatch(path):
        raise Http404
    try:
        with default_storage.open(path) as file:
            response = HttpResponse(file.read())
    except (OSError, SuspiciousOperation) as problem:
        raise Http404 from problem
    known = TYPES.get(PurePosixPath(path).suffix)
    response["Content-Type"] = known or "application/octet-stream"
    if not known:
        response["Content-Disposition"] = "attachment"
    response["Cache-Control"] = FOR_EVER
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
