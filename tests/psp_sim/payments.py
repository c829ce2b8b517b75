"""PaymentIntents: made, confirmed, asked about by the bank, cancelled, found again."""

from __future__ import annotations

import re
import secrets
from typing import Any

from tests.psp_sim.api import ApiError, Call, between, route
from tests.psp_sim.books import Object
from tests.psp_sim.cards import Card, card_of, details
from tests.psp_sim.disputes import open_dispute
from tests.psp_sim.http import Answer

URL = "/v1/payment_intents"
CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
QUERY = re.compile(r"""metadata\[["'](\w+)["']\]:["']([^"']+)["']""")


@route("POST", URL, "payment_intents.create")
def create(call: Call) -> Object | Answer:
    amount, currency = call.amount(), call.required("currency").lower()
    if not re.fullmatch("[a-z]{3}", currency):
        raise ApiError(400, f"Invalid currency: {currency}", param="currency")
    intent = call.books.add(
        "pi",
        "payment_intent",
        amount=amount,
        amount_received=0,
        currency=currency,
        status="requires_payment_method",
        metadata=call.params.get("metadata", {}),
        transfer_group=call.params.get("transfer_group"),
        description=call.params.get("description"),
        automatic_payment_methods=call.params.get("automatic_payment_methods"),
        client_secret=f"secret_{secrets.token_hex(12)}",
        latest_charge=None,
        next_action=None,
        last_payment_error=None,
        payment_method=call.params.get("payment_method"),
    )
    intent["client_secret"] = f"{intent['id']}_{intent['client_secret']}"
    if intent["payment_method"]:
        intent["status"] = "requires_confirmation"
    call.books.save(intent)
    call.tell("payment_intent.created", intent)
    if call.params.get("confirm") == "true":
        return _confirm(call, intent)
    return _shown(call, intent)


@route("POST", URL + "/{id}/confirm", "payment_intents.confirm")
def confirm(call: Call, id: str) -> Object | Answer:
    return _confirm(call, _intent(call, id))


@route("POST", URL + "/{id}/cancel", "payment_intents.cancel")
def cancel(call: Call, id: str) -> Object:
    intent = _intent(call, id)
    if intent["status"] not in CONFIRMABLE:
        raise _unexpected(intent, "cancel")
    intent |= {"status": "canceled", "next_action": None}
    intent["cancellation_reason"] = call.params.get("cancellation_reason")
    call.tell("payment_intent.canceled", call.books.save(intent))
    return intent


@route("GET", URL + "/search", "payment_intents.search")
def search(call: Call) -> Object:
    found = QUERY.fullmatch(call.required("query"))
    if not found:
        raise ApiError(400, "This search is not simulated.", param="query")
    rows = call.books.labelled("payment_intent", found[1], found[2])
    return call.page(rows, URL + "/search") | {"object": "search_result"}


@route("GET", URL + "/{id}", "payment_intents.retrieve")
def retrieve(call: Call, id: str) -> Object:
    return _shown(call, _intent(call, id))


@route("GET", URL, "payment_intents.list")
def list_(call: Call) -> Object:
    return call.page(call.books.find("payment_intent", **between(call.params.get("created"))), URL)


def settle(call: Call, intent: Object, *, succeeds: bool) -> Object:
    """The bank's answer to what was asked of the buyer, or to a slow debit."""
    if intent["status"] not in ("requires_action", "processing"):
        return intent
    card = card_of(call, intent["payment_method"])
    if succeeds:
        return _capture(call, intent, card)
    code = "payment_intent_authentication_failure"
    _fail(call, intent, {"type": "card_error", "code": code, "message": "Not authenticated."})
    return intent


def _confirm(call: Call, intent: Object) -> Object | Answer:
    if intent["status"] not in CONFIRMABLE:
        raise _unexpected(intent, "confirm")
    method = (
        call.params.get("payment_method")
        or call.params.get("confirmation_token")
        or intent["payment_method"]
    )
    if not method:
        raise ApiError(400, "A payment method is missing.", code="payment_intent_unexpected_state")
    redirects = (intent["automatic_payment_methods"] or {}).get("allow_redirects", "always")
    back = call.params.get("return_url")
    if redirects != "never" and not back:
        raise ApiError(400, "A `return_url` must be provided.", param="return_url")

    card = card_of(call, method)
    intent["payment_method"] = method
    if card.declined:
        return _decline(call, intent, card)
    if card.asks_first:
        where = {"url": f"{call.base}/_hosted/authenticate/{intent['id']}", "return_url": back}
        intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": where}
        return _move(call, intent, "requires_action", "payment_intent.requires_action")
    if card.is_slow:
        return _move(call, intent, "processing", "payment_intent.processing")
    shown = _shown(call, _capture(call, intent, card))
    if card.fee_is_late and isinstance(shown["latest_charge"], dict):
        shown["latest_charge"]["balance_transaction"] = None
    return shown


def _capture(call: Call, intent: Object, card: Card) -> Object:
    charge = call.books.add(
        "ch",
        "charge",
        parent=intent["id"],
        amount=intent["amount"],
        amount_refunded=0,
        currency=intent["currency"],
        status="succeeded",
        refunded=False,
        disputed=False,
        payment_intent=intent["id"],
        payment_method_details=details(card),
        metadata=intent["metadata"],
        transfer_group=intent["transfer_group"],
    )
    charge = _charge_fee(call, charge, reference_of(intent))
    intent |= {"latest_charge": charge["id"], "amount_received": intent["amount"]}
    intent |= {"next_action": None, "last_payment_error": None}
    call.books.enter("capture", charge, reference_of(intent))
    call.tell("charge.succeeded", charge)
    _move(call, intent, "succeeded", "payment_intent.succeeded")
    if card.disputes:
        open_dispute(call, charge, charge["amount"], "fraudulent")
    return intent


def _charge_fee(call: Call, charge: Object, reference: str) -> Object:
    """1.5 % and 25 cents, kept for good: a refund does not bring it back."""
    fee = (charge["amount"] * 15 + 500) // 1000 + 25
    moved = call.books.add(
        "txn",
        "balance_transaction",
        parent=charge["id"],
        amount=charge["amount"],
        fee=fee,
        net=charge["amount"] - fee,
        currency=charge["currency"],
        exchange_rate=None,
        source=charge["id"],
        type="charge",
    )
    call.books.enter("charge_fee", charge, reference, fee)
    return call.books.save(charge | {"balance_transaction": moved["id"]})


def _decline(call: Call, intent: Object, card: Card) -> Answer:
    error = {"type": "card_error", "code": "card_declined", "decline_code": card.declined}
    error["message"] = "Your card was declined."
    _fail(call, intent, error)
    return Answer(402, {"error": error | {"payment_intent": intent}})


def _fail(call: Call, intent: Object, error: dict[str, Any]) -> None:
    intent |= {"last_payment_error": error, "next_action": None, "payment_method": None}
    _move(call, intent, "requires_payment_method", "payment_intent.payment_failed")


def _move(call: Call, intent: Object, status: str, event: str) -> Object:
    intent["status"] = status
    call.tell(event, call.books.save(intent))
    return intent


def reference_of(intent: Object) -> str:
    """What the market calls the payment: its uuid, which it keeps in the metadata."""
    return intent["metadata"].get("payment", "")


def _intent(call: Call, id: str) -> Object:
    intent = call.get(id, "payment_intent")
    key = call.request.headers.get("authorization", "")
    if "pk_" in key and call.params.get("client_secret") != intent["client_secret"]:
        raise ApiError(401, "The client_secret does not match.", code="secret_key_required")
    return intent


def _shown(call: Call, intent: Object) -> Object:
    """With what was asked to be expanded."""
    wanted = (call.params.get("expand") or {}).values()
    charge = call.books.get(intent["latest_charge"] or "")
    if charge and "latest_charge.balance_transaction" in wanted:
        moved = call.books.get(charge["balance_transaction"])
        return intent | {"latest_charge": charge | {"balance_transaction": moved}}
    if charge and "latest_charge" in wanted:
        return intent | {"latest_charge": charge}
    return intent


def _unexpected(intent: Object, what: str) -> ApiError:
    return ApiError(
        400,
        f"You cannot {what} this PaymentIntent because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
        kept=True,
        payment_intent=intent,
    )
