"""What every page of the storefront needs. Lazy: a page that shows none of it pays for none."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from carts.services import baskets, wish_list
from catalog.services import tree

THEMES = ("light", "dark")


def shell(request: HttpRequest) -> dict[str, object]:
    theme = request.COOKIES.get("theme", "")
    return {
        "market_name": settings.MARKETPLACE_NAME,
        "is_demo": settings.DEMO,
        "theme": theme if theme in THEMES else "",
        "cart_size": SimpleLazyObject(lambda: baskets.size(request)),
        "wished": SimpleLazyObject(lambda: _wished(request)),
        "top_categories": SimpleLazyObject(tree.top_categories),
        "is_seller": SimpleLazyObject(lambda: _is_seller(request)),
    }


def _wished(request: HttpRequest) -> frozenset[int]:
    user = getattr(request, "user", None)
    return wish_list.ids(user) if user else frozenset()


def _is_seller(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    return bool(user and user.is_authenticated and user.memberships.exists())
