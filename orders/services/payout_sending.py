"""What becomes of a payout that was made: asked of the provider, paid, failed, or returned.

No transaction is open while the provider is asked. An answer that does not arrive leaves the
payout processing; `send_due` asks again, under the same key.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.timezone import now

from accounts.models import User
from marketflow.core.errors import Refusal
from marketflow.core.events import publish
from orders import gateways
from orders.events import PayoutFailed, PayoutSent
from orders.gateways.protocol import PayoutOutcome, Unknown
from orders.models import Payout
from orders.services import bookings, ledger, payouts
from orders.services.payouts import account_at

logger = logging.getLogger(__name__)

# Longer than a call to a provider may take.
SILENT_AFTER = timedelta(seconds=30)
State = Payout.State


class NotRetryable(Refusal):
    code = "not_retryable"
    message = "This payout has arrived."


def send(*, payout: Payout) -> Payout:
    """Have `payout` carried out, or ask what became of it. Safe to repeat.

    Asks the provider, so it never runs inside a transaction. Returns the payout as it is then.
    """
    was_asked = payout.state == State.PROCESSING
    payout = _begin(payout)
    if payout.state != State.PROCESSING:
        return payout
    try:
        outcome = _ask(payout, was_asked=was_asked)
    except Unknown:
        logger.warning("the answer for payout %s did not arrive", payout.uuid)
        return payout
    return settle(payout=payout, outcome=outcome)


@transaction.atomic
def settle(*, payout: Payout, outcome: PayoutOutcome, actor: User | None = None) -> Payout:
    """Write down what the provider said. A repeated or late answer changes nothing.

    Locks the payout, then accounts. Publishes `PayoutSent` or `PayoutFailed`. A paid one that
    the provider later calls failed has come back.
    """
    payout = _locked(payout)
    if payout.state == State.PAID and outcome.status == "failed":
        return _come_back(payout, outcome.failure or "returned", actor=actor)
    if payout.state != State.PROCESSING:
        return payout
    payout.provider_reference = outcome.reference or payout.provider_reference
    payout.failure = outcome.failure[:60]
    payout.save(update_fields=["provider_reference", "failure"])
    if outcome.status == State.PAID:
        _close(payout, State.PAID)
        publish(PayoutSent(payout_id=payout.pk, shop_id=payout.shop_id))
    elif outcome.status == State.FAILED:
        _close(payout, State.FAILED)
        _owe_again(payout)
    return payout


@transaction.atomic
def mark_returned(*, payout: Payout, actor: User | None = None) -> Payout:
    """The bank sent the money back: the shop is owed it again, and the next payout brings it.

    Locks the payout, then accounts. Raises `InvalidTransition` unless it was paid. Publishes
    `PayoutFailed`.
    """
    return _come_back(_locked(payout), "returned_by_the_bank", actor=actor)


def retry(*, payout: Payout, actor: User) -> Payout:
    """Try once more: ask about one that is open, pay again what failed or came back.

    Returns the payout that is tried. Raises `NotRetryable`, `NotPayable`. Asks the provider, so
    it never runs inside a transaction.
    """
    if payout.state in (State.PENDING, State.PROCESSING):
        return send(payout=payout)
    if payout.state not in (State.FAILED, State.RETURNED):
        raise NotRetryable(state=payout.state)
    return payouts.request(shop=payout.shop, currency=payout.currency, actor=actor)


def send_due() -> int:
    """Send payouts whose call was lost, and ask about those whose answer was.

    Returns how many were tried. Safe to repeat.
    """
    silent = Payout.objects.open().filter(created_at__lt=Now() - SILENT_AFTER)
    is_held = Q(state=State.PENDING) & ~Q(shop__payouts_held="")
    waiting = list(silent.exclude(is_held).order_by("pk"))
    for payout in waiting:
        send(payout=payout)
    return len(waiting)


@transaction.atomic
def _begin(payout: Payout) -> Payout:
    """From here on money may move. One whose shop is held stays where it is; one whose bank
    account was replaced before it left fails, since the last thing a thief entered may be that.
    """
    payout = _locked(payout)
    if payout.state == State.PENDING and payout.bank_account.replaced_at:
        payout.failure = "account_replaced"
        payout.save(update_fields=["failure"])
        _close(payout, State.FAILED)
        _owe_again(payout)
        return payout
    if payout.state == State.PENDING and not payout.shop.payouts_held:
        payout.move_to(State.PROCESSING)
    return payout


def _ask(payout: Payout, *, was_asked: bool) -> PayoutOutcome:
    gateway = gateways.named(payout.provider)
    if gateway is None:
        raise LookupError(f"no provider {payout.provider} to carry out {payout}")
    if was_asked:
        outcome = gateway.look_up_payout(payout.key, payout.provider_reference)
        if outcome is not None:
            return outcome
    # What it never heard of it may be told again: its key makes it once.
    return gateway.pay_out(
        account_at(gateway, payout.bank_account),
        payout.amount_minor,
        payout.currency,
        key=payout.key,
        group=str(payout),
    )


def _locked(payout: Payout) -> Payout:
    rows = Payout.objects.select_for_update(of=["self"])
    return rows.select_related("shop", "bank_account").get(pk=payout.pk)


def _come_back(payout: Payout, failure: str, *, actor: User | None) -> Payout:
    payout.move_to(State.RETURNED, actor=actor)
    payout.failure = failure[:60]
    payout.save(update_fields=["failure"])
    _owe_again(payout)
    return payout


def _close(payout: Payout, state: str) -> None:
    payout.move_to(state)
    payout.closed_at = now()
    payout.save(update_fields=["closed_at"])


def _owe_again(payout: Payout) -> None:
    publish(PayoutFailed(payout_id=payout.pk, shop_id=payout.shop_id, state=payout.state))
    ledger.post([bookings.payout_back(payout)])
