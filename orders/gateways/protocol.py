"""What a payment provider can do, and what it says it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from accounts.models import BankAccount
from orders.models import Payment

Status = Literal["captured", "requires_action", "processing", "failed"]
RefundStatus = Literal["succeeded", "pending", "failed"]
PayoutStatus = Literal["paid", "processing", "failed"]
EventKind = Literal[
    "payment", "refund", "dispute.opened", "dispute.closed", "payout", "account", "other"
]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a payment, in the provider's words made ours."""

    status: Status
    reference: str
    # "Card ending 4242": never card data.
    method: str = ""
    # A stable code, such as `card_declined`.
    failure: str = ""
    # What the provider keeps of what was captured, in the payment's currency; None where it has
    # not been reckoned yet.
    fee_minor: int | None = None
    # Where the buyer goes to confirm, while an action is required.
    action_url: str = ""
    # Opens this one payment to the buyer's own program, while an action is required. Never stored.
    client_secret: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class RefundOutcome:
    """What became of a refund. `pending` turns into one of the others; ask, or be told."""

    status: RefundStatus
    # The provider's own id of the refund.
    reference: str
    # A stable code, such as `insufficient_funds`.
    failure: str = ""


@dataclass(frozen=True, kw_only=True)
class PayoutOutcome:
    """What became of money sent to a shop."""

    status: PayoutStatus
    reference: str
    failure: str = ""


@dataclass(frozen=True, kw_only=True)
class ProviderEvent:
    """What a provider told by itself, its signature checked.

    `reference` is the provider's id of what the event is about: the payment for `payment`,
    `refund` and the disputes, the payout for `payout`, the shop's account for `account`.
    `data` holds what only one kind has: `type` is the provider's own name of the event;
    `payment` our uuid of the payment where the provider kept it; a refund has `refund`,
    `status` and `key`; a dispute has `dispute`, `status` (`lost` or not), `reason` and
    `fee_minor`; a payout has `key`.
    """

    event_id: str
    kind: EventKind
    reference: str
    amount_minor: int
    currency: str
    created_at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)


class Gateway(Protocol):
    """A provider. No method runs inside a transaction; each may be repeated for one payment.

    Whatever asks for money to move raises `Unknown` where the answer did not arrive, and does it
    once per payment or key, however often it is asked.
    """

    name: str
    label: str
    # Whether it pays out to a bank account by its IBAN, and not to an account of its own alone.
    takes_iban: bool

    def start(self, payment: Payment, details: Mapping[str, str]) -> Outcome:
        """Authorise and capture `payment`, once, whatever happens to our answer."""

    def look_up(self, payment: Payment) -> Outcome | None:
        """What became of it; None where nobody has tried to pay it: not even the provider heard of
        it, or its confirmation has not come. Moves nothing and cancels nothing."""

    def cancel(self, payment: Payment) -> Outcome:
        """Let nobody pay it any more. What had been paid before says so in the outcome."""

    def refund(self, payment: Payment, amount_minor: int, key: str) -> RefundOutcome:
        """Give back `amount_minor` of what was captured, once per `key`."""

    def look_up_refund(self, payment: Payment, key: str, reference: str) -> RefundOutcome | None:
        """What became of the refund `key`; None where the provider never heard of it.

        `reference` is blank where the answer to `refund` was lost.
        """

    def pay_out(
        self, account: str, amount_minor: int, currency: str, key: str, group: str
    ) -> PayoutOutcome:
        """Send `amount_minor` to a shop's `account` at the provider, once per `key`.

        `group` is for people: the name of the payout in the provider's books.
        """

    def look_up_payout(self, key: str, reference: str) -> PayoutOutcome | None:
        """What became of the payout `key`; None where the provider never heard of it."""

    def open_account(self, account: BankAccount) -> str:
        """The id at the provider of a shop's account, made once. Where `takes_iban` is False.

        Raises `Refused`.
        """

    def onboarding_url(self, account: str, back: str, again: str) -> str:
        """Where a shop tells the provider what it wants to know, for a few minutes.

        It comes to `back` when it is done, and to `again` when the time was over.
        """

    def is_ready(self, account: str) -> bool:
        """Whether the provider sends money to a shop's account."""

    def parse_event(self, body: bytes, headers: Mapping[str, str]) -> ProviderEvent:
        """Read what the provider sent by itself. Raises `BadSignature`."""


class Unknown(Exception):
    """The provider's answer did not arrive: neither done nor failed until it is asked again."""


class Refused(Exception):
    """The provider answered, and did nothing. `error` is its own word for why, by name."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(str(error.get("message", "")))
        self.error = dict(error)


class BadSignature(Exception):
    """Not from the provider, too old, or not what it speaks: nothing in it may be believed."""
