"""What the sidebars offer, by what a person may do."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest

from marketflow.core.duties import has_duty

COLOURS = {"production": "danger", "staging": "warning"}


def environment(request: HttpRequest) -> list[str]:
    """The badge beside the title: nobody should take the demo for the market, or vice versa."""
    name = settings.ENVIRONMENT
    return [name.capitalize(), COLOURS.get(name, "info")]


def with_duty(duty: str) -> Callable[[HttpRequest], bool]:
    return lambda request: has_duty(request, duty)


def with_permission(*permissions: str) -> Callable[[HttpRequest], bool]:
    return lambda request: any(request.user.has_perm(name) for name in permissions)


def is_at(path: str, *, but: str) -> Callable[[HttpRequest], bool]:
    """Whether the page lies below `path`, and not below the part of it that has its own item."""
    return lambda request: (
        request.path.startswith(path) and not request.path.startswith(path + but)
    )
