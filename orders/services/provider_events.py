"""What providers tell by themselves: checked and kept at once, dealt with afterwards.

Receiving is one short transaction, so that the provider gets its answer in milliseconds. The work
asks the provider, and no outside call may happen inside a transaction; the outbox tells its
receivers inside one, and an app does not subscribe to its own events. Hence a row of its own for
each event, `PaymentEventTask`: taken up right after the commit, else by beat.

An event is a reason to look, never the truth: it may be late, repeated or out of order. What came
of a payment or a refund is read from the provider.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping

from django.db import IntegrityError, transaction
from django.utils.crypto import get_random_string
from django.utils.timezone import now

from accounts.models import BankAccount
from marketflow.core import guards
from marketflow.core.errors import Refusal
from orders import gateways
from orders.gateways.protocol import ProviderEvent, Refused, Unknown
from orders.models import Payment, PaymentEvent, PaymentEventTask, Payout, Refund
from orders.services import (
    connecting,
    disputes,
    outside_refunds,
    payments,
    payout_sending,
    refunds,
)

logger = logging.getLogger(__name__)

Result = PaymentEventTask.Result
# What is not about a payment of ours may be about another system on the same account.
ABOUT_PAYMENTS = ("payment", "refund", "dispute.opened", "dispute.closed")


class NoProvider(LookupError):
    """No enabled provider has this name."""


class Mismatch(ValueError):
    """Well signed, and yet not what we know of the payment: nothing of it is written."""


def receive(*, provider: str, body: bytes, headers: Mapping[str, str]) -> PaymentEvent | None:
    """Check an event, keep it, and have it dealt with after the commit.

    `body` is as it came: the signature is over its bytes. Returns None where there is nothing to
    keep: a repeated event, one that concerns nobody here, one about what is not acted upon.
    Raises `NoProvider`, `BadSignature` and `Mismatch`; then nothing has changed.
    """
    gateway = gateways.named(provider)
    if gateway is None:
        raise NoProvider(provider)
    event = gateway.parse_event(body, headers)
    if event.kind == "other":
        return None
    payment = _payment_of(provider, event)
    if payment is None and event.kind in ABOUT_PAYMENTS:
        return None
    return _keep(provider, event, payment)


def _payment_of(provider: str, event: ProviderEvent) -> Payment | None:
    """Our payment, by our own uuid where the provider kept it. Raises `Mismatch`."""
    if event.kind not in ABOUT_PAYMENTS:
        return None
    ours = str(event.data.get("payment") or "")
    known = Payment.objects.filter(provider=provider)
    if ours:
        payment = known.filter(uuid=_uuid(ours)).first()
        if payment is None or payment.provider_reference not in ("", event.reference):
            raise Mismatch("reference")
    else:
        of_its = known.filter(provider_reference=event.reference)
        payment = of_its.exclude(provider_reference="").first()
    if payment is None:
        return None
    if event.currency != payment.currency:
        raise Mismatch("currency")
    is_whole = event.kind == "payment"
    is_right = (
        event.amount_minor == payment.amount_minor
        if is_whole
        else (0 < event.amount_minor <= payment.amount_minor)
    )
    if not is_right:
        raise Mismatch("amount")
    return payment


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Mismatch("reference") from None


def _keep(provider: str, event: ProviderEvent, payment: Payment | None) -> PaymentEvent | None:
    try:
        return _write_down(provider, event, payment)
    except IntegrityError:
        return None


@transaction.atomic
def _write_down(provider: str, event: ProviderEvent, payment: Payment | None) -> PaymentEvent:
    event_id = event.event_id
    if not guards.is_enabled("event_dedupe"):
        event_id = f"{event_id[:90]}~{get_random_string(20)}"
    kept = PaymentEvent.objects.create(
        provider=provider,
        event_id=event_id,
        kind=event.kind,
        provider_reference=event.reference,
        payment=payment,
        amount_minor=event.amount_minor,
        currency=event.currency,
        data=dict(event.data),
        said_at=event.created_at,
    )
    if event.kind == "payment" and payment.state == Payment.State.CAPTURED:
        # As a rule the answer to the payment itself was quicker: nothing is left to be done.
        PaymentEventTask.objects.create(event=kept, result=Result.NOTHING_NEW, done_at=now())
        return kept
    task = PaymentEventTask.objects.create(event=kept)
    transaction.on_commit(lambda: _nudge(task.pk), robust=True)
    return kept


def _nudge(task_id: int) -> None:
    from orders.tasks import deal_with_payment_event

    # Only an accelerator, and one try: what it misses, beat does.
    deal_with_payment_event.apply_async([task_id], retry=False)


def deal_with_due(limit: int = 500) -> int:
    """Deal with every event that waits, oldest first. Returns how many. Safe to repeat."""
    waiting = PaymentEventTask.objects.due().order_by("pk")
    due = list(waiting.values_list("pk", flat=True)[:limit])
    return sum(deal_with(task_id=pk) for pk in due)


def deal_with(*, task_id: int) -> bool:
    """Do what an event asks for, once. False where it is done, or somebody is at it.

    Runs in no transaction. Where the provider does not answer, it is tried again later.
    """
    task = PaymentEventTask.objects.select_related("event__payment").get(pk=task_id)
    if not task.claim():
        return False
    task.refresh_from_db(fields=["attempts"])
    try:
        result, reason = _act_on(task.event)
    except Unknown:
        task.postpone("no_answer")
    except Exception as problem:
        logger.exception("%s can't be dealt with", task.event)
        task.postpone(type(problem).__name__)
    else:
        task.finish(result, reason)
    return True


def _act_on(event: PaymentEvent) -> tuple[str, str]:
    """What came of it, and why where that is to be told."""
    if event.kind == "payment":
        return _act_on_payment(event.payment), ""
    return ACTIONS[event.kind](event)


def _act_on_payment(payment: Payment) -> str:
    if payment.state == Payment.State.CAPTURED:
        return Result.NOTHING_NEW
    before = payment.state
    after = payments.look_up(payment=payment).state
    return Result.NOTHING_NEW if before == after else Result.APPLIED


def _act_on_refund(event: PaymentEvent) -> tuple[str, str]:
    key, reference = str(event.data.get("key") or ""), str(event.data["refund"])
    mine = Refund.objects.filter(payment=event.payment).select_related("payment")
    if not key:
        # Made by hand at the provider; once booked, it is known by its reference.
        found = list(mine.filter(provider_reference=reference).order_by("pk"))
        return _look_at_all(found) if found else _act_on_outside_refund(event, reference)
    refund = mine.of_key(key).first()
    if refund is None:
        logger.warning("a refund of %s is none of ours", event.payment)
        return Result.REFUSED, "not_ours"
    if refund.amount_minor != event.amount_minor:
        return Result.REFUSED, "amount"
    before = refund.state
    after = refunds.look_up(refund=refund).state
    return (Result.NOTHING_NEW if before == after else Result.APPLIED), ""


def _act_on_outside_refund(event: PaymentEvent, reference: str) -> tuple[str, str]:
    """Made by hand at the provider: booked once it is paid there."""
    payment = event.payment
    gateway = gateways.named(event.provider)
    if gateway is None:
        raise Unknown(f"no provider {event.provider}")
    if payment.state != Payment.State.CAPTURED:
        payment = payments.look_up(payment=payment)
    try:
        outcome = gateway.look_up_refund(payment, key="", reference=reference)
    except Refused:
        # It was told of, and the provider knows nothing of it: not believed.
        return Result.REFUSED, "not_ours"
    if outcome is None or outcome.status != Refund.State.SUCCEEDED:
        return Result.NOTHING_NEW, ""
    try:
        outside_refunds.book(payment=payment, reference=reference, amount_minor=event.amount_minor)
    except Refusal as refusal:
        logger.warning("a refund of %s made at the provider: %s", payment, refusal.message)
        return Result.REFUSED, refusal.code
    return Result.APPLIED, ""


def _look_at_all(found: Iterable[Refund]) -> tuple[str, str]:
    """The parts of one refund that was made at the provider: all of them became the same."""
    states = [(refund.state, refunds.look_up(refund=refund).state) for refund in found]
    is_news = any(before != after for before, after in states)
    return (Result.APPLIED if is_news else Result.NOTHING_NEW), ""


def _act_on_dispute(event: PaymentEvent) -> tuple[str, str]:
    """Opened, or decided: whichever is heard first, it is open before it is decided."""
    payment = event.payment
    if payment.state != Payment.State.CAPTURED:
        payment = payments.look_up(payment=payment)
    reference = str(event.data["dispute"])
    opened = disputes.open_by_provider(
        payment=payment,
        reference=reference,
        amount_minor=event.amount_minor,
        reason=str(event.data.get("reason") or ""),
        fee_minor=int(event.data.get("fee_minor") or 0),
    )
    if event.kind == "dispute.closed":
        is_won = event.data["status"] != "lost"
        disputes.close_by_provider(payment=payment, reference=reference, is_won=is_won)
    return (Result.APPLIED, "") if opened else (Result.REFUSED, "nothing_left")


def _act_on_payout(event: PaymentEvent) -> tuple[str, str]:
    payout = Payout.objects.of_key(str(event.data.get("key") or "")).first()
    gateway = gateways.named(event.provider)
    if payout is None or payout.provider != event.provider or gateway is None:
        return Result.REFUSED, "not_ours"
    before = payout.state
    outcome = gateway.look_up_payout(payout.key, payout.provider_reference)
    if outcome is None:
        return Result.REFUSED, "not_ours"
    after = payout_sending.settle(payout=payout, outcome=outcome).state
    return (Result.NOTHING_NEW if before == after else Result.APPLIED), ""


def _act_on_account(event: PaymentEvent) -> tuple[str, str]:
    account = BankAccount.objects.filter(provider_account=event.provider_reference).first()
    if account is None:
        return Result.REFUSED, "not_ours"
    was_ready = account.provider_ready_at is not None
    is_ready = connecting.refresh(account=account)
    return (Result.NOTHING_NEW if was_ready == is_ready else Result.APPLIED), ""


ACTIONS: dict[str, Callable[[PaymentEvent], tuple[str, str]]] = {
    "refund": _act_on_refund,
    "dispute.opened": _act_on_dispute,
    "dispute.closed": _act_on_dispute,
    "payout": _act_on_payout,
    "account": _act_on_account,
}
