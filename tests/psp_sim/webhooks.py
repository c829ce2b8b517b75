"""Telling the market: signed, and on request often, shuffled, late, forged or wrong."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.psp_sim.books import Object
from tests.psp_sim.http import post

PARALLEL = 16


@dataclass
class Plan:
    """How events are sent. Times in milliseconds, rates from 0 to 1."""

    copies: tuple[int, int] = (1, 1)
    # Each copy waits a random time up to this, which shuffles them.
    spread_ms: int = 0
    late_rate: float = 0.0
    late_ms: int = 0
    # So many events are accompanied by a bad one, of these kinds.
    bad_rate: float = 0.0
    bad: tuple[str, ...] = (
        "forged",
        "stale",
        "unsigned",
        "tampered",
        "amount",
        "currency",
        "payment",
    )
    # Nothing is sent until `release`.
    paused: bool = False
    retries: int = 6
    seed: int = 0


@dataclass
class Sender:
    url: str
    secret: str
    plan: Plan = field(default_factory=Plan)
    waiting: list[Object] = field(default_factory=list)
    in_flight: int = 0
    sent: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(0)
        self._places = asyncio.Semaphore(PARALLEL)
        self._tasks: set[asyncio.Task] = set()

    def set(self, values: dict[str, Any]) -> None:
        self.url = values.pop("url", self.url)
        self.plan = replace(Plan(), **values)
        self._random = random.Random(self.plan.seed)

    def send(self, events: list[Object]) -> None:
        if not self.url:
            return
        if self.plan.paused:
            self.waiting += events
            return
        for event in events:
            self._plan(event)

    def release(self) -> int:
        """Send what waited, shuffled. Returns how many events."""
        events, self.waiting = self.waiting, []
        self._random.shuffle(events)
        for event in events:
            self._plan(event)
        return len(events)

    def report(self) -> dict[str, Any]:
        times = sorted(row["ms"] for row in self.sent)
        counts = Counter((row["kind"], row["status"]) for row in self.sent)
        return {
            "waiting": len(self.waiting),
            "in_flight": self.in_flight,
            "sent": len(self.sent),
            "answers": [[kind, status, n] for (kind, status), n in sorted(counts.items())],
            "p50_ms": times[len(times) // 2] if times else 0,
            "p99_ms": times[int(len(times) * 0.99)] if times else 0,
        }

    def _plan(self, event: Object) -> None:
        chance, plan = self._random, self.plan
        delay = plan.late_ms if chance.random() < plan.late_rate else 0
        for _ in range(chance.randint(*plan.copies)):
            self._later(delay + chance.random() * plan.spread_ms, event, "good")
        if chance.random() < plan.bad_rate:
            self._later(chance.random() * plan.spread_ms, event, chance.choice(plan.bad))

    def _later(self, delay_ms: float, event: Object, kind: str) -> None:
        self.in_flight += 1
        task = asyncio.create_task(self._deliver(delay_ms, event, kind))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, delay_ms: float, event: Object, kind: str) -> None:
        """As Stripe does, a good one is sent again until it is taken."""
        try:
            await asyncio.sleep(delay_ms / 1000)
            for attempt in range(self.plan.retries + 1):
                body, headers = self._signed(event, kind)
                async with self._places:
                    started = time.monotonic()
                    status = await post(self.url, body, headers)
                ms = round((time.monotonic() - started) * 1000, 1)
                row = {"event": event["id"], "type": event["type"], "kind": kind}
                self.sent.append(row | {"status": status, "ms": ms})
                if 200 <= status < 300 or kind != "good":
                    return
                await asyncio.sleep(0.5 * 2**attempt)
        finally:
            self.in_flight -= 1

    def _signed(self, event: Object, kind: str) -> tuple[bytes, dict[str, str]]:
        body = json.dumps(WRONG[kind](event) if kind in WRONG else event).encode()
        sent_at = int(time.time()) - (600 if kind == "stale" else 0)
        secret = "whsec_of_somebody_else" if kind == "forged" else self.secret
        header = {"Stripe-Signature": signature(body, secret, sent_at)}
        if kind == "tampered":
            return body.replace(b'"livemode": false', b'"livemode": true '), header
        return body, {} if kind == "unsigned" else header


def signature(body: bytes, secret: str, sent_at: int) -> str:
    mac = hmac.new(secret.encode(), b"%d." % sent_at + body, hashlib.sha256)
    return f"t={sent_at},v1={mac.hexdigest()}"


def _changed(change: Callable[[Object], Object]) -> Callable[[Object], Object]:
    """An event of its own, well signed, whose object says something else than the books."""

    def make(event: Object) -> Object:
        body = event["data"]["object"]
        data = {"object": body | change(body)}
        return event | {"id": f"evt_{secrets.token_hex(12)}", "data": data}

    return make


def _more(body: Object) -> Object:
    return {name: body[name] + 1 for name in ("amount", "amount_received") if name in body}


WRONG = {
    "amount": _changed(_more),
    "currency": _changed(lambda body: {"currency": "xts"}),
    "payment": _changed(
        lambda body: {
            "metadata": {"payment": "00000000-0000-4000-8000-000000000000"},
            "id": "pi_of_nobody",
            "payment_intent": "pi_of_nobody",
        }
    ),
}
