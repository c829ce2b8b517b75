"""Money back by its amount alone, where nobody says what it is for: disputes, and providers."""

from __future__ import annotations

from accounts.models import User
from orders.models import Refund, SellerOrder
from orders.services import cancelling, refunds, shares


def give_back(
    part: SellerOrder, amount: int, *, kind: Refund.Kind, reason: str, actor: User | None = None
) -> Refund:
    """Refund `amount` (minor units) of `part`, over its lines and delivery by what is left.

    Locks and raises as `refunds.decide`.
    """
    if amount == part.refundable.amount:
        return refunds.decide_all(part=part, kind=kind, reason=reason, actor=actor)
    lines, shipping = shares.spread(part, amount)
    return refunds.decide(
        part=part,
        lines=lines,
        shipping_minor=shipping,
        kind=kind,
        reason=reason,
        actor=actor,
    )


def keep_what_is_paid_back(part: SellerOrder, amount: int, *, actor: User | None = None) -> None:
    """Send nothing more of a part whose money goes back to the last minor unit."""
    if part.state == SellerOrder.State.PAID and amount == part.refundable.amount:
        cancelling.call_off(part=part, actor=actor)
