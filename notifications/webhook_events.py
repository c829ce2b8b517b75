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
# Sent when somebody asks for it, to whoever it is asked for.
TEST_EVENT = "endpoint.test"
EVERYTHING = "*"
