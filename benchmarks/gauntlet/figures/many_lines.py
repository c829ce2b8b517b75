"""A2: carts of many lines in any order neither deadlock nor oversell."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.gauntlet import driver
from benchmarks.gauntlet.driver import ADDRESS, Journal, Shopper
from benchmarks.gauntlet.figures.figure import Size, Verdict
from benchmarks.gauntlet.judge import OVERSOLD, UNITS, Judge
from benchmarks.gauntlet.rig import Rig

SKUS, SLOWEST = 10, 15  # checkouts a second
FREE = """
    SELECT v.uuid, s.on_hand - s.allocated FROM catalog_stockitem s
    JOIN catalog_variant v ON v.id = s.variant_id
"""


def a2(rig: Rig, size: Size) -> Iterator[Verdict]:
    """2,000 checkouts of 5 lines with ample stock, then carts of 3 lines for 10 units a SKU."""
    yield "ample", ample(rig, size)
    yield "scarce", scarce(rig, size)


def ample(rig: Rig, size: Size, *, lines: int = 5, **switches: str) -> Judge:
    rig.open_market("web", "worker", **switches)
    deadlocks, journal = rig.cluster.deadlocks(), rig.journal()
    number = size.of(2000, at_least=100)
    buyers = rig.make_world(
        buyers=number, stock=number * SKUS, skus=SKUS, shops=2, lines=lines, seed=size.seed
    )
    seconds, placed = check_out(rig, buyers, journal, size.seed)

    judge = Judge(rig, journal)
    judge.equal("orders", sum(answer is None for answer in placed), 0)
    judge.facts["orders"] = len(placed)
    judge.equal("units sold", int(judge.value(UNITS)), number * lines)
    judge.deadlocks(deadlocks)
    judge.answers("409", "503")
    judge.at_least("checkouts a second", number / seconds, SLOWEST)
    judge.audit()
    return judge


def scarce(rig: Rig, size: Size) -> Judge:
    rig.open_market("web", "worker")
    deadlocks, journal = rig.cluster.deadlocks(), rig.journal()
    stock = 10 * SKUS
    buyers = rig.make_world(
        buyers=size.of(1000, at_least=100),
        stock=stock,
        skus=SKUS,
        shops=2,
        lines=3,
        seed=size.seed,
    )
    check_out(rig, buyers, journal, size.seed)

    judge = Judge(rig, journal)
    judge.equal("variants oversold", len(judge.rows(OVERSOLD)), 0)
    judge.at_most("units sold", int(judge.value(UNITS)), stock)
    free = {str(uuid): units for uuid, units in judge.rows(FREE)}
    named = {uuid for line in journal.lines() for uuid in line.get("short", [])}
    # Nothing is given back here: who was named short must be short to the end.
    judge.equal("variants named short that are not", [u for u in named if free[u] > 0], [])
    judge.facts["variants named short"] = len(named)
    judge.require("nobody was refused", bool(named))
    judge.deadlocks(deadlocks)
    judge.answers("409", "503")
    judge.audit()
    return judge


def check_out(
    rig: Rig, buyers: list[dict[str, str]], journal: Journal, seed: int
) -> tuple[float, list[Any]]:
    """Everybody orders, nobody pays. Returns the seconds and the orders."""
    started = time.monotonic()
    orders = asyncio.run(
        driver.everybody(buyers, order, port=rig.port, journal=journal, seed=seed)
    )
    return time.monotonic() - started, orders


async def order(shopper: Shopper, buyer: dict[str, str]) -> dict[str, Any] | None:
    body = {"quote": buyer["quote"], "email": buyer["email"], "shipping_address": ADDRESS}
    who = {"X-Cart-Token": buyer["token"]}
    answer = await shopper.insist(buyer, "order", "/api/v1/checkout/", body, who)
    if answer.status == 201:
        return answer.data
    short = [item["variant"] for item in answer.data.get("items", [])]
    shopper.journal.write(buyer=buyer["name"], short=short)
    return None
