"""Stripe's words made ours: intents, refunds, transfers and events, as plain dictionaries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.translation import gettext as _

from orders.gateways.protocol import (
    EventKind,
    Outcome,
    PayoutOutcome,
    ProviderEvent,
    RefundOutcome,
    RefundStatus,
)

Said = Mapping[str, Any]

# Where a bank gives no more than "declined", its own code says why.
TELLING_DECLINES = {"insufficient_funds", "expired_card", "lost_card", "stolen_card"}
REFUNDS: dict[str, RefundStatus] = {
    "succeeded": "succeeded",
    "pending": "pending",
    "requires_action": "pending",
    "failed": "failed",
    "canceled": "failed",
}
EVENTS: dict[str, EventKind] = {
    "refund.created": "refund",
    "refund.updated": "refund",
    "refund.failed": "refund",
    "charge.dispute.created": "dispute.opened",
    "charge.dispute.closed": "dispute.closed",
    "transfer.created": "payout",
    "transfer.updated": "payout",
    "transfer.reversed": "payout",
    "account.updated": "account",
}


def is_untouched(intent: Said) -> bool:
    """Nobody has tried to pay it yet."""
    waits = intent["status"] in ("requires_payment_method", "requires_confirmation")
    return waits and not intent.get("last_payment_error")


def outcome_of(intent: Said) -> Outcome:
    """What became of a payment. An untouched one waits for the buyer's own program."""
    facts = {"reference": intent["id"], "method": _method(intent), "fee_minor": _fee(intent)}
    status = intent["status"]
    if status in ("succeeded", "processing"):
        return Outcome(status="captured" if status == "succeeded" else "processing", **facts)
    if status == "requires_action" or is_untouched(intent):
        return Outcome(
            status="requires_action",
            action_url=_action_url(intent),
            client_secret=intent.get("client_secret") or "",
            **facts,
        )
    return Outcome(status="failed", failure=_failure(intent), **facts)


def refund_of(refund: Said) -> RefundOutcome:
    return RefundOutcome(
        status=REFUNDS[refund["status"]],
        reference=refund["id"],
        failure=refund.get("failure_reason") or "",
    )


def payout_of(transfer: Said) -> PayoutOutcome:
    """A transfer arrives at once; one that came back whole has failed."""
    if transfer.get("reversed"):
        return PayoutOutcome(status="failed", reference=transfer["id"], failure="returned")
    return PayoutOutcome(status="paid", reference=transfer["id"])


def code_of(error: Said) -> str:
    """A stable code for why the bank or Stripe refused."""
    decline = error.get("decline_code") or ""
    code = decline if decline in TELLING_DECLINES else error.get("code") or decline
    return str(code or "provider_refused")


def event_of(event: Said) -> ProviderEvent:
    """Raises KeyError and the like for what is no event of Stripe's."""
    body, name = event["data"]["object"], event["type"]
    kind = "payment" if name.startswith("payment_intent.") else EVENTS.get(name, "other")
    is_about_a_charge = kind == "refund" or kind.startswith("dispute")
    reference = body.get("payment_intent") if is_about_a_charge else body.get("id")
    return ProviderEvent(
        event_id=event["id"],
        kind=kind,
        reference=str(reference or ""),
        amount_minor=int(body.get("amount") or 0),
        currency=str(body.get("currency") or "").upper(),
        created_at=datetime.fromtimestamp(event["created"], UTC),
        data={"type": name} | _facts(kind, body),
    )


def _facts(kind: EventKind, body: Said) -> dict[str, Any]:
    metadata = body.get("metadata") or {}
    if kind == "payment":
        return {"payment": metadata.get("payment", ""), "status": body["status"]}
    if kind == "refund":
        return {
            "payment": metadata.get("payment", ""),
            "refund": body["id"],
            "key": metadata.get("key", ""),
            "status": REFUNDS[body["status"]],
            "failure": body.get("failure_reason") or "",
        }
    if kind.startswith("dispute"):
        moved = body.get("balance_transactions") or []
        return {
            "dispute": body["id"],
            "status": body["status"],
            "reason": body["reason"],
            "fee_minor": sum(int(row.get("fee") or 0) for row in moved),
        }
    if kind == "payout":
        is_back = bool(body.get("reversed"))
        return {"key": metadata.get("key", ""), "status": "returned" if is_back else "paid"}
    if kind == "account":
        return {"is_ready": is_ready(body)}
    return {}


def is_ready(account: Said) -> bool:
    """Whether money may be sent to a shop's account."""
    return (account.get("capabilities") or {}).get("transfers") == "active"


def _method(intent: Said) -> str:
    charge = intent.get("latest_charge")
    if not isinstance(charge, Mapping):
        return ""
    details = charge.get("payment_method_details") or {}
    kind = details.get("type", "")
    digits = (details.get(kind) or {}).get("last4")
    if kind == "card" and digits:
        return _("Card ending %(digits)s") % {"digits": digits}
    if digits:
        return _("Account ending %(digits)s") % {"digits": digits}
    return str(kind).replace("_", " ").capitalize()


def _fee(intent: Said) -> int | None:
    """What Stripe keeps of it, in the payment's currency; it may be up to an hour late with that.

    Where Stripe settles in another currency, its rate led from the payment's to that one.
    """
    charge = intent.get("latest_charge")
    moved = charge.get("balance_transaction") if isinstance(charge, Mapping) else None
    if not isinstance(moved, Mapping):
        return None
    rate = Decimal(str(moved.get("exchange_rate") or 1))
    return int((moved["fee"] / rate).quantize(Decimal(1), ROUND_HALF_UP))


def _action_url(intent: Said) -> str:
    action = intent.get("next_action") or {}
    return (action.get("redirect_to_url") or {}).get("url") or ""


def _failure(intent: Said) -> str:
    if intent["status"] == "canceled":
        return "abandoned"
    error = intent.get("last_payment_error") or {}
    if error.get("code") == "payment_intent_authentication_failure":
        return "authentication_refused"
    return code_of(error)
