"""A1: buyers race for the last unit while processes die."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from benchmarks.gauntlet import driver
from benchmarks.gauntlet.chaos import Chaos, striking
from benchmarks.gauntlet.driver import Journal
from benchmarks.gauntlet.figures.figure import Size, Verdict
from benchmarks.gauntlet.judge import OVERSOLD, STOCK, UNITS, Judge
from benchmarks.gauntlet.rig import Rig

SKUS = 50
SECONDS, LONGEST = 300, 3  # for all of it at full size; for the 99th percentile of answers


def a1(rig: Rig, size: Size) -> Iterator[Verdict]:
    """10,000 checkouts for 1,000 units over 50 SKUs, under SIGKILL and a restart of PostgreSQL."""
    rig.open_market()
    deadlocks, journal, chaos = rig.cluster.deadlocks(), rig.journal(), Chaos(rig, size.seed)
    units = size.of(1000, at_least=SKUS)
    buyers = rig.make_world(
        buyers=size.of(10_000), stock=units, skus=min(SKUS, units), seed=size.seed
    )
    started = time.monotonic()
    asyncio.run(storm(rig, buyers, journal, chaos, size.seed))
    seconds = time.monotonic() - started

    judge = judged(rig, journal, units, deadlocks)
    judge.facts |= {"checkouts": len(buyers), "chaos": chaos.words(), "MiB": rig.memory()}
    judge.facts["per second"] = round(len(buyers) / seconds, 1)
    judge.at_most("seconds", seconds, max(60, SECONDS * size.scale))
    judge.at_most("p99 of answers, seconds", journal.percentile(99), LONGEST)
    yield "", judge


async def storm(
    rig: Rig, buyers: list[dict[str, str]], journal: Journal, chaos: Chaos, seed: int
) -> None:
    """Everybody buys and pays; PostgreSQL is shot when half of them are done."""
    half = asyncio.Event()

    def reached(done: int) -> None:
        if done >= len(buyers) // 2:
            half.set()

    async def shoot_postgres() -> None:
        await half.wait()
        await asyncio.to_thread(chaos.restart_postgres)

    async with striking(
        chaos.every(2, chaos.kill_web_worker),
        chaos.every(5, chaos.kill_celery_child),
        chaos.every(1, chaos.revive),
        shoot_postgres(),
    ):
        await driver.everybody(
            buyers,
            lambda shopper, buyer: shopper.buy(buyer),
            port=rig.port,
            journal=journal,
            seed=seed,
            reached=reached,
        )


def judged(rig: Rig, journal: Journal, units: int, deadlocks: int) -> Judge:
    """What A1 promises of stock and money, and A7 too."""
    judge = Judge(rig, journal)
    judge.equal("units sold", int(judge.value(UNITS)), units)
    judge.equal("units on the shelf", int(judge.value(STOCK)), units)
    judge.equal("variants oversold", len(judge.rows(OVERSOLD)), 0)
    judge.nobody_has_two()
    judge.ledger_is_zero()
    judge.journal_agrees()
    judge.deadlocks(deadlocks)
    judge.answers("409", "503")
    judge.audit()
    return judge
