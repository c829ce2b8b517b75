"""Pages that a browser sees at the provider: the bank's question, the setting up, the script."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

from tests.psp_sim import connect, payments
from tests.psp_sim.api import ApiError, Call, route
from tests.psp_sim.http import Answer

SCRIPT = Path(__file__).with_name("stub.js")
PAGE = """<!doctype html><html lang="en"><title>{title}</title><meta name="viewport"
content="width=device-width"><h1>{title}</h1><form method="post">{buttons}</form></html>"""
BUTTON = '<button name="answer" value="{value}">{label}</button> '


@route("GET", "/v3/", "script")
def script(call: Call) -> Answer:
    """In the place of js.stripe.com: it draws its fields itself, without frames."""
    return Answer(200, SCRIPT.read_text(), {"Content-Type": "text/javascript; charset=utf-8"})


@route("GET", "/_hosted/authenticate/{id}", "hosted")
def question(call: Call, id: str) -> Answer:
    intent = call.get(id, "payment_intent")
    title = f"Pay {intent['amount'] / 100:.2f} {intent['currency'].upper()}?"
    return _page(title, complete="Complete authentication", fail="Fail authentication")


@route("POST", "/_hosted/authenticate/{id}", "payment_intents.authenticate")
def answer(call: Call, id: str) -> Answer:
    intent = call.get(id, "payment_intent")
    where = (intent["next_action"] or {}).get("redirect_to_url")
    if where is None:
        raise ApiError(400, "Nothing is asked any more.")
    succeeds = call.params.get("answer") == "complete"
    payments.settle(call, intent, succeeds=succeeds)
    facts = {"payment_intent": id, "payment_intent_client_secret": intent["client_secret"]}
    facts["redirect_status"] = "succeeded" if succeeds else "failed"
    sign = "&" if "?" in where["return_url"] else "?"
    return Answer(303, "", {"Location": f"{where['return_url']}{sign}{urlencode(facts)}"})


@route("GET", "/_hosted/onboard/{id}", "hosted")
def onboarding(call: Call, id: str) -> Answer:
    call.get(id, "account_link")
    return _page("Tell us about your business", complete="Submit")


@route("POST", "/_hosted/onboard/{id}", "accounts.onboard")
def onboarded(call: Call, id: str) -> Answer:
    link = call.get(id, "account_link")
    # Stripe keeps the owner of a link to itself; so do the books.
    connect.onboard(call, call.get(call.books.parent_of(id), "account"))
    return Answer(303, "", {"Location": link["return_url"]})


def _page(title: str, **answers: str) -> Answer:
    buttons = "".join(BUTTON.format(value=v, label=label) for v, label in answers.items())
    return Answer(200, PAGE.format(title=title, buttons=buttons))
