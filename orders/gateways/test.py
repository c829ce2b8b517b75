"""A provider inside the process that moves no money: for the demo, for tests, for trying out.
It charges nothing.

It decides by the card number alone, like the test cards of real providers, and keeps what it
decided in the payment's reference, so that asking again gives the same answer. Its refunds and
payouts always succeed, under a reference made of their key.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import BankAccount
from orders.gateways.protocol import (
    BadSignature,
    Outcome,
    PayoutOutcome,
    ProviderEvent,
    RefundOutcome,
)
from orders.models import Payment

CAPTURED, DECLINED, ASKS_FIRST = "4242424242424242", "4000000000000002", "4000002500003155"
CARDS = {CAPTURED: "captured", DECLINED: "failed", ASKS_FIRST: "requires_action"}
SIGNATURE_HEADER = "Test-Signature"
TOLERANCE_SECONDS = 300


class TestGateway:
    name = "test"
    label = gettext_lazy("Test card")
    takes_iban = True
    __test__ = False  # No test case, whatever pytest makes of its name.

    def start(self, payment: Payment, details: Mapping[str, str]) -> Outcome:
        card = re.sub(r"[\s-]", "", details.get("card", ""))
        return self._outcome(payment, card)

    def confirm(self, payment: Payment, *, approve: bool) -> Outcome:
        """The buyer's answer to what their bank asked."""
        reference = payment.provider_reference
        if approve:
            return Outcome(
                status="captured", reference=reference, method=payment.method, fee_minor=0
            )
        return self._failed(payment, "authentication_refused")

    def look_up(self, payment: Payment) -> Outcome | None:
        if not payment.provider_reference:
            return None
        return self._outcome(payment, payment.provider_reference.rpartition("_")[2])

    def cancel(self, payment: Payment) -> Outcome:
        """Only an answer of the buyer's bank could still come, and `confirm` is ours."""
        return self._failed(payment, "abandoned")

    def refund(self, payment: Payment, amount_minor: int, key: str) -> RefundOutcome:
        """Nothing was taken, so there is nothing to give back but the record of it."""
        return RefundOutcome(status="succeeded", reference=_reference("refund", key))

    def look_up_refund(self, payment: Payment, key: str, reference: str) -> RefundOutcome | None:
        """It remembers nothing: what it gave no reference for, it may be asked for again."""
        if reference != _reference("refund", key):
            return None
        return RefundOutcome(status="succeeded", reference=reference)

    def pay_out(
        self, account: str, amount_minor: int, currency: str, key: str, group: str
    ) -> PayoutOutcome:
        return PayoutOutcome(status="paid", reference=_reference("payout", key))

    def look_up_payout(self, key: str, reference: str) -> PayoutOutcome | None:
        if reference != _reference("payout", key):
            return None
        return PayoutOutcome(status="paid", reference=reference)

    def open_account(self, account: BankAccount) -> str:
        """It pays to any IBAN, and keeps no accounts."""
        return account.iban

    def onboarding_url(self, account: str, back: str, again: str) -> str:
        return back

    def is_ready(self, account: str) -> bool:
        return True

    def parse_event(self, body: bytes, headers: Mapping[str, str]) -> ProviderEvent:
        """`Test-Signature: t=<unix>,v1=<hex>`, as `sign` makes it; at most 300 s old."""
        parts = dict(
            part.partition("=")[::2] for part in headers.get(SIGNATURE_HEADER, "").split(",")
        )
        sent_at = parts.get("t", "")
        if not sent_at.isdecimal() or abs(time.time() - int(sent_at)) > TOLERANCE_SECONDS:
            raise BadSignature
        signature = parts.get("v1", "")
        if not constant_time_compare(_signature(body, sent_at), signature):
            raise BadSignature
        try:
            said = json.loads(body)
            return ProviderEvent(
                event_id=said["id"],
                kind=said["kind"],
                reference=said["reference"],
                amount_minor=int(said["amount_minor"]),
                currency=said["currency"],
                created_at=datetime.fromtimestamp(said["created"], UTC),
                data=said.get("data", {}),
            )
        except (ValueError, KeyError, TypeError) as problem:
            raise BadSignature from problem

    def sign(self, body: bytes, sent_at: int | None = None) -> dict[str, str]:
        """The header that makes `body` this provider's word, for who may run code here anyway."""
        moment = str(sent_at or int(time.time()))
        return {SIGNATURE_HEADER: f"t={moment},v1={_signature(body, moment)}"}

    def _outcome(self, payment: Payment, card: str) -> Outcome:
        status = CARDS.get(card, "failed")
        known = card if card in CARDS else "unknown"
        failures = {DECLINED: "card_declined", CAPTURED: "", ASKS_FIRST: ""}
        return Outcome(
            status=status,
            reference=f"test_{payment.uuid.hex}_{known}",
            method=_("Card ending %(digits)s") % {"digits": card[-4:]} if known == card else "",
            failure=failures.get(card, "card_not_accepted"),
            fee_minor=0,
            action_url=_confirm_url(payment) if status == "requires_action" else "",
        )

    def _failed(self, payment: Payment, failure: str) -> Outcome:
        return Outcome(
            status="failed",
            reference=payment.provider_reference,
            method=payment.method,
            failure=failure,
        )


def _confirm_url(payment: Payment) -> str:
    return reverse("orders:confirm_payment", args=[payment.order.number, payment.uuid])


def _reference(what: str, key: str) -> str:
    return f"test_{what}_{hashlib.sha256(key.encode()).hexdigest()[:24]}"


def _signature(body: bytes, sent_at: str) -> str:
    signed = b".".join([sent_at.encode(), body])
    return salted_hmac("orders.gateways.test", signed, algorithm="sha256").hexdigest()
