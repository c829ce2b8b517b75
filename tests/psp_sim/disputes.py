"""Disputes: opened by a bank, won or lost in the end. And the list of all events."""

from __future__ import annotations

from tests.psp_sim.api import Call, between, route
from tests.psp_sim.books import Object

URL = "/v1/disputes"
FEE = 1500


@route("GET", URL + "/{id}", "disputes.retrieve")
def retrieve(call: Call, id: str) -> Object:
    return call.get(id, "dispute")


@route("GET", URL, "disputes.list")
def list_(call: Call) -> Object:
    return call.page(call.books.find("dispute", call.params.get("payment_intent", "")), URL)


@route("POST", URL + "/{id}/close", "disputes.close")
def accept(call: Call, id: str) -> Object:
    return close_dispute(call, call.get(id, "dispute"), is_won=False)


@route("GET", "/v1/events/{id}", "events.retrieve")
def retrieve_event(call: Call, id: str) -> Object:
    return call.get(id, "event")


@route("GET", "/v1/events", "events.list")
def list_events(call: Call) -> Object:
    rows = call.books.find("event", **between(call.params.get("created")))
    wanted = call.params.get("type")
    return call.page([row for row in rows if wanted in (None, row["type"])], "/v1/events")


def open_dispute(call: Call, charge: Object, amount: int, reason: str) -> Object:
    """A bank takes `amount` back until somebody has decided."""
    dispute = call.books.add(
        "dp",
        "dispute",
        parent=charge["payment_intent"],
        amount=amount,
        currency=charge["currency"],
        charge=charge["id"],
        payment_intent=charge["payment_intent"],
        reason=reason,
        status="needs_response",
        metadata={},
        balance_transactions=[{"amount": -amount, "fee": FEE, "net": -amount - FEE}],
    )
    call.books.save(charge | {"disputed": True})
    reference = charge["metadata"].get("payment", "")
    call.books.enter("dispute", dispute, reference)
    call.books.enter("fee", dispute, reference, FEE)
    call.tell("charge.dispute.created", dispute)
    return dispute


def close_dispute(call: Call, dispute: Object, *, is_won: bool) -> Object:
    if dispute["status"] in ("won", "lost"):
        return dispute
    dispute["status"] = "won" if is_won else "lost"
    if is_won:
        charge = call.get(dispute["charge"], "charge")
        reference = charge["metadata"].get("payment", "")
        call.books.enter("won", dispute, reference)
        call.books.enter("fee_back", dispute, reference, FEE)
    call.tell("charge.dispute.closed", call.books.save(dispute))
    return dispute
