"""Refunds: at once, later, or not at all, as the test card says; never more than was captured."""

from __future__ import annotations

from tests.psp_sim.api import ApiError, Call, route
from tests.psp_sim.books import Object
from tests.psp_sim.cards import card_of

URL = "/v1/refunds"


@route("POST", URL, "refunds.create")
def create(call: Call) -> Object:
    intent = call.get(call.required("payment_intent"), "payment_intent")
    charge = call.books.get(intent["latest_charge"] or "")
    if charge is None:
        raise ApiError(400, "This PaymentIntent does not have a successful charge to refund.")
    left = charge["amount"] - charge["amount_refunded"]
    amount = call.amount() if "amount" in call.params else left
    if not left:
        raise ApiError(
            400, "The charge has already been refunded.", code="charge_already_refunded", kept=True
        )
    if amount > left:
        raise ApiError(
            400,
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left}).",
            param="amount",
            kept=True,
        )
    becomes = card_of(call, intent["payment_method"]).refund
    refund = call.books.add(
        "re",
        "refund",
        parent=intent["id"],
        amount=amount,
        currency=charge["currency"],
        charge=charge["id"],
        payment_intent=intent["id"],
        metadata=call.params.get("metadata", {}),
        reason=call.params.get("reason"),
        status="succeeded" if becomes == "succeeded" else "pending",
        failure_reason=None,
    )
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    call.books.save(charge)
    call.books.enter("refund", refund, intent["metadata"].get("payment", ""))
    call.tell("refund.created", refund)
    call.tell("charge.refunded", charge)
    return refund


@route("GET", URL + "/{id}", "refunds.retrieve")
def retrieve(call: Call, id: str) -> Object:
    return call.get(id, "refund")


@route("GET", URL, "refunds.list")
def list_(call: Call) -> Object:
    return call.page(call.books.find("refund", call.params.get("payment_intent", "")), URL)


def settle(call: Call, refund: Object, *, succeeds: bool) -> Object:
    """The bank's late word on a refund: also on one that it had taken."""
    if refund["status"] == "failed" or (succeeds and refund["status"] != "pending"):
        return refund
    if succeeds:
        refund["status"] = "succeeded"
        call.tell("refund.updated", call.books.save(refund))
        return refund
    refund |= {"status": "failed", "failure_reason": "expired_or_canceled_card"}
    charge = call.get(refund["charge"], "charge")
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    call.books.save(charge)
    # What was taken out of the balance comes back to it.
    intent = call.get(refund["payment_intent"], "payment_intent")
    call.books.enter("refund_failed", refund, intent["metadata"].get("payment", ""))
    call.tell("refund.failed", call.books.save(refund))
    return refund
