"""Payments: an attempt is written down, the provider is asked, the answer is written down.

No transaction is open while a provider is asked. An answer that does not arrive leaves the
attempt open, its outcome unknown and never failed; `settle_unknown` asks again. Whoever comes
second, the answer or the provider's own event, finds the work done.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import Prefetch, Q
from django.db.models.functions import Now
from django.utils.timezone import now
from django.utils.translation import gettext as _

from marketflow.core.errors import Refusal
from marketflow.core.events import publish
from marketflow.core.guards import crash_point
from marketflow.core.transactions import whole_unit
from orders import gateways
from orders.events import OrderPaid
from orders.gateways import Outcome
from orders.gateways.protocol import Unknown
from orders.models import InvalidTransition, LedgerTransfer, Order, OrderLine, Payment
from orders.models.history import record_start
from orders.services import bookings, commissions, ledger, refunds
from orders.services.ledger import Entry

logger = logging.getLogger(__name__)

# The provider of payments that need none.
NOBODY = "none"
UNKNOWN_AFTER = timedelta(seconds=30)
UNSETTLED = [Payment.State.CREATED, Payment.State.PROCESSING]


class AlreadyPaid(Refusal):
    code = "already_paid"
    message = "This order has been paid."


class OrderExpired(Refusal):
    code = "order_expired"
    message = "This order was not paid in time, and its items were given back."


class PaymentOpen(Refusal):
    code = "payment_open"
    message = "A payment for this order is under way."


class UnknownMethod(Refusal):
    code = "unknown_method"
    message = "This way of paying is not offered."


def start(
    *, order: Order, method: str, details: Mapping[str, str], uuid: UUID | None = None
) -> Payment:
    """Try to pay `order` through the provider `method`.

    The attempt is committed before the provider is called. `details` are the provider's own,
    and are not kept. `uuid` is the attempt's own id, where its caller may come twice: the second
    time it is resumed, not made again. Raises `UnknownMethod`, `AlreadyPaid`, `OrderExpired`,
    `PaymentOpen`. Publishes `OrderPaid` when the whole sum is captured.
    """
    gateway = gateways.named(method)
    if gateway is None:
        raise UnknownMethod
    if made := Payment.objects.filter(uuid=uuid, order=order).first():
        return resume(payment=made)
    for left in order.payments.open().filter(state=Payment.State.REQUIRES_ACTION):
        withdraw(payment=left)
    payment = _open(order, gateway.name, uuid)
    crash_point("payment_intent_committed")
    try:
        outcome = gateway.start(payment, details)
    except Unknown:
        logger.warning("the answer for payment %s did not arrive", payment.uuid)
        return payment
    crash_point("provider_answered")
    payment = settle(payment=payment, outcome=outcome)
    payment.client_secret = outcome.client_secret
    return payment


def withdraw(*, payment: Payment) -> Payment:
    """Have the provider let nobody pay an attempt any more, and write down what became of it.

    A bank's question that the buyer walked away from makes room for the next attempt so. What was
    paid in the meantime is settled as paid. Runs in no transaction. An attempt whose provider
    does not answer stays open.
    """
    gateway = gateways.named(payment.provider)
    if gateway is None:
        return payment
    try:
        outcome = gateway.cancel(payment)
    except Unknown:
        logger.warning("payment %s could not be withdrawn", payment.uuid)
        return payment
    return _settle_if_new(payment, outcome)


@whole_unit
def _open(order: Order, provider: str, uuid: UUID | None) -> Payment:
    order = Order.objects.select_for_update().get(pk=order.pk)
    _require_payable(order)
    try:
        with transaction.atomic():
            payment = Payment.objects.create(
                state=Payment.State.CREATED,
                order=order,
                provider=provider,
                uuid=uuid or uuid4(),
                currency=order.currency,
                amount_minor=order.total_minor,
            )
    except IntegrityError:
        raise PaymentOpen from None
    record_start(payment)
    return payment


@whole_unit
def settle_free(*, order: Order) -> Payment:
    """Pay an order that costs nothing: no provider is asked, and no money is booked.

    What the marketplace funds of it is. Locks the order, then accounts. Publishes `OrderPaid`.
    """
    if order.total_minor:
        raise ValueError(f"{order} costs something")
    payment = Payment.objects.create(
        state=Payment.State.CREATED,
        order=order,
        provider=NOBODY,
        method=_("Nothing to pay"),
        currency=order.currency,
        amount_minor=0,
        captured_at=now(),
        closed_at=now(),
    )
    record_start(payment)
    payment.move_to(Payment.State.CAPTURED)
    ledger.post(_mark_paid(order))
    return payment


def _require_payable(order: Order) -> None:
    if order.state in (Order.State.PAID, Order.State.COMPLETED):
        raise AlreadyPaid(number=order.number)
    held = Order.objects.filter(
        pk=order.pk, state=Order.State.AWAITING_PAYMENT, expires_at__gt=Now()
    )
    if not held.exists():
        raise OrderExpired(number=order.number)


def settle(*, payment: Payment, outcome: Outcome) -> Payment:
    """Write down what the provider said. A repeated or late answer changes nothing.

    Locks Order, then Payment. Publishes `OrderPaid` when the whole sum is captured. Money that
    arrives for an order that is closed or was paid otherwise is given back in full.
    """
    payment = _settle(payment, outcome)
    crash_point("capture_committed")
    return payment


@whole_unit
def _settle(payment: Payment, outcome: Outcome) -> Payment:
    order = Order.objects.select_for_update().get(pk=payment.order_id)
    payment = Payment.objects.select_for_update().get(pk=payment.pk)
    if _is_known(payment, outcome):
        return payment

    payment.provider_reference = payment.provider_reference or outcome.reference
    payment.method = outcome.method or payment.method
    payment.action_url = outcome.action_url
    payment.save(update_fields=["provider_reference", "method", "action_url"])
    if outcome.status == Payment.State.CAPTURED:
        _capture(payment, order)
        crash_point("capture_booked")
    elif outcome.status == Payment.State.FAILED:
        _fail(payment, outcome.failure)
    else:
        payment.move_to(outcome.status)
    return payment


def _is_known(payment: Payment, outcome: Outcome) -> bool:
    """Money is final. So is a failure, unless the money comes after all."""
    if payment.state == outcome.status:
        return True
    return bool(payment.closed_at) and outcome.status != Payment.State.CAPTURED


def _capture(payment: Payment, order: Order) -> None:
    payment.move_to(Payment.State.CAPTURED)
    payment.captured_minor = payment.amount_minor
    payment.captured_at = payment.closed_at = now()
    payment.authorised_minor = payment.amount_minor
    payment.save(update_fields=["authorised_minor", "captured_minor", "captured_at", "closed_at"])
    ledger.post([bookings.captured(payment), *_what_follows(order, payment)])


@whole_unit
def recognise(*, payment: Payment) -> None:
    """Do what should have followed a capture: mark the order paid, or give the money back.

    For the doctor: a capture does it by itself. Safe to repeat. Locks as `settle`.
    """
    order = Order.objects.select_for_update().get(pk=payment.order_id)
    payment = Payment.objects.select_for_update().get(pk=payment.pk)
    if payment.state != Payment.State.CAPTURED or _is_what_paid(order, payment):
        return
    entry = bookings.captured(payment)
    is_booked = LedgerTransfer.objects.filter(dedupe_key=entry.key).exists()
    ledger.post([*([] if is_booked else [entry]), *_what_follows(order, payment)])


def _is_what_paid(order: Order, payment: Payment) -> bool:
    earlier = order.payments.filter(captured_at__lt=payment.captured_at)
    return order.paid_at is not None and not earlier.exists()


def _what_follows(order: Order, payment: Payment) -> list[Entry]:
    """The capture's consequences, and what is to be booked for them."""
    if order.state != Order.State.AWAITING_PAYMENT:
        # Closed before the money came, or paid by another attempt.
        refunds.give_back(payment=payment)
        return []
    return _mark_paid(order)


def _mark_paid(order: Order) -> list[Entry]:
    """The whole sum is captured: the shops may send, and are owed their share.

    Returns what is to be booked, which comes last: accounts stay locked until the commit.
    """
    order.move_to(Order.State.PAID)
    Order.objects.filter(pk=order.pk).update(paid_at=now())
    parts = list(order.seller_orders.order_by("pk").prefetch_related(_lines_to_charge()))
    for part in parts:
        part.move_to("paid")
    commissions.freeze(line for part in parts for line in part.lines.all())
    publish(
        OrderPaid(
            order_id=order.pk,
            buyer_id=order.buyer_id,
            shop_ids=[part.shop_id for part in parts],
        )
    )
    entries = []
    for part in parts:
        charged = [line.commission for line in part.lines.all()]
        entries += bookings.paid(part, order.currency, charged)
    return entries


def _lines_to_charge() -> Prefetch:
    lines = OrderLine.objects.order_by("pk").select_related(
        "seller_order__shop", "variant__product__category"
    )
    return Prefetch("lines", lines)


def _fail(payment: Payment, failure: str) -> None:
    payment.move_to(Payment.State.FAILED)
    payment.failure = failure[:60]
    payment.closed_at = now()
    payment.save(update_fields=["failure", "closed_at"])


def resume(*, payment: Payment) -> Payment:
    """Bring an attempt to its end whose process may have died: the provider knows of it or not.

    Returns it as it is now; open, where the provider does not answer either.
    """
    if payment.closed_at is None and payment.state in UNSETTLED:
        return ask(payment=payment)
    return Payment.objects.get(pk=payment.pk)


def ask_again(*, order: Order | None = None) -> int:
    """Ask providers about attempts whose answer never came: of `order`, or of all.

    Returns how many were looked at. Safe to repeat.
    """
    silent = Payment.objects.open().filter(
        state__in=UNSETTLED, created_at__lt=Now() - UNKNOWN_AFTER
    )
    if order is not None:
        silent = silent.filter(order=order)
    waiting = list(silent.order_by("pk"))
    for payment in waiting:
        ask(payment=payment)
    return len(waiting)


def settle_unknown() -> int:
    """Ask about all attempts whose answer never came, and withdraw those nobody waits for.

    Returns how many. Safe to repeat.
    """
    closed = ~Q(order__state=Order.State.AWAITING_PAYMENT)
    questions = Payment.objects.open().filter(closed, state=Payment.State.REQUIRES_ACTION)
    left = list(questions.order_by("pk"))
    for payment in left:
        withdraw(payment=payment)
    return ask_again() + len(left)


def ask(*, payment: Payment) -> Payment:
    """As `look_up`, and patient: where the provider does not answer, it stays as it is."""
    try:
        return look_up(payment=payment)
    except Unknown:
        logger.warning("the provider does not say what became of payment %s", payment.uuid)
        return Payment.objects.get(pk=payment.pk)


def look_up(*, payment: Payment) -> Payment:
    """Ask the provider what became of `payment`, and write it down. Runs in no transaction.

    Raises `Unknown` where the provider does not answer, or is not there any more.
    """
    gateway = gateways.named(payment.provider)
    if gateway is None:
        raise Unknown(f"no provider {payment.provider}")
    outcome = gateway.look_up(payment)
    if outcome is None:
        # The provider never heard of it: no money can have moved.
        outcome = Outcome(status="failed", reference="", failure="not_started")
    return _settle_if_new(payment, outcome)


def _settle_if_new(payment: Payment, outcome: Outcome) -> Payment:
    try:
        return settle(payment=payment, outcome=outcome)
    except InvalidTransition:
        logger.info("payment %s was settled in the meantime", payment.uuid)
        payment.refresh_from_db()
        return payment
