"""Disputes: about one shop's part, opened by its buyer or by the buyer's bank.

While one is open, that share alone is frozen: not completed, not paid out. Staff decide what a
buyer opened; what the bank opened, the bank decides and the provider tells.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models.functions import Now
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.models import User
from marketflow.core.errors import Refusal
from marketflow.core.events import publish
from marketflow.core.money import Money
from marketflow.core.transactions import whole_unit
from orders.events import DisputeAnswered, DisputeClosed, DisputeOpened
from orders.gateways.protocol import RefundOutcome
from orders.models import (
    Dispute,
    Disputed,
    LedgerTransfer,
    Order,
    Payment,
    Refund,
    SellerOrder,
    StateChange,
)
from orders.models.history import record_start
from orders.services import amounts_back, bookings, ledger, refunds
from orders.services.refunds import RefundTooLarge

logger = logging.getLogger(__name__)

State, Origin = Dispute.State, Dispute.Origin
# For how long a completed part may still be disputed, if it was not paid out.
DAYS_AFTER_COMPLETION = timedelta(days=30)
DISPUTABLE = ["paid", "shipped", "delivered", "completed"]


class NotDisputable(Refusal):
    code = "not_disputable"
    message = "A problem with this order can't be reported any more. Ask the shop."


class AlreadyAnswered(Refusal):
    code = "already_answered"
    message = "This dispute was answered or is closed."


class DecidedByTheBank(Refusal):
    code = "decided_by_the_bank"
    message = "The buyer's bank opened this dispute, and the bank decides it."


@whole_unit
def open_by_buyer(*, part: SellerOrder, reason: str, actor: User | None = None) -> Dispute:
    """The buyer is not content with `part` and asks for what is left of its money.

    Locks Order, SellerOrder, then the shop's account. Raises `NotDisputable`, `Disputed` where
    one is open. Publishes `DisputeOpened`.
    """
    # As `complete` does: it never passes a dispute that is just being opened.
    Order.objects.select_for_update().get(pk=part.order_id)
    part = _locked(part)
    if part.disputes.open().exists():
        raise Disputed
    left = part.refundable
    if part.state not in DISPUTABLE or not left.amount:
        raise NotDisputable(state=part.state)
    if part.state == SellerOrder.State.COMPLETED and not _is_still_here(part):
        raise NotDisputable(state=part.state)
    return _open(part, origin=Origin.BUYER, amount=left.amount, reason=reason, actor=actor)


@whole_unit
def answer(*, dispute: Dispute, text: str, actor: User | None = None) -> Dispute:
    """What the shop says to it, once. Raises `AlreadyAnswered`. Publishes `DisputeAnswered`."""
    rows = Dispute.objects.open().filter(pk=dispute.pk, answer="")
    if not rows.update(answer=text):
        raise AlreadyAnswered
    dispute.answer = text
    publish(DisputeAnswered(**_named(dispute)))
    return dispute


@whole_unit
def decide(
    *, dispute: Dispute, refund_minor: int, decision: str, actor: User | None = None
) -> Refund | None:
    """Staff decide what a buyer opened: `refund_minor` minor units go back, 0 of it for the shop.

    Locks Order, SellerOrder, Payments, stock, accounts. Raises `DecidedByTheBank`,
    `RefundTooLarge` beyond what is left of the part, `InvalidTransition` where it is closed.
    Publishes `DisputeClosed`. What was not sent is cancelled where nothing of its money is left.
    """
    if dispute.origin != Origin.BUYER:
        raise DecidedByTheBank
    order = Order.objects.select_for_update().get(pk=dispute.seller_order.order_id)
    part = _locked(dispute.seller_order)
    part.order = order
    if not 0 <= refund_minor <= part.refundable.amount:
        raise RefundTooLarge(available=part.refundable.amount)
    _close(dispute, State.LOST if refund_minor else State.WON, decision=decision, actor=actor)
    if not refund_minor:
        return None
    _lock_payments(order)
    amounts_back.keep_what_is_paid_back(part, refund_minor, actor=actor)
    return amounts_back.give_back(
        part, refund_minor, kind=Refund.Kind.DISPUTE, reason=decision, actor=actor
    )


@whole_unit
def withdraw(*, dispute: Dispute, actor: User | None = None) -> Dispute:
    """The buyer is content after all. Raises `DecidedByTheBank`, `InvalidTransition`.

    Publishes `DisputeClosed`.
    """
    if dispute.origin != Origin.BUYER:
        raise DecidedByTheBank
    return _close(dispute, State.WITHDRAWN, actor=actor)


@whole_unit
def open_by_provider(
    *, payment: Payment, reference: str, amount_minor: int, reason: str = "", fee_minor: int = 0
) -> list[Dispute]:
    """The buyer's bank asks `payment` back, or a part of it: its order's parts are frozen.

    `amount_minor` is spread over the parts by what is left of each; what goes beyond that the
    marketplace loses with the fee. `reference` names it at the provider: told again, nothing
    changes. Locks Order, then SellerOrders. Publishes `DisputeOpened` for each part.
    """
    order = Order.objects.select_for_update().get(pk=payment.order_id)
    known = _of_provider(order, reference)
    if known:
        return known
    parts = [_locked(part) for part in order.seller_orders.order_by("pk")]
    parts = [part for part in parts if order.paid_at and part.refundable.amount]
    left = [part.refundable.amount for part in parts]
    amount = min(amount_minor, sum(left), _left_of(payment))
    if not amount:
        logger.warning("nothing is left of payment %s that %s asks back", payment.pk, reference)
        return []
    opened = []
    for part, share in zip(parts, Money(amount, order.currency).split(left), strict=True):
        if not share.amount:
            continue
        # What the bank asks back, the buyer needs no staff to decide.
        for own in part.disputes.open():
            _close(own, State.WITHDRAWN, decision=_("The buyer's bank has taken it over."))
        opened.append(
            _open(
                part,
                origin=Origin.PROVIDER,
                amount=share.amount,
                reason=reason,
                reference=reference,
                fee=0 if opened else fee_minor + amount_minor - amount,
            )
        )
    return opened


@whole_unit
def close_by_provider(*, payment: Payment, reference: str, is_won: bool) -> list[Dispute]:
    """The bank has decided `reference`: for the shops, or the money is gone.

    What is lost is a refund that is done at once, because the provider took the money; so is its
    fee. Told again, nothing changes. Locks Order, SellerOrders, Payments, stock, accounts.
    Publishes `DisputeClosed` and, for what was lost, `RefundIssued`.
    """
    order = Order.objects.select_for_update().get(pk=payment.order_id)
    disputes = _of_provider(order, reference)
    waiting = [dispute for dispute in disputes if dispute.state == State.OPEN]
    parts = [_locked(dispute.seller_order) for dispute in waiting]
    for dispute in waiting:
        _close(dispute, State.WON if is_won else State.LOST)
    if is_won or not waiting:
        return disputes
    _lock_payments(order)
    for dispute, part in zip(waiting, parts, strict=True):
        part.order = order
        amounts_back.keep_what_is_paid_back(part, dispute.amount_minor)
    bookings.lock_for_refunds(
        parts,
        order.currency,
        bookings.provider_account(payment),
        bookings.own(ledger.Kind.PROVIDER_FEE, order.currency),
    )
    taken = RefundOutcome(status="succeeded", reference=reference)
    for dispute, part in zip(waiting, parts, strict=True):
        refund = amounts_back.give_back(
            part, dispute.amount_minor, kind=Refund.Kind.DISPUTE, reason=dispute.reason
        )
        refunds.settle(refund=refund, outcome=taken)
        ledger.post([bookings.dispute_fee(dispute, payment)])
    return disputes


def _locked(part: SellerOrder) -> SellerOrder:
    rows = SellerOrder.objects.select_for_update().prefetch_related("lines")
    return rows.get(pk=part.pk)


def _lock_payments(order: Order) -> None:
    # Before stock and accounts, by the order of locks; the refund finds them locked.
    list(Payment.objects.filter(order=order).order_by("pk").select_for_update())


def _of_provider(order: Order, reference: str) -> list[Dispute]:
    rows = Dispute.objects.by(Origin.PROVIDER).filter(
        seller_order__order=order, provider_reference=reference
    )
    return list(rows.select_related("seller_order__order").order_by("seller_order_id"))


def _left_of(payment: Payment) -> int:
    fresh = Payment.objects.select_for_update().get(pk=payment.pk)
    return fresh.captured_minor - fresh.refund_decided_minor


def _is_still_here(part: SellerOrder) -> bool:
    """Completed not long ago, and its money not paid out: asked under the lock of its account."""
    shop = bookings.shop_account(ledger.Kind.SHOP_AVAILABLE, part.shop_id, part.order.currency)
    ledger.locked_balances([shop])
    completed = StateChange.objects.filter(
        subject=SellerOrder.SUBJECT,
        subject_id=part.pk,
        dst=SellerOrder.State.COMPLETED,
        changed_at__gte=Now() - DAYS_AFTER_COMPLETION,
    )
    paid_out = LedgerTransfer.objects.filter(
        seller_order=part, kind="completed", payout_item__isnull=False
    )
    return completed.exists() and not paid_out.exists()


def _open(
    part: SellerOrder,
    *,
    origin: Origin,
    amount: int,
    reason: str,
    reference: str = "",
    fee: int = 0,
    actor: User | None = None,
) -> Dispute:
    dispute = Dispute.objects.create(
        state=State.OPEN,
        seller_order=part,
        origin=origin,
        provider_reference=reference,
        currency=part.order.currency,
        amount_minor=amount,
        fee_minor=fee,
        reason=reason[:500],
    )
    record_start(dispute, actor=actor)
    publish(DisputeOpened(origin=origin, **_named(dispute)))
    return dispute


def _close(
    dispute: Dispute, state: State, *, decision: str = "", actor: User | None = None
) -> Dispute:
    dispute.move_to(state, actor=actor)
    dispute.decision, dispute.closed_at = decision, now()
    dispute.save(update_fields=["decision", "closed_at"])
    publish(DisputeClosed(state=state, **_named(dispute)))
    return dispute


def _named(dispute: Dispute) -> dict[str, int | None]:
    part = dispute.seller_order
    return {
        "dispute_id": dispute.pk,
        "seller_order_id": part.pk,
        "shop_id": part.shop_id,
        "buyer_id": part.order.buyer_id,
    }
