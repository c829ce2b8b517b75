"""The views behind the API's addresses."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import get_resolver


def api_views(patterns=None, prefix: str = "/") -> Iterator[type]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        address = f"{prefix}{pattern.pattern}"
        if hasattr(pattern, "url_patterns"):
            yield from api_views(pattern.url_patterns, address)
        elif address.startswith("/api/v1/"):
            callback = pattern.callback
            yield getattr(callback, "cls", None) or callback.view_class
