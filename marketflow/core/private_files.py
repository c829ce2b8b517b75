"""Files for a few people: kept in the private storage, handed out by views that ask who."""

from __future__ import annotations

from django.core.files.storage import storages
from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header


def as_response(stored: str, *, content_type: str, name: str, is_download: bool) -> HttpResponse:
    """The file `stored` with a type of ours, whatever its sender called it.

    It can do nothing as a page. Raises Http404 where the file itself is gone.
    """
    try:
        with storages["private"].open(stored) as file:
            response = HttpResponse(file.read(), content_type=content_type)
    except OSError as problem:
        raise Http404 from problem
    response["Content-Disposition"] = content_disposition_header(is_download, name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, max-age=3600"
    return response
