"""A provider inside the process that moves no money: for the demo, for tests, for trying out.

It decides by the card number alone, like the test cards of real providers, and keeps what it
decided in the payment's reference, so that asking again gives the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.gateways.protocol import Outcome
from orders.models import Payment

CAPTURED, DECLINED, ASKS_FIRST = "4242424242424242", "4000000000000002", "4000002500003155"
CARDS = {CAPTURED: "captured", DECLINED: "failed", ASKS_FIRST: "requires_action"}


class TestGateway:
    name = "test"
    label = gettext_lazy("Test card")
    __test__ = False  # No test case, whatever pytest makes of its name.

    def start(self, payment: Payment, details: Mapping[str, str]) -> Outcome:
        card = re.sub(r"[\s-]", "", details.get("card", ""))
        return self._outcome(payment, card)

    def confirm(self, payment: Payment, *, approve: bool) -> Outcome:
        """The buyer's answer to what their bank asked."""
        reference = payment.provider_reference
        if approve:
            return Outcome(status="captured", reference=reference, method=payment.method)
        return Outcome(
            status="failed",
            reference=reference,
            method=payment.method,
            failure="authentication_refused",
        )

    def look_up(self, payment: Payment) -> Outcome | None:
        if not payment.provider_reference:
            return None
        return self._outcome(payment, payment.provider_reference.rpartition("_")[2])

    def refund(self, payment: Payment, amount_minor: int, key: str) -> None:
        """Nothing was taken, so there is nothing to give back but the record of it."""

    def _outcome(self, payment: Payment, card: str) -> Outcome:
        status = CARDS.get(card, "failed")
        known = card if card in CARDS else "unknown"
        failures = {DECLINED: "card_declined", CAPTURED: "", ASKS_FIRST: ""}
        return Outcome(
            status=status,
            reference=f"test_{payment.uuid.hex}_{known}",
            method=_("Card ending %(digits)s") % {"digits": card[-4:]} if known == card else "",
            failure=failures.get(card, "card_not_accepted"),
            action_url=_confirm_url(payment) if status == "requires_action" else "",
        )


def _confirm_url(payment: Payment) -> str:
    return reverse("orders:confirm_payment", args=[payment.order.number, payment.uuid])
