"""The figures by name, in the order in which `make gauntlet` runs them."""

from __future__ import annotations

from benchmarks.gauntlet.figures.clocks import a10
from benchmarks.gauntlet.figures.controls import a3
from benchmarks.gauntlet.figures.copies import a4
from benchmarks.gauntlet.figures.coupons import a5b
from benchmarks.gauntlet.figures.crashes import a5
from benchmarks.gauntlet.figures.embedded import a25
from benchmarks.gauntlet.figures.events import a6
from benchmarks.gauntlet.figures.last_unit import a1
from benchmarks.gauntlet.figures.ledger import a11
from benchmarks.gauntlet.figures.many_lines import a2
from benchmarks.gauntlet.figures.restarts import a7
from benchmarks.gauntlet.figures.size import a22
from benchmarks.gauntlet.figures.sockets import a15, a16
from benchmarks.gauntlet.figures.twice import a9

FIGURES = {
    "A1": a1,
    "A2": a2,
    "A3": a3,
    "A4": a4,
    "A5": a5,
    "A5B": a5b,
    "A6": a6,
    "A7": a7,
    "A9": a9,
    "A10": a10,
    "A11": a11,
    "A15": a15,
    "A16": a16,
    "A22": a22,
    "A25": a25,
}
