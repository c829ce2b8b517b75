"""What an API key may do: a resource and a verb, such as `orders:read`.

A view says once which scopes it wants, by `scopes`: `read` for what only looks, `write` for what
changes, or the name of one action or method where that wants another. A key gets into no view
that says nothing.

    scopes = {"read": "orders:read", "write": "orders:write", "refund": "refunds:write"}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException

from marketflow.core.api.finding import require_there

if TYPE_CHECKING:  # The views load this module themselves.
    from rest_framework.request import Request
    from rest_framework.views import APIView

SCOPES = {
    "products:read": _("See products, drafts among them"),
    "products:write": _("Add and change products, variants and pictures"),
    "stock:read": _("See how many are left"),
    "stock:write": _("Set how many are left"),
    "orders:read": _("See orders with their addresses"),
    "orders:write": _("Ship, deliver and cancel"),
    "refunds:read": _("See refunds"),
    "refunds:write": _("Give money back"),
    "returns:read": _("See returns and disputes"),
    "returns:write": _("Answer returns and disputes"),
    "reviews:write": _("Reply to reviews"),
    "messages:read": _("Read conversations with buyers"),
    "messages:write": _("Write to buyers"),
    "payouts:read": _("See the balance and payouts"),
    "shop:read": _("See the shop and its settings"),
    "shop:write": _("Change the shop's settings"),
    "analytics:read": _("See the figures"),
    "webhooks:read": _("See webhook endpoints and their deliveries"),
    "webhooks:write": _("Add and change webhook endpoints"),
    "applications:read": _("See applications for shops"),
    "applications:write": _("Decide on applications for shops"),
}
# Of keys of the marketplace alone.
OF_THE_HOUSE = {"applications:read", "applications:write"}
READS = ("GET", "HEAD", "OPTIONS")


class NotForKeys(APIException):
    status_code = 403
    default_code = "not_for_keys"
    default_detail = "API keys are not accepted here. Sign in."


class MissingScope(APIException):
    """403. `scope` is the one that would do."""

    status_code = 403
    default_code = "missing_scope"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This key lacks the scope {scope}.")
        self.facts = {"scope": scope}


def wanted(view: APIView, method: str) -> str:
    """The scope that `method` of the view wants of a key; blank where no key gets in."""
    named: dict[str, str] = getattr(view, "scopes", {})
    step = getattr(view, "action", None) or method.lower()
    return named.get(step, named.get("read" if method in READS else "write", ""))


def require(request: Request, view: APIView) -> None:
    """Nothing for people. Raises `NotForKeys` or `MissingScope` for a key that lacks the scope.

    What the key could not see if it had the scope does not exist for it: Http404.
    """
    granted = getattr(request.auth, "scopes", None)
    if granted is None:
        return
    scope = wanted(view, request.method)
    if not scope:
        raise NotForKeys
    if scope in granted:
        return
    require_there(view)
    raise MissingScope(scope)
