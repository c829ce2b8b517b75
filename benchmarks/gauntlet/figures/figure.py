"""What every figure takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.gauntlet.judge import Judge
from benchmarks.gauntlet.rig import Rig


@dataclass(frozen=True)
class Size:
    """How much of the full size, and from which seed."""

    seed: int = 1
    scale: float = 1.0

    def of(self, full: int, at_least: int = 1) -> int:
        return max(at_least, round(full * self.scale))


# A figure yields a verdict for each of its parts: the part's name, and who judged it.
Verdict = tuple[str, Judge]
Figure = Callable[[Rig, Size], Iterator[Verdict]]
