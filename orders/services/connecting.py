"""A shop's account at the payment provider, where the provider pays out to nothing else.

Opened once for each bank account; what the provider wants to know, it asks the shop itself, on its
own pages. Whether it sends money there is asked of it, when the shop comes back and when it tells.
"""

from __future__ import annotations

import logging

from django.utils.timezone import now

from accounts.models import BankAccount, Shop
from marketflow.core.errors import Refusal
from orders import gateways
from orders.gateways.protocol import Refused, Unknown

logger = logging.getLogger(__name__)


class NoBankAccount(Refusal):
    code = "no_bank_account"
    message = "Enter a bank account first."


class NotConnected(Refusal):
    code = "not_connected"
    message = "The payment provider could not be reached. Try again in a minute."


def is_needed() -> bool:
    """Whether shops must connect: the provider of payouts takes no IBAN."""
    return not gateways.for_payouts().takes_iban


def begin(*, shop: Shop, back: str, again: str) -> str:
    """The address of the provider's page for `shop`. `back` and `again` are ours, in full.

    Opens its account at the first time. Asks the provider, so it runs in no transaction. Raises
    `NoBankAccount` and `NotConnected`.
    """
    account = shop.bank_accounts.in_use().select_related("shop").first()
    if account is None:
        raise NoBankAccount
    gateway = gateways.for_payouts()
    try:
        if not account.provider_account:
            account.provider_account = gateway.open_account(account)
            account.save(update_fields=["provider_account"])
        return gateway.onboarding_url(account.provider_account, back, again)
    except (Refused, Unknown) as problem:
        logger.warning("shop %s can't be connected: %s", shop.pk, problem)
        raise NotConnected from problem


def refresh(*, account: BankAccount) -> bool:
    """Ask the provider whether it pays `account`, and write it down. Returns that.

    Runs in no transaction. Raises `Unknown` where it does not answer, `Refused` where it does not
    know the account.
    """
    if not account.provider_account:
        return False
    is_ready = gateways.for_payouts().is_ready(account.provider_account)
    rows = BankAccount.objects.filter(pk=account.pk, provider_ready_at__isnull=is_ready)
    rows.update(provider_ready_at=now() if is_ready else None)
    return is_ready
