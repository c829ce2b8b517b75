"""Stripe: PaymentIntents for buyers, refunds, and transfers to the shops' Connect accounts.

A payment is two calls: an intent that moves nothing, then its confirmation. So a reply that was
lost costs nothing to find again: making the intent once more under the same key returns the one
that is there, and what it has come to is read from it, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import stripe
from django.conf import settings
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_lazy

from accounts.models import BankAccount
from orders.gateways import stripe_words as words
from orders.gateways.protocol import (
    BadSignature,
    Outcome,
    PayoutOutcome,
    ProviderEvent,
    RefundOutcome,
    Refused,
    Unknown,
)
from orders.gateways.stripe_http import ask, client
from orders.models import Payment

# Stripe forgets keys after a day. What is older is found by its metadata, which is indexed late.
KEYS_LAST = timedelta(hours=12)
TOLERANCE_SECONDS = 300
WITH_CHARGE = ["latest_charge.balance_transaction"]


class StripeGateway:
    name = "stripe"
    label = gettext_lazy("Card")
    takes_iban = False

    def start(self, payment: Payment, details: Mapping[str, str]) -> Outcome:
        """Confirm with `details["payment_method"]`: a payment method or a confirmation token.

        Without one the buyer's own program confirms, by the outcome's `client_secret`.
        """
        try:
            intent = self._intent(payment)
            method = details.get("payment_method", "")
            return self._confirm(payment, intent, method) if method else words.outcome_of(intent)
        except Refused as refusal:
            return self._refused(payment, refusal)

    def look_up(self, payment: Payment) -> Outcome | None:
        reference = payment.provider_reference or self._find(payment)
        if not reference:
            return None
        intent = self._retrieve(reference)
        is_the_buyers_turn = payment.state == Payment.State.REQUIRES_ACTION
        if words.is_untouched(intent) and not is_the_buyers_turn:
            return None
        return words.outcome_of(intent)

    def cancel(self, payment: Payment) -> Outcome:
        reference = payment.provider_reference or self._find(payment)
        if not reference:
            return Outcome(status="failed", reference="", failure="abandoned")
        return words.outcome_of(self._cancel(reference))

    def refund(self, payment: Payment, amount_minor: int, key: str) -> RefundOutcome:
        try:
            refund = ask(
                client().v1.refunds.create,
                key=f"refund:{payment.uuid}:{key}",
                payment_intent=payment.provider_reference,
                amount=amount_minor,
                metadata={"payment": str(payment.uuid), "key": key},
            )
        except Refused as refusal:
            failure = words.code_of(refusal.error)
            return RefundOutcome(status="failed", reference="", failure=failure)
        return words.refund_of(refund)

    def look_up_refund(self, payment: Payment, key: str, reference: str) -> RefundOutcome | None:
        if reference:
            return words.refund_of(ask(client().v1.refunds.retrieve, reference))
        refunds = ask(
            client().v1.refunds.list, payment_intent=payment.provider_reference, limit=100
        )
        mine = (refund for refund in refunds["data"] if refund["metadata"].get("key") == key)
        found = next(mine, None)
        return words.refund_of(found) if found else None

    def pay_out(
        self, account: str, amount_minor: int, currency: str, key: str, group: str
    ) -> PayoutOutcome:
        """A transfer to a Connect account. `key` is its transfer group, to be found again by."""
        try:
            transfer = ask(
                client().v1.transfers.create,
                key=f"payout:{key}",
                destination=account,
                amount=amount_minor,
                currency=currency.lower(),
                transfer_group=key,
                description=group,
                metadata={"key": key, "group": group},
            )
        except Refused as refusal:
            failure = words.code_of(refusal.error)
            return PayoutOutcome(status="failed", reference="", failure=failure)
        return words.payout_of(transfer)

    def look_up_payout(self, key: str, reference: str) -> PayoutOutcome | None:
        if reference:
            return words.payout_of(ask(client().v1.transfers.retrieve, reference))
        found = ask(client().v1.transfers.list, transfer_group=key, limit=1)["data"]
        return words.payout_of(found[0]) if found else None

    def open_account(self, account: BankAccount) -> str:
        """An Express account: Stripe asks the shop what it must know, and pays its bank."""
        made = ask(
            client().v1.accounts.create,
            key=f"account:{account.uuid}",
            type="express",
            country=account.shop.country,
            capabilities={"transfers": {"requested": True}},
            business_profile={"name": account.shop.name},
            metadata={"shop": account.shop.slug, "bank_account": str(account.uuid)},
        )
        return made["id"]

    def onboarding_url(self, account: str, back: str, again: str) -> str:
        link = ask(
            client().v1.account_links.create,
            account=account,
            type="account_onboarding",
            return_url=back,
            refresh_url=again,
        )
        return link["url"]

    def is_ready(self, account: str) -> bool:
        return words.is_ready(ask(client().v1.accounts.retrieve, account))

    def parse_event(self, body: bytes, headers: Mapping[str, str]) -> ProviderEvent:
        """`Stripe-Signature` over the raw body, at most 300 s old, by any of our secrets."""
        header = headers.get("Stripe-Signature", "")
        try:
            # An endpoint of Stripe's has a secret of its own, and connected accounts have another.
            for secret in settings.STRIPE_WEBHOOK_SECRET.split(","):
                with suppress(stripe.SignatureVerificationError):
                    event = client().construct_event(
                        body, header, secret.strip(), TOLERANCE_SECONDS
                    )
                    return words.event_of(event.to_dict())
        except (ValueError, LookupError, TypeError, AttributeError) as problem:
            raise BadSignature(f"no event: {type(problem).__name__}") from problem
        raise BadSignature("no signature of ours")

    def _intent(self, payment: Payment) -> dict[str, Any]:
        """The intent of `payment`, made if there is none. Its parameters never differ."""
        return ask(
            client().v1.payment_intents.create,
            key=f"payment:{payment.uuid}",
            amount=payment.amount_minor,
            currency=payment.currency.lower(),
            automatic_payment_methods={"enabled": True},
            description=payment.order.number,
            transfer_group=payment.order.number,
            metadata={"payment": str(payment.uuid), "order": payment.order.number},
        )

    def _confirm(self, payment: Payment, intent: dict[str, Any], method: str) -> Outcome:
        is_token = method.startswith("ctoken_")
        confirmed = ask(
            client().v1.payment_intents.confirm,
            intent["id"],
            key=f"payment:{payment.uuid}:confirm",
            return_url=_return_url(payment),
            expand=WITH_CHARGE,
            **{"confirmation_token" if is_token else "payment_method": method},
        )
        return words.outcome_of(confirmed)

    def _refused(self, payment: Payment, refusal: Refused) -> Outcome:
        """Stripe says no, or that it has already been done: then the intent itself tells."""
        intent = refusal.error.get("payment_intent")
        if intent and refusal.error.get("code") == "payment_intent_unexpected_state":
            return words.outcome_of(self._retrieve(intent["id"]))
        reference = intent["id"] if intent else ""
        failure = words.code_of(refusal.error)
        return Outcome(status="failed", reference=reference, failure=failure)

    def _find(self, payment: Payment) -> str:
        """The reference of `payment` whose reply was lost; blank where there is none."""
        if payment.created_at > now() - KEYS_LAST:
            try:
                return self._intent(payment)["id"]
            except Unknown:
                # Stripe keeps a 500 under its key, too: the way by the metadata remains.
                return self._search(payment)
        return self._search(payment)

    def _search(self, payment: Payment) -> str:
        query = f"metadata['payment']:'{payment.uuid}'"
        found = ask(client().v1.payment_intents.search, query=query, limit=1)["data"]
        return found[0]["id"] if found else ""

    def _retrieve(self, reference: str) -> dict[str, Any]:
        return ask(client().v1.payment_intents.retrieve, reference, expand=WITH_CHARGE)

    def _cancel(self, reference: str) -> dict[str, Any]:
        """The intent, cancelled; or as it is, where it is too late for that."""
        try:
            return ask(client().v1.payment_intents.cancel, reference)
        except Refused:
            return self._retrieve(reference)


def _return_url(payment: Payment) -> str:
    """Where the bank sends the buyer back to."""
    path = reverse("orders:payment_returned", args=[payment.order.number, payment.uuid])
    return settings.SITE_URL + path
