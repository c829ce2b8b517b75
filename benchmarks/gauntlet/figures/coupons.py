"""A5b: a promotion with a limit, raced for; what is given back can be used again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from benchmarks.gauntlet import driver
from benchmarks.gauntlet.driver import Journal, Shopper
from benchmarks.gauntlet.figures.figure import Size, Verdict
from benchmarks.gauntlet.figures.many_lines import order
from benchmarks.gauntlet.judge import Judge
from benchmarks.gauntlet.rig import Rig

USES, BUYERS, TRIES, CANCELLED = 100, 2000, 3, 10
USED = "SELECT count(*) FROM orders_redemption WHERE state = 'used'"
COUNTED = "SELECT used FROM carts_promotion"
TWICE = """
    SELECT buyer_key FROM orders_redemption WHERE state = 'used'
    GROUP BY buyer_key HAVING count(*) > 1
"""


def a5b(rig: Rig, size: Size) -> Iterator[Verdict]:
    """100 uses, one for each buyer: 2,000 buyers with 3 tries each; 10 cancel, 10 more can."""
    rig.open_market("web", "worker")
    deadlocks, journal = rig.cluster.deadlocks(), rig.journal()
    uses, back = size.of(USES, at_least=10), size.of(CANCELLED, at_least=2)
    number = size.of(BUYERS, at_least=100)
    late = back * 3
    carts = rig.make_world(
        buyers=(number + late) * TRIES,
        stock=number * TRIES * 10,
        skus=5,
        coupon_uses=uses,
        tries=TRIES,
        seed=size.seed,
    )
    first, second = carts[: number * TRIES], carts[number * TRIES :]

    judge = Judge(rig, journal)
    placed = [found for found in race(rig, first, journal, size.seed) if found]
    exact(judge, "at first", uses)
    cancelled = asyncio.run(cancel(rig, journal, placed[:back]))
    judge.equal("cancelled", cancelled, [201] * back)
    exact(judge, "after cancelling", uses - back)
    race(rig, second, journal, size.seed)
    exact(judge, "in the end", uses)
    judge.deadlocks(deadlocks)
    judge.answers("409", "503")
    judge.audit()
    yield "", judge


def race(
    rig: Rig, carts: list[dict[str, str]], journal: Journal, seed: int
) -> list[dict[str, Any] | None]:
    """Everybody orders with the coupon. The orders, None for who was refused."""
    return asyncio.run(driver.everybody(carts, order, port=rig.port, journal=journal, seed=seed))


def exact(judge: Judge, when: str, uses: int) -> None:
    judge.equal(f"redemptions {when}", judge.value(USED), uses)
    judge.equal(f"counted {when}", judge.value(COUNTED), uses)
    judge.equal(f"buyers with two {when}", len(judge.rows(TWICE)), 0)


async def cancel(rig: Rig, journal: Journal, orders: list[dict[str, Any]]) -> list[int]:
    async def give_up(shopper: Shopper, placed: dict[str, Any]) -> int:
        path = f"/api/v1/orders/{placed['number']}/cancellation/"
        answer = await shopper.ask("POST", path, None, {"X-Order-Token": placed["token"]})
        return answer.status

    return await driver.everybody(
        orders, give_up, port=rig.port, journal=journal, seed=0, in_flight=4
    )
