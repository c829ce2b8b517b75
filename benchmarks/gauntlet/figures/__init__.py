"""The figures by name, in the order in which `make gauntlet` runs them."""

from __future__ import annotations

from benchmarks.gauntlet.figures.last_unit import a1
from benchmarks.gauntlet.figures.many_lines import a2

FIGURES = {"A1": a1, "A2": a2}
