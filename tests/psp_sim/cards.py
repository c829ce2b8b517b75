"""The test payment methods, under the names that Stripe gave them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.psp_sim.api import ApiError, Call, route
from tests.psp_sim.books import Object


@dataclass(frozen=True)
class Card:
    number: str
    brand: str = "visa"
    # A decline code of the bank's.
    declined: str = ""
    asks_first: bool = False
    # The outcome comes later, as with a bank debit.
    is_slow: bool = False
    disputes: bool = False
    # The answer to the payment does not say the fee yet; asked again, the provider knows it.
    fee_is_late: bool = False
    # What becomes of a refund: "succeeded" at once, or "pending", or "failed" later.
    refund: str = "succeeded"

    @property
    def last4(self) -> str:
        return self.number[-4:]


METHODS = {
    "pm_card_visa": Card("4242424242424242"),
    "pm_card_mastercard": Card("5555555555554444", "mastercard"),
    "pm_card_chargeDeclined": Card("4000000000000002", declined="generic_decline"),
    "pm_card_visa_chargeDeclined": Card("4000000000000002", declined="generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": Card(
        "4000000000009995", declined="insufficient_funds"
    ),
    "pm_card_authenticationRequired": Card("4000002500003155", asks_first=True),
    "pm_card_threeDSecure2Required": Card("4000000000003220", asks_first=True),
    "pm_card_createDispute": Card("4000000000000259", disputes=True),
    "pm_card_pendingRefund": Card("4000000000007726", refund="pending"),
    "pm_card_refundFail": Card("4000000000005126", refund="failed"),
    # Stripe has no such card: there it may be so with any, by asynchronous capture.
    "pm_card_feeLater": Card("4000000000000077", fee_is_late=True),
    "pm_usBankAccount_success": Card("000123456789", "bank", is_slow=True),
}
# For buyers in turn: paid, declined, asked by the bank, and paid on the morrow.
EVERY_WAY = [
    "pm_card_visa",
    "pm_card_visa_chargeDeclined",
    "pm_card_authenticationRequired",
    "pm_card_mastercard",
    "pm_usBankAccount_success",
]


def by_number(number: str) -> str:
    """The name of the method with this card number. Raises as Stripe does for a wrong one."""
    for name, card in METHODS.items():
        if card.number == number.replace(" ", ""):
            return name
    raise ApiError(
        402, "Your card number is incorrect.", code="incorrect_number", kind="card_error"
    )


def card_of(call: Call, id: str) -> Card:
    """The card behind a test name, a stored payment method or a confirmation token."""
    if id in METHODS:
        return METHODS[id]
    stored = call.books.get(id)
    if stored is None or stored["object"] not in ("payment_method", "confirmation_token"):
        raise ApiError(400, f"No such PaymentMethod: '{id}'", code="resource_missing")
    return METHODS[stored["metadata"]["method"]]


def details(card: Card) -> dict[str, Any]:
    if card.is_slow:
        return {"type": "us_bank_account", "us_bank_account": {"last4": card.last4}}
    return {"type": "card", "card": {"brand": card.brand, "last4": card.last4}}


@route("POST", "/v1/payment_methods", "payment_methods.create")
def create_method(call: Call) -> Object:
    method = by_number(call.params.get("card", {}).get("number", ""))
    return call.books.add(
        "pm", "payment_method", metadata={"method": method}, **details(METHODS[method])
    )


@route("POST", "/v1/confirmation_tokens", "confirmation_tokens.create")
def create_token(call: Call) -> Object:
    """What the script in the buyer's browser asks for, with the publishable key."""
    method = by_number(call.params.get("card", {}).get("number", ""))
    return call.books.add("ctoken", "confirmation_token", metadata={"method": method})
