"""Refunds that were made at the provider, by hand, and not asked for here: booked as they are."""

from __future__ import annotations

from django.utils.translation import gettext as _

from marketflow.core.errors import Refusal
from marketflow.core.money import Money
from marketflow.core.transactions import whole_unit
from orders.gateways.protocol import RefundOutcome
from orders.models import Order, Payment, Refund, SellerOrder
from orders.services import amounts_back, bookings, refunds


class NotOfTheOrder(Refusal):
    """More went back than was left of the payment: nothing here can explain it."""

    code = "not_of_the_order"
    message = "More was refunded at the provider than was left of this payment."


@whole_unit
def book(*, payment: Payment, reference: str, amount_minor: int) -> list[Refund]:
    """The provider gave back `amount_minor` of `payment`; `reference` is its name of the refund.

    The amount is spread over the parts of the order by what is left of each, and within a part
    over its lines and delivery: each layer is taken back as by any other refund. What was not sent
    of a part is called off where none of its money is left. Told again, nothing changes.

    Locks Order, SellerOrders, Payments, stock, accounts. Raises `NotOfTheOrder`, and `Disputed`
    while the bank asks for the same money. Publishes `RefundIssued` for each part.
    """
    order = Order.objects.select_for_update().get(pk=payment.order_id)
    known = Refund.objects.filter(payment=payment, provider_reference=reference)
    if found := list(known.order_by("pk")):
        return found
    parts = [_locked(part) for part in order.seller_orders.order_by("pk")]
    payments = list(Payment.objects.filter(order=order).order_by("pk").select_for_update())
    payment = next(one for one in payments if one.pk == payment.pk)
    if amount_minor > payment.captured_minor - payment.refund_decided_minor:
        raise NotOfTheOrder
    done = RefundOutcome(status="succeeded", reference=reference)
    decided = _decide(order, parts, payment, amount_minor)
    return [refunds.settle(refund=refund, outcome=done) for refund in decided]


def _decide(
    order: Order, parts: list[SellerOrder], payment: Payment, amount_minor: int
) -> list[Refund]:
    parts = [part for part in parts if order.paid_at and part.refundable.amount]
    left = [part.refundable.amount for part in parts]
    if amount_minor > sum(left):
        # Of an order that was closed, or paid twice: it goes back as a whole, or is not known.
        is_whole = amount_minor == payment.captured_minor - payment.refund_decided_minor
        refund = refunds.give_back(payment=payment) if is_whole and not parts else None
        if refund is None:
            raise NotOfTheOrder
        return [refund]
    shares = Money(amount_minor, order.currency).split(left)
    taken = [(part, share.amount) for part, share in zip(parts, shares, strict=True)]
    taken = [(part, amount) for part, amount in taken if amount]
    for part, amount in taken:
        part.order = order
        amounts_back.keep_what_is_paid_back(part, amount)
    provider = bookings.provider_account(payment)
    bookings.lock_for_refunds([part for part, _amount in taken], order.currency, provider)
    reason = _("Refunded at the payment provider.")
    return [
        amounts_back.give_back(part, amount, kind=Refund.Kind.PROVIDER, reason=reason)
        for part, amount in taken
    ]


def _locked(part: SellerOrder) -> SellerOrder:
    rows = SellerOrder.objects.select_for_update().prefetch_related("lines")
    return rows.get(pk=part.pk)
