"""Every address and method that the site answers, read from the URL configuration itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from django.urls import URLPattern, URLResolver, get_resolver

# Pages speak two methods; DRF's views say themselves which they know.
PAGE_METHODS = ("get", "post")
API_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Route:
    """One pattern, written as the policy table writes it: `orders/<number>/`."""

    name: str
    pattern: URLPattern
    parts: tuple[str, ...]

    @property
    def parameters(self) -> set[str]:
        return set(re.findall(r"<(\w+)>", self.name))

    @cached_property
    def methods(self) -> tuple[str, ...]:
        callback = self.pattern.callback
        actions = getattr(callback, "actions", None)
        if actions:
            return tuple(method for method in API_METHODS if method in actions)
        view = getattr(callback, "cls", None)
        if view is not None:
            return tuple(method for method in API_METHODS if hasattr(view, method))
        return PAGE_METHODS

    def address(self, values: dict[str, object]) -> str:
        return "/" + re.sub(r"<(\w+)>", lambda found: str(values[found[1]]), self.name)


def routes() -> list[Route]:
    return list(_walk(get_resolver().url_patterns, ()))


def _walk(patterns: Iterable[URLPattern | URLResolver], above: tuple[str, ...]) -> Iterator[Route]:
    for pattern in patterns:
        parts = (*above, str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, parts)
        else:
            yield Route(_written(parts), pattern, parts)


def _written(parts: tuple[str, ...]) -> str:
    """As people write it: converters and regular expressions gone, parameters left."""
    text = "".join(part.removeprefix("^") for part in parts)
    text = re.sub(r"\(\?P<(\w+)>(?:[^()\\]|\\.)*\)", r"<\1>", text)
    text = re.sub(r"<\w+:(\w+)>", r"<\1>", text)
    return re.sub(r"\\(.)", r"\1", text).removesuffix("$").removesuffix("\\Z")
