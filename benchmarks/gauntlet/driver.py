"""Buyers at the API: each repeats what it asked under one key until the answer is definite.

Every intent and every answer goes into a journal, a second witness beside the database.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.gauntlet.http import PROXIED, Answer, Connection, Lost

CARDS = {
    "stripe": {"method": "stripe", "payment_method": "pm_card_visa"},
    "test": {"method": "test", "card": "4242424242424242"},
}
ADDRESS = {
    "name": "Rehearsal",
    "line1": "1 Mill Lane",
    "postcode": "D02 X285",
    "city": "Dublin",
    "country": "IE",
}
PATIENCE = 240  # seconds until a buyer gives up


class GaveUp(Exception):
    """A buyer got no definite answer within their patience."""


@dataclass
class Journal:
    """What was asked and what came back, line by line."""

    path: Path
    provider: str
    # Sent with every request: as the reverse proxy would, where there is one.
    headers: dict[str, str] = field(default_factory=lambda: PROXIED)
    seconds: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    bare_503: int = 0
    unexpected: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._file = self.path.open("a")

    def write(self, **line: Any) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def note(self, answer: Answer) -> None:
        self.seconds.append(answer.seconds)
        code = f" {answer.code}" if answer.status >= 400 else ""
        self.statuses[f"{answer.status}{code}"] += 1
        self.bare_503 += answer.status == 503 and "retry-after" not in answer.headers

    def percentile(self, percent: int) -> float:
        """Of the answers' times, in seconds."""
        if len(self.seconds) < 2:
            return max(self.seconds, default=0.0)
        return statistics.quantiles(self.seconds, n=100, method="inclusive")[percent - 1]


class Shopper:
    """One client: a connection that many buyers use one after the other."""

    def __init__(self, port: int, journal: Journal, rng: random.Random) -> None:
        self.connection = Connection(port, journal.headers)
        self.journal, self.rng = journal, rng
        self.card = CARDS[journal.provider]

    async def buy(self, buyer: dict[str, str], *, pays: bool = True) -> dict[str, Any] | None:
        """Order and pay. Returns the order, or None where it was sold out."""
        body = {
            "quote": buyer["quote"],
            "email": buyer["email"],
            "shipping_address": ADDRESS,
            "payment_method": self.card["method"],
        }
        who = {"X-Cart-Token": buyer["token"]}
        placed = await self.insist(buyer, "order", "/api/v1/checkout/", body, who)
        if placed.status != 201:
            return None
        order = placed.data
        if pays:
            await self.pay(buyer, order)
        return order

    async def pay(self, buyer: dict[str, str], order: dict[str, Any]) -> None:
        url, who = f"/api/v1/orders/{order['number']}/", {"X-Order-Token": order["token"]}
        paid = await self.insist(buyer, "payment", f"{url}payments/", self.card, who)
        ends = time.monotonic() + PATIENCE
        status = paid.data.get("status")
        # The provider's reply was lost: the market finds out what came of it. A payment that a
        # killed process had only begun is withdrawn, and that is an answer too.
        while status == "processing":
            if time.monotonic() > ends:
                raise GaveUp(f"{buyer['name']}: paid, and never told")
            await asyncio.sleep(0.5)
            seen = await self.ask("GET", url, None, who)
            if seen.status == 200:
                status = seen.data["payment"]["last"]["status"]
        self.journal.write(what="paid", buyer=buyer["name"], number=order["number"], status=status)

    async def insist(
        self, buyer: dict[str, str], what: str, path: str, body: Any, who: dict[str, str]
    ) -> Answer:
        """Send it under one key until the answer is 201, or a refusal that will not change."""
        headers = who | {"Idempotency-Key": f"{buyer['name']}-{what}"}
        self.journal.write(what=what, buyer=buyer["name"], email=buyer["email"])
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            answer = await self.ask("POST", path, body, headers)
            if answer.status == 201 or is_final(answer):
                number = (answer.data or {}).get("number", "")
                self.journal.write(
                    answer=what, buyer=buyer["name"], status=answer.status, number=number
                )
                return answer
            if answer.status not in (0, 409, 503):
                self.journal.unexpected.append(f"{what}: {answer.status} {answer.body[:300]!r}")
            self.journal.retries += 1
            wait = float(answer.headers.get("retry-after", 0.1))
            await asyncio.sleep(min(wait, 1.0) * self.rng.uniform(0.5, 1.0))
        raise GaveUp(f"{buyer['name']}: {what} without a definite answer")

    async def ask(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        """One request; status 0 where no answer came."""
        try:
            answer = await self.connection.ask(method, path, body, headers)
        except Lost:
            self.journal.statuses["no answer"] += 1
            return Answer(0)
        self.journal.note(answer)
        return answer


def is_final(answer: Answer) -> bool:
    if answer.status == 409:
        return answer.code != "in_progress"
    return 400 <= answer.status < 500


async def everybody(
    buyers: Iterable[dict[str, str]],
    work: Callable[[Shopper, dict[str, str]], Awaitable[Any]],
    *,
    port: int,
    journal: Journal,
    seed: int,
    in_flight: int = 64,
    reached: Callable[[int], None] = lambda done: None,
) -> list[Any]:
    """Let every buyer do `work`, `in_flight` at a time. Returns what each came to."""
    waiting, results = iter(list(enumerate(buyers))), {}

    async def one_after_another(number: int) -> None:
        shopper = Shopper(port, journal, random.Random(f"{seed}-{number}"))
        for place, buyer in waiting:
            results[place] = await work(shopper, buyer)
            reached(len(results))
        shopper.connection.close()

    async with asyncio.TaskGroup() as group:
        for number in range(in_flight):
            group.create_task(one_after_another(number))
    return [results[place] for place in sorted(results)]
