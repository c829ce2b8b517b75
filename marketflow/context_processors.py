"""What every page of the storefront needs. Lazy: a page that shows none of it pays for none."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from analytics import pages
from carts.services.carried import carried
from catalog.services import tree
from marketflow.backoffice.seller import payout_problems
from notifications.services.counts import rows_of

THEMES = ("light", "dark")


def shell(request: HttpRequest) -> dict[str, object]:
    # An error may come before anybody knows who asks.
    user = getattr(request, "user", AnonymousUser())
    carries = SimpleLazyObject(lambda: carried(request, rows_of(user)))
    theme = request.COOKIES.get("theme", "")
    is_studio = request.path.startswith("/seller/")
    return {
        "payout_problems": SimpleLazyObject(lambda: payout_problems(request)) if is_studio else [],
        "market_name": settings.MARKETPLACE_NAME,
        "is_demo": settings.DEMO,
        "theme": theme if theme in THEMES else "",
        "measured_page": SimpleLazyObject(lambda: pages.measured(request)),
        "cart_size": SimpleLazyObject(lambda: carries.units),
        "awaited": SimpleLazyObject(lambda: carries.awaited),
        "wished": SimpleLazyObject(lambda: carries.wished),
        "unread_notifications": SimpleLazyObject(lambda: carries.counts["notifications"]),
        "unread_messages": SimpleLazyObject(lambda: carries.counts["messages"]),
        "top_categories": SimpleLazyObject(tree.top_categories),
        "is_seller": SimpleLazyObject(lambda: bool(carries.shops)),
    }
