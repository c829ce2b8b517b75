"""The names of what programs of shops and of the marketplace are told. Free of models."""

from django.utils.translation import gettext_lazy as _

EVENTS = {
    "order.placed": _("An order was placed"),
    "order.paid": _("An order was paid"),
    "order.cancelled": _("An order was cancelled, or not paid in time"),
    "seller_order.shipped": _("A parcel was sent"),
    "seller_order.delivered": _("A shop's order arrived"),
    "refund.issued": _("Money went back to a buyer"),
    "return.requested": _("A buyer wants to send something back"),
    "payout.sent": _("A payout is on its way"),
    "product.changed": _("Products changed"),
    "stock.changed": _("Stock changed"),
    "message.posted": _("A message was written"),
}
# What an API key must be allowed to see before it may have it sent anywhere.
SCOPES = {
    "refund.issued": "refunds:read",
    "return.requested": "returns:read",
    "payout.sent": "payouts:read",
    "product.changed": "products:read",
    "stock.changed": "stock:read",
    "message.posted": "messages:read",
}
ELSE = "orders:read"
# Sent when somebody asks for it, to whoever it is asked for.
TEST_EVENT = "endpoint.test"
EVERYTHING = "*"


def scopes_of(events: list[str]) -> set[str]:
    """What `events` let somebody see."""
    names = list(EVENTS) if EVERYTHING in events else events
    return {SCOPES.get(name, ELSE) for name in names}
