"""The simulator's own events, to be brought to the market by hand: in any order, signed or not."""

from __future__ import annotations

import json
import time
from typing import Any

import stripe

from tests.psp_sim.process import KEY, SECRET, Psp
from tests.psp_sim.webhooks import signature

URL = "/webhooks/payments/stripe/"


def told(psp: Psp, reference: object = "", kind: str = "") -> list[dict[str, Any]]:
    """Events in the order they came to be: about one payment, and of one kind."""
    client = stripe.StripeClient(KEY, base_addresses={"api": psp.base})
    rows = client.v1.events.list({"limit": 100})
    events = [event.to_dict() for event in rows.auto_paging_iter()]
    events.reverse()
    mine = [event for event in events if str(reference) in json.dumps(event["data"])]
    return [event for event in mine if event["type"].startswith(kind)]


def bring(client, event: dict[str, Any] | bytes, *, age: int = 0, secret: str = SECRET):
    """Post `event` as Stripe would have, `age` seconds ago. Returns the answer."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    header = signature(body, secret, int(time.time()) - age)
    return client.post(
        URL, body, content_type="application/json", headers={"Stripe-Signature": header}
    )


def changed(event: dict[str, Any], **body: Any) -> dict[str, Any]:
    """Another event, of the same form, whose object says something else."""
    data = {"object": event["data"]["object"] | body}
    return event | {"id": f"{event['id']}_changed", "data": data}
