"""What goes wrong on request: slow, broken, silent or held answers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass
class Fault:
    """`on` names an operation ("refunds.create"), a movement of money ("capture"), or is "*".

    `do` is `latency` (wait `ms`, before), `hold` (keep the answer back for `ms`, or until it is
    released), `error` (500) or `drop` (the connection is closed without an answer). `when` says
    whether the work is done: `before` or `after` it. `times` bounds how often, `rate` how likely.
    """

    on: str
    do: str
    when: str = "after"
    ms: int = 0
    rate: float = 1.0
    times: int | None = None


class Faults:
    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._random = random.Random(0)
        self._released = asyncio.Event()
        self.held: list[str] = []
        self.held_ever = 0
        self._somebody_held = asyncio.Condition()

    def set(self, faults: Iterable[dict[str, Any]], seed: int = 0) -> None:
        self._faults = [Fault(**fault) for fault in faults]
        self._random = random.Random(seed)

    def take(self, names: Iterable[str], when: str) -> list[Fault]:
        """The faults that strike now, each counted."""
        names = {*names, "*"}
        struck = []
        for fault in self._faults:
            if fault.on not in names or fault.when != when or fault.times == 0:
                continue
            if self._random.random() < fault.rate:
                fault.times = None if fault.times is None else fault.times - 1
                struck.append(fault)
        return struck

    async def hold(self, operation: str, ms: int) -> None:
        """Keep an answer back, and let who waits for that know."""
        self.held.append(operation)
        self.held_ever += 1
        async with self._somebody_held:
            self._somebody_held.notify_all()
        try:
            await asyncio.wait_for(self._released.wait(), ms / 1000)
        except TimeoutError:
            return
        finally:
            self.held.remove(operation)

    def release(self) -> None:
        self._released.set()
        self._released = asyncio.Event()

    async def wait_for_hold(self, seconds: float) -> bool:
        """Whether an answer is being held, at the latest after `seconds`."""
        try:
            async with asyncio.timeout(seconds), self._somebody_held:
                await self._somebody_held.wait_for(lambda: bool(self.held))
        except TimeoutError:
            return False
        return True
