from __future__ import annotations

from dataclasses import dataclass

from marketflow.core.events import Event


@dataclass(frozen=True, kw_only=True)
class OrderPlaced(Event):
    order_id: int
    buyer_id: int | None
    shop_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class OrderPaid(Event):
    order_id: int
    buyer_id: int | None
    shop_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class OrderCancelled(Event):
    """`reason` is `cancelled` by the buyer, `refused` by its shops, or `expired`: unpaid.

    What the shops refused was told part by part: `SellerOrderCancelled`.
    """

    order_id: int
    buyer_id: int | None
    shop_ids: list[int]
    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderCompleted(Event):
    order_id: int
    buyer_id: int | None


@dataclass(frozen=True, kw_only=True)
class SellerOrderShipped(Event):
    """One parcel left. `is_complete`: nothing more is to be sent."""

    seller_order_id: int
    shipment_id: int
    shop_id: int
    buyer_id: int | None
    is_complete: bool


@dataclass(frozen=True, kw_only=True)
class SellerOrderDelivered(Event):
    seller_order_id: int
    shop_id: int
    buyer_id: int | None


@dataclass(frozen=True, kw_only=True)
class SellerOrderCancelled(Event):
    """A shop does not send some units, or none at all: `is_complete`."""

    seller_order_id: int
    cancellation_id: str
    # {order line id: units}, as pairs: the keys of JSON are texts.
    lines: list[list[int]]
    shop_id: int
    buyer_id: int | None
    is_complete: bool


@dataclass(frozen=True, kw_only=True)
class ReturnRequested(Event):
    return_id: int
    seller_order_id: int
    shop_id: int
    buyer_id: int | None


@dataclass(frozen=True, kw_only=True)
class ReturnAnswered(Event):
    """The shop said yes or no: `is_approved`."""

    return_id: int
    seller_order_id: int
    shop_id: int
    buyer_id: int | None
    is_approved: bool


@dataclass(frozen=True, kw_only=True)
class ReturnReceived(Event):
    return_id: int
    seller_order_id: int
    shop_id: int
    buyer_id: int | None


@dataclass(frozen=True, kw_only=True)
class DisputeOpened(Event):
    """By the buyer, or by the buyer's bank: `origin` is `buyer` or `provider`."""

    dispute_id: int
    seller_order_id: int
    shop_id: int
    buyer_id: int | None
    origin: str


@dataclass(frozen=True, kw_only=True)
class DisputeAnswered(Event):
    dispute_id: int
    seller_order_id: int
    shop_id: int
    buyer_id: int | None


@dataclass(frozen=True, kw_only=True)
class DisputeClosed(Event):
    """`state` is `won` (for the shop), `lost` (for the buyer) or `withdrawn`."""

    dispute_id: int
    seller_order_id: int
    shop_id: int
    buyer_id: int | None
    state: str


@dataclass(frozen=True, kw_only=True)
class RefundIssued(Event):
    """Money went back. Of one shop's part, or of a payment that no order needed."""

    refund_id: int
    order_id: int
    seller_order_id: int | None
    shop_id: int | None
    buyer_id: int | None


@dataclass(frozen=True, kw_only=True)
class ReviewPosted(Event):
    """A buyer reviewed a line that was delivered. What they wrote is read from the row."""

    review_id: int
    product_id: int
    shop_id: int
    order_line_id: int
    author_id: int
    rating: int


@dataclass(frozen=True, kw_only=True)
class ReviewAnswered(Event):
    """The shop replied to a review."""

    review_id: int
    product_id: int
    shop_id: int
    author_id: int


@dataclass(frozen=True, kw_only=True)
class ReviewReported(Event):
    """Somebody finds that a review should not stand there."""

    report_id: int
    review_id: int


@dataclass(frozen=True, kw_only=True)
class OrderLinkAsked(Event):
    """A guest asks for the link to their order. `asking` tells one asking from the next."""

    order_id: int
    asking: str


@dataclass(frozen=True, kw_only=True)
class RefundFailed(Event):
    """The provider refused it, or the buyer's bank sent it back: its money is still owed.

    `times`: how often that happened to this refund by now, since it may be tried again.
    """

    refund_id: int
    order_id: int
    times: int


@dataclass(frozen=True, kw_only=True)
class PayoutSent(Event):
    payout_id: int
    shop_id: int


@dataclass(frozen=True, kw_only=True)
class PayoutFailed(Event):
    """Refused, or returned by the bank later: `state` is `failed` or `returned`."""

    payout_id: int
    shop_id: int
    state: str
