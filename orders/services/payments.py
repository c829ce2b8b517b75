"""Payments: an attempt is written down, the provider is asked, the answer is written down.

No transaction is open while a provider is asked. An answer that does not arrive leaves the
attempt open, its outcome unknown and never failed; `settle_unknown` asks again. Whoever comes
second, the answer or the provider's own event, finds the work done.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError
from django.db.models import BigIntegerField, Case, Q, QuerySet, UUIDField, When
from django.db.models.functions import Now
from django.utils.timezone import now
from django.utils.translation import gettext as _

from marketflow.core.compiled import CompiledQuery
from marketflow.core.errors import Refusal
from marketflow.core.events import publish
from marketflow.core.guards import crash_point
from marketflow.core.loading import remember
from marketflow.core.transactions import whole_unit
from orders import gateways
from orders.events import OrderPaid
from orders.gateways import Outcome
from orders.gateways.protocol import Unknown
from orders.models import (
    InvalidTransition,
    LedgerTransfer,
    Order,
    OrderLine,
    Payment,
    SellerOrder,
)
from orders.models.history import Step, move_all, record_start
from orders.services import bookings, commissions, ledger, refunds
from orders.services.ledger import Entry

logger = logging.getLogger(__name__)

# The provider of payments that need none.
NOBODY = "none"
UNKNOWN_AFTER = timedelta(seconds=30)
# Stripe reckons its fee within the hour; for so long it is asked for.
FEES_WITHIN = timedelta(days=3)
UNSETTLED = [Payment.State.CREATED, Payment.State.PROCESSING]


# Those that a new attempt must deal with first. `uuid` is the new attempt's, or None.
_earlier = CompiledQuery(
    lambda order, uuid: Payment.objects.filter(
        Q(closed_at=None, state=Payment.State.REQUIRES_ACTION) | Q(uuid=uuid), order_id=order
    ).order_by("pk"),
    order=BigIntegerField(),
    uuid=UUIDField(),
)
# The database's clock decides whether the hold has ended.
_locked_order = CompiledQuery(
    lambda pk: (
        Order.objects.select_for_update()
        .annotate(is_held=Case(When(expires_at__gt=Now(), then=True), default=False))
        .filter(pk=pk)
    ),
    pk=BigIntegerField(),
)
_locked_payment = CompiledQuery(
    lambda pk: Payment.objects.select_for_update().filter(pk=pk), pk=BigIntegerField()
)
_lines_to_charge = CompiledQuery(
    lambda order: (
        OrderLine.objects.filter(seller_order__order_id=order)
        .select_related("seller_order__shop", "variant__product__category")
        .order_by("seller_order_id", "pk")
    ),
    order=BigIntegerField(),
)


class AlreadyPaid(Refusal):
    code = "already_paid"
    message = "This order has been paid."


class OrderExpired(Refusal):
    code = "order_expired"
    message = "This order was not paid in time, and its items were given back."


class OrderCancelled(OrderExpired):
    """To programs the same: nobody pays it any more. `state` says why."""

    message = "This order was cancelled."


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
    `OrderCancelled`, `PaymentOpen`. Publishes `OrderPaid` when the whole sum is captured.
    """
    gateway = gateways.named(method)
    if gateway is None:
        raise UnknownMethod
    for earlier in _earlier.list(order=order.pk, uuid=uuid):
        if earlier.uuid == uuid:
            return resume(payment=earlier)
        withdraw(payment=earlier)
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


def _open(order: Order, provider: str, uuid: UUID | None) -> Payment:
    try:
        return _write_attempt(order, provider, uuid)
    except IntegrityError:
        raise PaymentOpen from None


@whole_unit
def _write_attempt(order: Order, provider: str, uuid: UUID | None) -> Payment:
    order = _locked_order.get(pk=order.pk)
    _require_payable(order)
    payment = Payment.objects.create(
        state=Payment.State.CREATED,
        order=order,
        provider=provider,
        uuid=uuid or uuid4(),
        currency=order.currency,
        amount_minor=order.total_minor,
    )
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
    ledger.post(_mark_paid(order, [Step(payment, Payment.State.CAPTURED)]))
    return payment


def _require_payable(order: Order) -> None:
    if order.state in (Order.State.PAID, Order.State.COMPLETED):
        raise AlreadyPaid(number=order.number)
    if order.state == Order.State.CANCELLED:
        raise OrderCancelled(number=order.number, state=order.state)
    if order.state != Order.State.AWAITING_PAYMENT or not order.is_held:
        raise OrderExpired(number=order.number)


def settle(*, payment: Payment, outcome: Outcome) -> Payment:
    """Write down what the provider said. A repeated or late answer changes nothing, but that a
    fee is booked which the provider had not reckoned before.

    Locks Order, Payment, then accounts. Publishes `OrderPaid` when the whole sum is captured.
    Money that arrives for an order that is closed or was paid otherwise is given back in full.
    """
    payment = _settle(payment, outcome)
    crash_point("capture_committed")
    return payment


@whole_unit
def _settle(payment: Payment, outcome: Outcome) -> Payment:
    order = _locked_order.get(pk=payment.order_id)
    payment = _locked_payment.get(pk=payment.pk)
    if _is_known(payment, outcome):
        _note_fee(payment, outcome)
        return payment

    said = {
        "provider_reference": payment.provider_reference or outcome.reference,
        "method": outcome.method or payment.method,
        "action_url": outcome.action_url,
    }
    if outcome.status == Payment.State.CAPTURED:
        _capture(payment, order, said | {"fee_minor": outcome.fee_minor})
        crash_point("capture_booked")
        return payment
    if outcome.status == Payment.State.FAILED:
        said |= {"failure": outcome.failure[:60], "closed_at": now()}
    move_all([Step(payment, outcome.status, said)])
    return payment


def _is_known(payment: Payment, outcome: Outcome) -> bool:
    """Money is final. So is a failure, unless the money comes after all."""
    if payment.state == outcome.status:
        return True
    return bool(payment.closed_at) and outcome.status != Payment.State.CAPTURED


def _note_fee(payment: Payment, outcome: Outcome) -> None:
    """The provider had not reckoned its fee when the money came, and now it has."""
    is_new = payment.fee_minor is None and outcome.fee_minor is not None
    if payment.state != Payment.State.CAPTURED or not is_new:
        return
    payment.fee_minor = outcome.fee_minor
    payment.save(update_fields=["fee_minor"])
    ledger.post([bookings.provider_fee(payment)])


def _capture(payment: Payment, order: Order, said: Mapping[str, Any]) -> None:
    whole = dict.fromkeys(["authorised_minor", "captured_minor"], payment.amount_minor)
    moments = dict.fromkeys(["captured_at", "closed_at"], now())
    step = Step(payment, Payment.State.CAPTURED, {**said, **whole, **moments})
    following = _what_follows(order, payment, [step])
    ledger.post([bookings.captured(payment), bookings.provider_fee(payment), *following])


@whole_unit
def recognise(*, payment: Payment) -> None:
    """Do what should have followed a capture: mark the order paid, or give the money back.

    For the doctor: a capture does it by itself. Safe to repeat. Locks as `settle`.
    """
    order = _locked_order.get(pk=payment.order_id)
    payment = _locked_payment.get(pk=payment.pk)
    if payment.state != Payment.State.CAPTURED or _is_what_paid(order, payment):
        return
    taken = [bookings.captured(payment), bookings.provider_fee(payment)]
    known = LedgerTransfer.objects.filter(dedupe_key__in=[entry.key for entry in taken])
    booked = set(known.values_list("dedupe_key", flat=True))
    missing = [entry for entry in taken if entry.key not in booked]
    ledger.post([*missing, *_what_follows(order, payment)])


def _is_what_paid(order: Order, payment: Payment) -> bool:
    earlier = order.payments.filter(captured_at__lt=payment.captured_at)
    return order.paid_at is not None and not earlier.exists()


def _what_follows(order: Order, payment: Payment, steps: Sequence[Step] = ()) -> list[Entry]:
    """Takes `steps`. The capture's consequences, and what is to be booked for them."""
    if order.state != Order.State.AWAITING_PAYMENT:
        # Closed before the money came, or paid by another attempt.
        move_all(steps)
        refunds.give_back(payment=payment)
        return []
    return _mark_paid(order, steps)


def _mark_paid(order: Order, steps: Sequence[Step]) -> list[Entry]:
    """The whole sum is captured, as `steps` say: the shops may send, and are owed their share.

    Returns what is to be booked, which comes last: accounts stay locked until the commit.
    """
    parts = _parts_to_charge(order)
    is_paid = Step(order, Order.State.PAID, {"paid_at": now()})
    move_all([is_paid, *(Step(part, SellerOrder.State.PAID) for part in parts), *steps])
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


def _parts_to_charge(order: Order) -> list[SellerOrder]:
    """With their lines, in one statement: no part is without a line."""
    parts: dict[SellerOrder, list[OrderLine]] = {}
    for line in _lines_to_charge.list(order=order.pk):
        parts.setdefault(line.seller_order, []).append(line)
    for part, its in parts.items():
        remember(part, "lines", its)
    return list(parts)


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
    silent = _silent() if order is None else _silent().filter(order=order)
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


def ask_for_fees() -> int:
    """Ask providers for the fees that they had not reckoned when the money came, and book them.

    Returns how many payments were looked at. Safe to repeat.
    """
    waiting = list(Payment.objects.without_fee().filter(captured_at__gt=Now() - FEES_WITHIN))
    for payment in waiting:
        ask(payment=payment)
    return len(waiting)


def ask(*, payment: Payment) -> Payment:
    """As `look_up`, and patient: where the provider does not answer, it stays as it is."""
    try:
        return look_up(payment=payment)
    except Unknown:
        logger.warning("the provider does not say what became of payment %s", payment.uuid)
        return Payment.objects.get(pk=payment.pk)


def look_up(*, payment: Payment) -> Payment:
    """Ask the provider what became of `payment`, and write it down. Runs in no transaction.

    Where nobody has tried to pay it, no money can have moved: after `UNKNOWN_AFTER` it is
    withdrawn, so that none can. Before, whoever opened it may be about to. Raises `Unknown`
    where the provider does not answer, or is not there any more.
    """
    gateway = gateways.named(payment.provider)
    if gateway is None:
        raise Unknown(f"no provider {payment.provider}")
    outcome = gateway.look_up(payment)
    if outcome is None:
        if not _is_silent(payment):
            return Payment.objects.get(pk=payment.pk)
        outcome = gateway.cancel(payment)
        if outcome.status == Payment.State.FAILED:
            outcome = replace(outcome, failure="not_started")
    return _settle_if_new(payment, outcome)


def _is_silent(payment: Payment) -> bool:
    """Whether its answer should have come by now."""
    return _silent().filter(pk=payment.pk).exists()


def _silent() -> QuerySet[Payment]:
    return Payment.objects.open().filter(state__in=UNSETTLED, created_at__lt=Now() - UNKNOWN_AFTER)


def _settle_if_new(payment: Payment, outcome: Outcome) -> Payment:
    try:
        return settle(payment=payment, outcome=outcome)
    except InvalidTransition:
        logger.info("payment %s was settled in the meantime", payment.uuid)
        payment.refresh_from_db()
        return payment
