"""The provider's own fields on our page: what they are drawn with, what the policy allows."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import get_language

from marketflow.core.money import Money

# What Stripe's script asks for besides itself.
STRIPES_OWN = "https://js.stripe.com"
STRIPE_NEEDS = {
    "script-src": ["https://*.js.stripe.com"],
    "frame-src": ["https://*.js.stripe.com", "https://hooks.stripe.com"],
    "connect-src": ["https://api.stripe.com"],
}


def element(method: str, total: Money) -> dict[str, object] | None:
    """What the fields of `method` are drawn with; None where the form is our own."""
    if method != "stripe":
        return None
    return {
        "key": settings.STRIPE_PUBLISHABLE_KEY,
        "script": settings.STRIPE_JS_URL,
        "amount": total.amount,
        "currency": total.currency.lower(),
        "language": get_language(),
    }


def allow(response: HttpResponse, method: str) -> HttpResponse:
    """Let the page load the provider's script, where it shows the provider's fields."""
    if method == "stripe":
        response._csp_update = policy(settings.STRIPE_JS_URL)
    return response


def policy(script: str) -> dict[str, list[str]]:
    """The origin of `script` by directive; of Stripe's own, what it needs besides."""
    parts = urlsplit(script)
    origin = f"{parts.scheme}://{parts.netloc}"
    more = STRIPE_NEEDS if origin == STRIPES_OWN else {}
    names = ["script-src", "frame-src", "connect-src"]
    return {name: [origin, *more.get(name, [])] for name in names}
