"""Somebody who kills: web workers, Celery's children, PostgreSQL, by a seeded clock."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable

from benchmarks.gauntlet.rig import Rig


class Chaos:
    def __init__(self, rig: Rig, seed: int) -> None:
        self.rig, self.rng = rig, random.Random(f"chaos-{seed}")
        self.done: Counter[str] = Counter()

    async def every(self, seconds: float, strike: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(seconds)
            await asyncio.to_thread(strike)

    def kill_web_worker(self) -> None:
        self._kill("web worker", self.rig.web_workers())

    def kill_celery_child(self) -> None:
        self._kill("Celery child", self.rig.worker_children())

    def restart_postgres(self) -> None:
        self.rig.cluster.restart_at_once()
        self.done["restart of PostgreSQL"] += 1

    def swallow_commits(self, number: int) -> None:
        self.rig.to_postgres.tell(f"swallow {number}")

    def revive(self) -> None:
        self.done["process that ended by itself"] += len(self.rig.revive())

    def words(self) -> str:
        return ", ".join(f"{number} × {what}" for what, number in self.done.items() if number)

    def _kill(self, what: str, pids: list[int]) -> None:
        if not pids:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.rng.choice(sorted(pids)), signal.SIGKILL)
            self.done[what] += 1


@contextlib.asynccontextmanager
async def striking(*strikes: AsyncIterator) -> AsyncIterator[None]:
    """Run the coroutines beside the block, and end them with it."""
    tasks = [asyncio.ensure_future(strike) for strike in strikes]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
