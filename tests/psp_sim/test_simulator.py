"""The simulator itself: a judge that miscounts would acquit anybody."""

from __future__ import annotations

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import stripe

from tests.psp_sim.process import KEY, SECRET

PAID = {
    "amount": 1999,
    "currency": "eur",
    "confirm": True,
    "payment_method": "pm_card_visa",
    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
}


@pytest.fixture
def client(psp) -> stripe.StripeClient:
    return stripe.StripeClient(KEY, base_addresses={"api": psp.base}, max_network_retries=0)


def pay(client, reference: str, key: str) -> str:
    params = PAID | {"metadata": {"payment": reference}}
    try:
        return client.v1.payment_intents.create(params, {"idempotency_key": key}).status
    except stripe.StripeError as problem:
        return str(problem.http_status)


@pytest.fixture
def market():
    """Somebody who listens, and believes what Stripe's own library believes."""
    heard = Counter()

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                stripe.Webhook.construct_event(body, self.headers["Stripe-Signature"], SECRET)
            except stripe.SignatureVerificationError:
                heard["refused"] += 1
                self.send_response(400)
            else:
                heard[json.loads(body)["id"]] += 1
                self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            """Not to the console."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", heard
    server.shutdown()


def test_sixty_four_payments_in_flight_are_sixty_four_captures(client, psp):
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda n: pay(client, f"flight-{n}", f"flight-{n}"), range(64)))

    assert set(answers) == {"succeeded"}
    captured = [e["reference"] for e in psp.entries("capture")]
    assert len([name for name in captured if name.startswith("flight-")]) == 64


def test_one_key_in_flight_is_one_capture_and_the_others_wait_or_repeat(client, psp):
    psp.fault({"on": "payment_intents.create", "do": "latency", "when": "before", "ms": 200})

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(lambda _: pay(client, "one-key", "one-key"), range(8)))

    assert answers <= {"succeeded", "409"}
    assert psp.amounts("capture", "one-key") == [1999]
    assert pay(client, "one-key", "one-key") == "succeeded"


def test_one_key_with_two_meanings_is_refused(client, psp):
    pay(client, "meaning-1", "two-meanings")

    assert pay(client, "meaning-2", "two-meanings") == "400"
    assert psp.amounts("capture", "meaning-2") == []


def test_without_a_key_of_the_market_nobody_pays(psp):
    stranger = stripe.StripeClient("nobody", base_addresses={"api": psp.base})

    assert pay(stranger, "stranger", "stranger") == "401"
    assert psp.amounts("capture", "stranger") == []


def test_a_plain_plan_tells_each_event_once(client, psp, market):
    url, heard = market
    psp.webhooks(url=url)

    pay(client, "plain", "plain")
    psp.settled_webhooks()

    assert set(heard.values()) == {1}
    assert len(heard) == 3, "created, charged, succeeded"


def test_a_bad_plan_repeats_and_forges_and_stripes_library_sees_through_it(client, psp, market):
    url, heard = market
    plan = {"copies": [2, 2], "bad_rate": 1, "bad": ["forged", "stale", "unsigned", "tampered"]}
    psp.ask("POST", "webhooks/forget")
    psp.webhooks(url=url, paused=True, **plan)

    pay(client, "storm", "storm")
    assert psp.ask("POST", "webhooks/release") == {"released": 3}
    report = psp.settled_webhooks()

    assert heard.pop("refused") == 3
    assert list(heard.values()) == [2, 2, 2]
    assert sum(n for kind, status, n in report["answers"] if status == 200) == 6
