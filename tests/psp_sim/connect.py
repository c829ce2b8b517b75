"""Connect: accounts of shops, links to set them up, transfers to them and back."""

from __future__ import annotations

import time

from tests.psp_sim.api import ApiError, Call, route
from tests.psp_sim.books import Object

ACCOUNTS, TRANSFERS = "/v1/accounts", "/v1/transfers"


@route("POST", ACCOUNTS, "accounts.create")
def create_account(call: Call) -> Object:
    account = call.books.add(
        "acct",
        "account",
        type=call.params.get("type"),
        controller=call.params.get("controller"),
        country=call.params.get("country"),
        email=call.params.get("email"),
        metadata=call.params.get("metadata", {}),
        details_submitted=False,
        charges_enabled=False,
        payouts_enabled=False,
        capabilities={"transfers": "inactive"},
        requirements={"currently_due": ["external_account"], "disabled_reason": None},
    )
    call.tell("account.updated", account)
    return account


@route("GET", ACCOUNTS + "/{id}", "accounts.retrieve")
def retrieve_account(call: Call, id: str) -> Object:
    return call.get(id, "account")


@route("POST", "/v1/account_links", "account_links.create")
def create_link(call: Call) -> Object:
    account = call.get(call.required("account"), "account")
    call.required("refresh_url")
    link = call.books.add(
        "link", "account_link", parent=account["id"], return_url=call.required("return_url")
    )
    url = f"{call.base}/_hosted/onboard/{link['id']}"
    return {"object": "account_link", "created": link["created"], "url": url} | {
        "expires_at": int(time.time()) + 300
    }


def onboard(call: Call, account: Object) -> Object:
    """The shop has told all that is asked of it."""
    account |= {"details_submitted": True, "charges_enabled": True, "payouts_enabled": True}
    account |= {"capabilities": {"transfers": "active"}}
    account["requirements"] = {"currently_due": [], "disabled_reason": None}
    call.tell("account.updated", call.books.save(account))
    return account


@route("POST", TRANSFERS, "transfers.create")
def create_transfer(call: Call) -> Object:
    amount, currency = call.amount(), call.required("currency").lower()
    account = call.get(call.required("destination"), "account")
    if account["capabilities"]["transfers"] != "active":
        raise ApiError(
            400,
            "Your destination account needs to have the transfers capability enabled.",
            code="insufficient_capabilities_for_transfer",
            kept=True,
        )
    if call.books.balance().get(currency, 0) < amount:
        raise ApiError(
            400,
            "You have insufficient available funds in your Stripe account.",
            code="balance_insufficient",
            kept=True,
        )
    transfer = call.books.add(
        "tr",
        "transfer",
        parent=account["id"],
        amount=amount,
        amount_reversed=0,
        currency=currency,
        destination=account["id"],
        reversed=False,
        metadata=call.params.get("metadata", {}),
        transfer_group=call.params.get("transfer_group"),
        description=call.params.get("description"),
    )
    call.books.enter("transfer", transfer, transfer["transfer_group"] or "")
    call.tell("transfer.created", transfer)
    return transfer


@route("GET", TRANSFERS + "/{id}", "transfers.retrieve")
def retrieve_transfer(call: Call, id: str) -> Object:
    return call.get(id, "transfer")


@route("GET", TRANSFERS, "transfers.list")
def list_transfers(call: Call) -> Object:
    group = call.params.get("transfer_group")
    if group:
        return call.page(call.books.labelled("transfer", "transfer_group", group), TRANSFERS)
    return call.page(call.books.find("transfer", call.params.get("destination", "")), TRANSFERS)


@route("POST", TRANSFERS + "/{id}/reversals", "transfers.reverse")
def reverse(call: Call, id: str) -> Object:
    transfer = call.get(id, "transfer")
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = call.amount() if "amount" in call.params else left
    if not 0 < amount <= left:
        raise ApiError(400, f"Reversal amount exceeds what is left ({left}).", param="amount")
    reversal = call.books.add(
        "trr",
        "transfer_reversal",
        parent=id,
        amount=amount,
        currency=transfer["currency"],
        transfer=id,
        metadata=call.params.get("metadata", {}),
    )
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    call.books.enter("reversal", reversal, transfer["transfer_group"] or "")
    call.tell("transfer.reversed", call.books.save(transfer))
    return reversal


@route("GET", "/v1/balance", "balance.retrieve")
def balance(call: Call) -> Object:
    sums = call.books.balance().items()
    available = [{"currency": currency, "amount": amount} for currency, amount in sums]
    return {"object": "balance", "livemode": False, "available": available, "pending": []}
