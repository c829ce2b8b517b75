"""What a payment provider can do, and what it says it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from orders.models import Payment

Status = Literal["captured", "requires_action", "processing", "failed"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a payment, in the provider's words made ours."""

    status: Status
    reference: str
    # "Card ending 4242": never card data.
    method: str = ""
    # A stable code, such as `card_declined`.
    failure: str = ""
    # Where the buyer goes to confirm, while an action is required.
    action_url: str = ""


class Gateway(Protocol):
    """A provider. No method runs inside a transaction; each may be repeated for one payment."""

    name: str
    label: str

    def start(self, payment: Payment, details: Mapping[str, str]) -> Outcome:
        """Authorise and capture `payment`, once, whatever happens to our answer.

        Raises `Unknown` where the provider's answer did not arrive.
        """

    def look_up(self, payment: Payment) -> Outcome | None:
        """What became of it; None where the provider never heard of it."""

    def refund(self, payment: Payment, amount_minor: int, key: str) -> None:
        """Give back `amount_minor`, once per `key`."""


class Unknown(Exception):
    """The provider's answer did not arrive: neither paid nor failed until it is asked again."""
