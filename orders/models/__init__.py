"""Orders as bought, what each shop must send, and what became of the money."""

from orders.models.commission import Commission, CommissionRule
from orders.models.dispute import Dispute, Disputed
from orders.models.history import TRANSITIONS, InvalidTransition, StateChange
from orders.models.invoice import Invoice, InvoiceSeries
from orders.models.ledger import LedgerAccount, LedgerTransfer
from orders.models.order import Order, OrderLine, SellerOrder
from orders.models.payment import Payment
from orders.models.payment_event import PaymentEvent, PaymentEventTask
from orders.models.payout import Payout, PayoutItem
from orders.models.redemption import Redemption, RedemptionShare
from orders.models.refund import Refund, RefundLine
from orders.models.returns import Return, ReturnLine, ReturnPicture
from orders.models.review import Review, ReviewReport
from orders.models.shipment import Shipment, ShipmentLine

__all__ = [
    "TRANSITIONS",
    "Commission",
    "CommissionRule",
    "Dispute",
    "Disputed",
    "InvalidTransition",
    "Invoice",
    "InvoiceSeries",
    "LedgerAccount",
    "LedgerTransfer",
    "Order",
    "OrderLine",
    "Payment",
    "PaymentEvent",
    "PaymentEventTask",
    "Payout",
    "PayoutItem",
    "Redemption",
    "RedemptionShare",
    "Refund",
    "RefundLine",
    "Return",
    "ReturnLine",
    "ReturnPicture",
    "Review",
    "ReviewReport",
    "SellerOrder",
    "Shipment",
    "ShipmentLine",
    "StateChange",
]
