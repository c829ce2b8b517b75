"""Orders as bought, the part each shop must send, and how both came to be what they are."""

from orders.models.history import TRANSITIONS, InvalidTransition, StateChange
from orders.models.order import Order, OrderLine, SellerOrder
from orders.models.payment import Payment, PaymentEvent
from orders.models.shipment import Shipment, ShipmentLine

__all__ = [
    "TRANSITIONS",
    "InvalidTransition",
    "Order",
    "OrderLine",
    "Payment",
    "PaymentEvent",
    "SellerOrder",
    "Shipment",
    "ShipmentLine",
    "StateChange",
]
