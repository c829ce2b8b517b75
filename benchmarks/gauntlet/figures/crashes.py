"""A5: SIGKILL exactly between two steps, and no client who comes back."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from itertools import islice

from benchmarks.gauntlet.driver import CARDS
from benchmarks.gauntlet.figures.copies import checkout_of
from benchmarks.gauntlet.figures.figure import Size, Verdict
from benchmarks.gauntlet.http import Connection, Lost
from benchmarks.gauntlet.judge import KEYS, Judge
from benchmarks.gauntlet.rig import Rig
from marketflow.core.guards import CRASH_POINTS

REPETITIONS, SECONDS = 20, 60
# Not in our code: only the provider knows the moment.
ASKED = "provider_asked"
WHILE_PAYING = ("payment", "provider", "capture")
OPEN = "SELECT count(*) FROM orders_payment WHERE closed_at IS NULL"
UNTOLD = "SELECT count(*) FROM core_outboxevent WHERE done_at IS NULL"
PAID_WITHOUT_CAPTURE = """
    SELECT o.number FROM orders_order o WHERE o.paid_at IS NOT NULL AND o.total_minor >
        (SELECT coalesce(sum(captured_minor), 0) FROM orders_payment p WHERE p.order_id = o.id)
"""
ORPHANS = """
    SELECT p.uuid FROM orders_payment p JOIN orders_order o ON o.id = p.order_id
    WHERE p.captured_minor > p.refunded_minor AND o.paid_at IS NULL
"""


def a5(rig: Rig, size: Size) -> Iterator[Verdict]:
    """SIGKILL at each point, 20 times: within 60 s all captures have orders, no key is stuck."""
    points = list(CRASH_POINTS.items())
    if rig.provider == "stripe":
        points.append((ASKED, "the provider has captured, and holds its reply back"))
    rig.open_market()
    times = size.of(REPETITIONS, at_least=2)
    number = times * len(points)
    buyers = iter(rig.make_world(buyers=number, stock=number * 2, skus=2, seed=size.seed))
    for point, what in points:
        yield f"{point}: {what}", crashed(rig, list(islice(buyers, times)), point)


def crashed(rig: Rig, buyers: list[dict[str, str]], point: str) -> Judge:
    times = len(buyers)
    requests = [checkout_of(buyer) for buyer in buyers]
    if point.startswith(WHILE_PAYING):
        requests = asyncio.run(placed(rig, buyers))
    # What the provider tells by itself would at times be quicker than the point that kills.
    rig.psp.webhooks(paused=True)
    if point == ASKED:
        lost = asyncio.run(killed_while_asking(rig, requests))
    else:
        rig.restart("web", MARKETFLOW_TEST="1", MARKETFLOW_TEST_CRASH=point)
        lost = asyncio.run(answers_lost(rig, requests))
        rig.restart("web")
    rig.psp.webhooks()
    rig.psp.ask("POST", "webhooks/release")

    judge = Judge(rig)
    judge.equal("processes killed there", lost, times)
    started = time.monotonic()
    while not is_settled(judge) and time.monotonic() - started < SECONDS:
        time.sleep(0.5)
    judge.facts["seconds until settled"] = round(time.monotonic() - started, 1)
    judge.equal("keys in progress", judge.value(KEYS), 0)
    judge.equal("payments of unknown outcome", judge.value(OPEN), 0)
    judge.equal("events untold", judge.value(UNTOLD), 0)
    judge.equal("captures without a paid order", judge.rows(ORPHANS), [])
    judge.equal("paid orders without a capture", judge.rows(PAID_WITHOUT_CAPTURE), [])
    judge.nobody_has_two()
    judge.audit()
    come_back(rig, judge, buyers)
    return judge


def is_settled(judge: Judge) -> bool:
    return not (judge.value(KEYS) or judge.value(OPEN) or judge.value(UNTOLD))


async def placed(rig: Rig, buyers: list[dict[str, str]]) -> list:
    connection, payments = Connection(rig.port), []
    for buyer in buyers:
        path, body, headers = checkout_of(buyer)
        order = (await connection.ask("POST", path, body, headers)).data
        headers = {"X-Order-Token": order["token"], "Idempotency-Key": f"{buyer['name']}-pay"}
        url = f"/api/v1/orders/{order['number']}/payments/"
        payments.append((url, CARDS[rig.provider], headers))
    return payments


async def answers_lost(rig: Rig, requests: list) -> int:
    """Send each once, one after the other; how many were never answered."""
    lost = 0
    for path, body, headers in requests:
        connection = Connection(rig.port)
        try:
            await connection.ask("POST", path, body, headers)
        except Lost:
            lost += 1
        connection.close()
    return lost


async def killed_while_asking(rig: Rig, requests: list) -> int:
    """Kill every web worker while the provider holds its reply: it has captured by then."""
    lost = 0
    for request in requests:
        rig.psp.fault({"on": "capture", "do": "hold", "ms": 10_000, "times": 1})
        answer = asyncio.create_task(answers_lost(rig, [request]))
        await asyncio.to_thread(rig.psp.ask, "GET", "wait?seconds=10")
        for pid in rig.web_workers():
            os.kill(pid, signal.SIGKILL)
        lost += await answer
        rig.psp.ask("POST", "release")
    rig.psp.fault()
    return lost


def come_back(rig: Rig, judge: Judge, buyers: list[dict[str, str]]) -> None:
    """Not needed for the books; but whoever sends the key again gets the one order there is."""

    async def again() -> set[int]:
        connection, statuses = Connection(rig.port), set()
        for buyer in buyers:
            path, body, headers = checkout_of(buyer)
            statuses.add((await connection.ask("POST", path, body, headers)).status)
        return statuses

    judge.equal("answers to who comes back", asyncio.run(again()), {201})
    emails = ", ".join(f"'{buyer['email']}'" for buyer in buyers)
    orders = judge.value(f"SELECT count(*) FROM orders_order WHERE email IN ({emails})")
    judge.equal("orders in the end", orders, len(buyers))
