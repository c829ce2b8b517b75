"""What somebody may do in the shops they work for. Free of models: settings read the menus."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def seats(request: HttpRequest) -> list[Any]:
    """The person's seats in shops, read once a request: every menu item asks for them."""
    if not request.user.is_authenticated:
        return []
    if not hasattr(request, "_seats"):
        request._seats = list(request.user.memberships.select_related("shop"))
    return request._seats


def has_duty(request: HttpRequest, duty: str) -> bool:
    """Whether the person may do `duty` (a name of `ShopMember.DUTIES`) in any of their shops."""
    return any(seat.may(duty) for seat in seats(request))
