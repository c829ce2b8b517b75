"""What every page of the storefront needs. Lazy: a page that shows none of it pays for none."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from carts.services.carried import carried
from catalog.services import tree
from marketflow.backoffice.seller import payout_problems
from notifications.services.counts import counts_of

THEMES = ("light", "dark")


def shell(request: HttpRequest) -> dict[str, object]:
    carries = SimpleLazyObject(lambda: carried(request))
    unread = SimpleLazyObject(lambda: counts_of(request.user))
    theme = request.COOKIES.get("theme", "")
    is_studio = request.path.startswith("/seller/")
    return {
        "payout_problems": SimpleLazyObject(lambda: payout_problems(request)) if is_studio else [],
        "market_name": settings.MARKETPLACE_NAME,
        "is_demo": settings.DEMO,
        "theme": theme if theme in THEMES else "",
        "cart_size": SimpleLazyObject(lambda: carries.units),
        "wished": SimpleLazyObject(lambda: carries.wished),
        "unread_notifications": SimpleLazyObject(lambda: unread["notifications"]),
        "unread_messages": SimpleLazyObject(lambda: unread["messages"]),
        "top_categories": SimpleLazyObject(tree.top_categories),
        "is_seller": SimpleLazyObject(lambda: bool(carries.shops)),
    }
