"""Which pages are measured, each by the name of its address. An address itself is never told."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from functools import cache

from django.conf import settings
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, get_resolver

# What the storefront's shell is not around, or around what only programmers look at.
ELSEWHERE = {"admin/", "api/", "seller/"}


def measured(request: HttpRequest) -> str:
    """The name of the page if this visit is to be measured, else nothing.

    Decided here, so that a visit that is left out does not even load the script.
    """
    match = request.resolver_match
    if match is None or match.view_name not in names():
        return ""
    return match.view_name if random.randrange(100) < settings.VITALS_SAMPLE_PERCENT else ""


@cache
def names() -> frozenset[str]:
    return frozenset(_named(get_resolver().url_patterns, ()))


def _named(patterns: Iterable[URLPattern | URLResolver], above: tuple[str, ...]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            if pattern.name:
                yield ":".join((*above, pattern.name))
        elif str(pattern.pattern) not in ELSEWHERE:
            own = (pattern.namespace,) if pattern.namespace else ()
            yield from _named(pattern.url_patterns, (*above, *own))
