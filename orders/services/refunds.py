"""Refunds: decided in one transaction through every layer, then carried out by the provider.

The decision counts up what is refunded of lines, delivery and payment by conditional UPDATEs,
takes back commission and the marketplace's share of discounts, and books it. The outside call
follows after the commit and may be repeated: its key is the refund's. What is refunded of a line
follows its progress from 0 to its total, so that the parts of any sequence add up exactly.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from accounts.models import User
from marketflow.core import guards
from marketflow.core.errors import Refusal
from marketflow.core.events import publish
from orders import gateways
from orders.events import RefundFailed, RefundIssued
from orders.gateways.protocol import Gateway, RefundOutcome, Unknown
from orders.models import (
    Commission,
    Dispute,
    Disputed,
    Order,
    OrderLine,
    Payment,
    Refund,
    RefundLine,
    Return,
    SellerOrder,
)
from orders.models.history import record_start
from orders.services import bookings, ledger, shares
from orders.services.shares import LineShare, RefundTooLarge, Wanted

logger = logging.getLogger(__name__)

# By then the first call has been answered, or its answer is lost.
ASKED_AGAIN_AFTER = timedelta(seconds=30)


class NotRefundable(Refusal):
    code = "not_refundable"
    message = "This order has not been paid, so there is nothing to refund."


class NothingToRefund(Refusal):
    code = "nothing_to_refund"
    message = "Choose what to refund."


@transaction.atomic
def decide(
    *,
    part: SellerOrder,
    lines: Mapping[int, Wanted],
    shipping_minor: int = 0,
    kind: Refund.Kind,
    reason: str = "",
    returned: Return | None = None,
    actor: User | None = None,
) -> Refund:
    """Refund `lines` ({order line id: Wanted}) and `shipping_minor` of the delivery of `part`.

    Locks Order, SellerOrder, Payment, then accounts. Raises `NotRefundable`, `NothingToRefund`,
    `RefundTooLarge`, and `Disputed` while the buyer's bank asks for the same money back; then
    nothing has changed. The provider is asked after the commit;
    `RefundIssued` is published once it has paid.
    """
    order = Order.objects.select_for_update().get(pk=part.order_id)
    part = SellerOrder.objects.select_for_update().get(pk=part.pk)
    part.order = order
    if order.paid_at is None:
        raise NotRefundable(state=part.state)
    if kind != Refund.Kind.DISPUTE and part.disputes.open().by(Dispute.Origin.PROVIDER).exists():
        raise Disputed
    wanted = shares.of_lines(part, lines)
    amount = sum(share.amount_minor for share in wanted) + shipping_minor
    funded_shipping = shares.of_delivery(part, shipping_minor, wanted)
    if not wanted and not shipping_minor and not funded_shipping:
        raise NothingToRefund

    part.touch()
    for share in wanted:
        _take_from_line(share)
    _take_from_delivery(part, shipping_minor, funded_shipping)
    refund = _write(
        payment=_take_from_payment(order, amount),
        part=part,
        kind=kind,
        amount=amount,
        shipping=shipping_minor,
        tax=sum(share.tax_minor for share in wanted) + shares.delivery_tax(part, shipping_minor),
        reason=reason,
        returned=returned,
        actor=actor,
    )
    RefundLine.objects.bulk_create(
        RefundLine(
            refund=refund,
            line=share.line,
            quantity=share.units,
            amount_minor=share.amount_minor,
            tax_included_minor=share.tax_minor,
        )
        for share in wanted
    )
    ledger.post(
        bookings.refund_decided(
            refund,
            commission_minor=sum(share.commission_minor for share in wanted),
            vat_minor=sum(share.commission_vat_minor for share in wanted),
            funded_minor=sum(share.funded_minor for share in wanted) + funded_shipping,
        )
    )
    return refund


def decide_all(
    *, part: SellerOrder, kind: Refund.Kind, reason: str = "", actor: User | None = None
) -> Refund:
    """Refund whatever is left of `part`, delivery included. As `decide`."""
    fresh = SellerOrder.objects.get(pk=part.pk)
    left = {
        line.pk: Wanted(
            units=line.quantity - line.refunded_units,
            amount_minor=line.total_minor - line.refunded_minor,
        )
        for line in fresh.lines.order_by("pk")
        if line.refunded_units < line.quantity or line.refunded_minor < line.total_minor
    }
    return decide(
        part=fresh,
        lines=left,
        shipping_minor=fresh.shipping_minor - fresh.shipping_refunded_minor,
        kind=kind,
        reason=reason,
        actor=actor,
    )


@transaction.atomic
def give_back(*, payment: Payment) -> Refund | None:
    """Refund all of a payment that no order needs: closed before it came, or paid otherwise.

    Locks Order, then Payment. Returns None where nothing is left to give back.
    """
    Order.objects.select_for_update().get(pk=payment.order_id)
    payment = Payment.objects.select_for_update().get(pk=payment.pk)
    amount = payment.captured_minor - payment.refund_decided_minor
    if amount <= 0:
        return None
    Payment.objects.filter(pk=payment.pk).update(
        refund_decided_minor=F("refund_decided_minor") + amount
    )
    return _write(payment=payment, kind=Refund.Kind.EXCESS, amount=amount)


def send(refund: Refund) -> Refund:
    """Have the provider carry out `refund`, once however often it is asked.

    Runs in no transaction. An answer that does not arrive leaves it pending; `send_due` asks
    again.
    """
    if refund.state != Refund.State.PENDING:
        return refund
    payment = refund.payment
    if not refund.amount_minor:
        return settle(refund=refund, outcome=RefundOutcome(status="succeeded", reference=""))
    gateway = gateways.named(payment.provider)
    if gateway is None:
        raise LookupError(f"no provider {payment.provider} to carry out {refund}")
    try:
        # Providers forget keys, and keep failures of their own under one: ask, then send again.
        was_asked = refund.created_at < now() - ASKED_AGAIN_AFTER
        outcome = _look_up(gateway, refund) if was_asked else None
        if outcome is None:
            outcome = gateway.refund(payment, refund.amount_minor, key=refund.key)
    except Unknown:
        logger.warning("the answer for refund %s did not arrive", refund.uuid)
        return refund
    return settle(refund=refund, outcome=outcome)


def look_up(*, refund: Refund) -> Refund:
    """Ask the provider what became of `refund`, and write it down. Runs in no transaction.

    Raises `Unknown` where the provider does not answer, or is not there any more.
    """
    gateway = gateways.named(refund.payment.provider)
    if gateway is None:
        raise Unknown(f"no provider {refund.payment.provider}")
    outcome = _look_up(gateway, refund)
    return settle(refund=refund, outcome=outcome) if outcome else refund


def _look_up(gateway: Gateway, refund: Refund) -> RefundOutcome | None:
    return gateway.look_up_refund(refund.payment, refund.key, refund.provider_reference)


@transaction.atomic
def settle(*, refund: Refund, outcome: RefundOutcome) -> Refund:
    """Write down what the provider said. A repeated or late answer changes nothing.

    One that was paid and that the provider later calls failed has come back: it is owed again,
    until staff try again or settle it with the buyer otherwise.

    Locks Order, Payment, then accounts. Publishes `RefundIssued` once the money has gone back,
    `RefundFailed` where it did not, or came back.
    """
    Order.objects.select_for_update().get(pk=refund.payment.order_id)
    refund = Refund.objects.select_for_update().select_related("payment__order").get(pk=refund.pk)
    if refund.state == Refund.State.SUCCEEDED and outcome.status == Refund.State.FAILED:
        return _come_back(refund, outcome.failure or "returned")
    if refund.state != Refund.State.PENDING:
        return refund
    if outcome.status == Refund.State.PENDING:
        Refund.objects.filter(pk=refund.pk).update(provider_reference=outcome.reference)
        return refund
    refund.provider_reference = outcome.reference
    refund.failure = outcome.failure[:60]
    if outcome.status == Refund.State.SUCCEEDED:
        refund.succeeded_at = now()
    refund.save(update_fields=["provider_reference", "failure", "succeeded_at"])
    refund.move_to(outcome.status)
    if refund.state == Refund.State.SUCCEEDED:
        _book_as_sent(refund)
    else:
        _say_that_it_failed(refund)
    return refund


@transaction.atomic
def try_again(*, refund: Refund, actor: User | None = None) -> None:
    """Have a failed refund sent once more. Raises `InvalidTransition`."""
    refund.move_to(Refund.State.PENDING, actor=actor)
    # Another try is another refund to the provider, with a key and a reference of its own.
    Refund.objects.filter(pk=refund.pk).update(provider_reference="", failure="")
    _send_after_commit(refund)


def send_due() -> int:
    """Send every refund that is still pending: its call was lost, or its answer.

    Returns how many were tried. Safe to repeat.
    """
    waiting = list(Refund.objects.under_way().select_related("payment").order_by("pk"))
    for refund in waiting:
        send(refund)
    return len(waiting)


def _take_from_line(share: LineShare) -> None:
    rows = OrderLine.objects.filter(pk=share.line.pk)
    if guards.is_enabled("refund_condition"):
        # As it was reckoned: two refunds of the same units at once can't both pass.
        rows = rows.filter(
            refunded_units=share.line.refunded_units, refunded_minor=share.line.refunded_minor
        )
    taken = rows.update(
        refunded_units=F("refunded_units") + share.units,
        refunded_minor=F("refunded_minor") + share.amount_minor,
        funded_back_minor=F("funded_back_minor") + share.funded_minor,
    )
    if not taken:
        raise RefundTooLarge(available=share.line.total_minor - share.line.refunded_minor)
    Commission.objects.filter(pk=share.commission.pk).update(
        back_minor=F("back_minor") + share.commission_minor,
        vat_back_minor=F("vat_back_minor") + share.commission_vat_minor,
    )


def _take_from_delivery(part: SellerOrder, amount: int, funded: int) -> None:
    left = part.shipping_minor - part.shipping_refunded_minor
    if amount < 0 or amount > left:
        raise RefundTooLarge(available=left)
    if amount or funded:
        SellerOrder.objects.filter(pk=part.pk).update(
            shipping_refunded_minor=F("shipping_refunded_minor") + amount,
            shipping_funded_back_minor=F("shipping_funded_back_minor") + funded,
        )


def _take_from_payment(order: Order, amount: int) -> Payment:
    """The payment that the refund goes back by: the one that paid the order."""
    captured = Payment.State.CAPTURED
    payments = Payment.objects.filter(order=order, state=captured).order_by("pk")
    payment = payments.select_for_update().first()
    if payment is None:
        raise NotRefundable(state=order.state)
    rows = Payment.objects.filter(pk=payment.pk)
    if guards.is_enabled("refund_condition"):
        rows = rows.filter(captured_minor__gte=F("refund_decided_minor") + amount)
    if not rows.update(refund_decided_minor=F("refund_decided_minor") + amount):
        raise RefundTooLarge(available=payment.captured_minor - payment.refund_decided_minor)
    return payment


def _write(
    *,
    payment: Payment,
    kind: Refund.Kind,
    amount: int,
    part: SellerOrder | None = None,
    shipping: int = 0,
    tax: int = 0,
    reason: str = "",
    returned: Return | None = None,
    actor: User | None = None,
) -> Refund:
    refund = Refund.objects.create(
        state=Refund.State.PENDING,
        kind=kind,
        payment=payment,
        seller_order=part,
        returned=returned,
        currency=payment.currency,
        amount_minor=amount,
        shipping_minor=shipping,
        tax_included_minor=tax,
        reason=reason,
    )
    record_start(refund, actor=actor)
    _send_after_commit(refund)
    return refund


def _send_after_commit(refund: Refund) -> None:
    from orders.tasks import send_refund

    # Only an accelerator: what it misses, beat sends.
    transaction.on_commit(lambda: send_refund.apply_async([refund.pk], retry=False), robust=True)


def _come_back(refund: Refund, failure: str) -> Refund:
    logger.warning("refund %s came back: %s", refund.uuid, failure)
    refund.move_to(Refund.State.FAILED)
    refund.failure = failure[:60]
    refund.save(update_fields=["failure"])
    Payment.objects.filter(pk=refund.payment_id).update(
        refunded_minor=F("refunded_minor") - refund.amount_minor
    )
    _say_that_it_failed(refund)
    ledger.post([bookings.refund_come_back(refund)])
    return refund


def _say_that_it_failed(refund: Refund) -> None:
    times = refund.history.filter(dst=Refund.State.FAILED).count()
    publish(RefundFailed(refund_id=refund.pk, order_id=refund.payment.order_id, times=times))


def _book_as_sent(refund: Refund) -> None:
    payment, part = refund.payment, refund.seller_order
    Payment.objects.filter(pk=payment.pk).update(
        refunded_minor=F("refunded_minor") + refund.amount_minor
    )
    publish(
        RefundIssued(
            refund_id=refund.pk,
            order_id=payment.order_id,
            seller_order_id=part.pk if part else None,
            shop_id=part.shop_id if part else None,
            buyer_id=payment.order.buyer_id,
        )
    )
    ledger.post([bookings.refund_sent(refund)])
