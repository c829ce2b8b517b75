"""A7: PostgreSQL goes away and comes back, and commits whose reply nobody gets."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator

from benchmarks.gauntlet import driver
from benchmarks.gauntlet.chaos import Chaos, striking
from benchmarks.gauntlet.driver import Journal
from benchmarks.gauntlet.figures.figure import Size, Verdict
from benchmarks.gauntlet.figures.last_unit import SKUS, judged
from benchmarks.gauntlet.rig import Rig

EVERY, SWALLOWED, HEALTHY = 20, 200, 5  # seconds, replies, seconds


class Restarts:
    """Shoots PostgreSQL, and watches what `/readyz` says of it."""

    def __init__(self, rig: Rig, chaos: Chaos) -> None:
        self.rig, self.chaos = rig, chaos
        self.said: list[tuple[int, str]] = []
        self.seconds: list[float] = []

    def strike(self) -> None:
        self.rig.cluster.stop(signal.SIGQUIT)
        status, body = self.rig.market.fetch("/readyz")
        self.said.append((status, "database" if b'"database": "unavailable"' in body else ""))
        self.rig.cluster.start()
        started = time.monotonic()
        while self.rig.market.fetch("/readyz")[0] != 200 and time.monotonic() - started < 30:
            time.sleep(0.1)
        self.seconds.append(time.monotonic() - started)
        self.chaos.done["restart of PostgreSQL"] += 1


def a7(rig: Rig, size: Size) -> Iterator[Verdict]:
    """A1 with a restart of PostgreSQL every 20 s and 200 commits whose reply is swallowed."""
    rig.open_market()
    deadlocks, journal, chaos = rig.cluster.deadlocks(), rig.journal(), Chaos(rig, size.seed)
    units, replies = size.of(1000, at_least=SKUS), size.of(SWALLOWED, at_least=10)
    buyers = rig.make_world(
        buyers=size.of(10_000), stock=units, skus=min(SKUS, units), seed=size.seed
    )
    restarts = Restarts(rig, chaos)
    asyncio.run(storm(rig, buyers, journal, chaos, restarts, replies, size))

    judge = judged(rig, journal, units, deadlocks)
    judge.facts["chaos"] = chaos.words()
    judge.at_least("replies swallowed", rig.to_postgres.swallowed, replies)
    judge.require("PostgreSQL was never restarted", bool(restarts.said))
    judge.equal("what /readyz said meanwhile", set(restarts.said), {(503, "database")})
    judge.at_most("seconds until healthy", max(restarts.seconds, default=0), HEALTHY)
    judge.equal("503 without Retry-After", journal.bare_503, 0)
    yield "", judge


async def storm(
    rig: Rig,
    buyers: list[dict[str, str]],
    journal: Journal,
    chaos: Chaos,
    restarts: Restarts,
    replies: int,
    size: Size,
) -> None:
    async def swallow() -> None:
        # Spread over the storm: every tenth of a second one more, until all are gone.
        while rig.to_postgres.swallowed < replies:
            rig.to_postgres.tell("swallow 1")
            await asyncio.sleep(0.1)

    async with striking(
        swallow(),
        chaos.every(EVERY if size.scale >= 1 else EVERY / 2, restarts.strike),
        chaos.every(1, chaos.revive),
    ):
        await driver.everybody(
            buyers,
            lambda shopper, buyer: shopper.buy(buyer),
            port=rig.port,
            journal=journal,
            seed=size.seed,
        )
