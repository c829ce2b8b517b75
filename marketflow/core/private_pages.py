"""Pages about one person: no cache in between keeps them, and no search engine."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control

View = Callable[..., HttpResponse]


def private(view: View) -> View:
    """A view whose answers are kept by nobody."""

    @wraps(view)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["X-Robots-Tag"] = "noindex"
        return response

    return cache_control(private=True, no_store=True)(guarded)
