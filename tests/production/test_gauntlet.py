"""The gauntlet at a tenth of its size: `make gauntlet` runs all of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.gauntlet import rig as rigs
from benchmarks.gauntlet.figures import FIGURES
from benchmarks.gauntlet.figures.figure import Size
from benchmarks.gauntlet.rig import Rig

pytestmark = pytest.mark.processes

# Fifty buyers for five units on SQLite; the servers for a tenth of the others.
A_TENTH = Size(seed=1, scale=0.1)
# How fast it is, is for `make gauntlet` to say: other programs may run beside this.
OF_TIME = ("seconds", "p99 of answers, seconds", "checkouts a second")


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with rigs.running() as rig:
        yield rig


@pytest.mark.parametrize("figure", ["A1", "A2", "A4"])
def test_what_is_promised_holds_at_a_tenth(rig, figure):
    for part, judge in FIGURES[figure](rig, A_TENTH):
        wrong = [problem for problem in judge.problems if not problem.startswith(OF_TIME)]
        assert not wrong, (figure, part, wrong, judge.facts)


def test_the_demo_server_sells_exactly_what_is_there():
    ((_, judge),) = FIGURES["A25"](None, A_TENTH)

    assert not judge.problems, judge.facts
