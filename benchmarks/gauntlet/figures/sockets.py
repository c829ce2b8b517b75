"""A15: who may open a socket, and is put out of it; A16 so far: clients that do not read."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.gauntlet.figures.figure import Size, Verdict
from benchmarks.gauntlet.figures.ledger import judged, run
from benchmarks.gauntlet.rig import Rig

LEAVERS, SLOW, FRAMES = 100, 50, 6_000
MOST_KILOBYTES = 150_000


def a15(rig: Rig, size: Size) -> Iterator[Verdict]:
    """10 origins × 14 credentials × every socket; 100 of 100 are put out within 5 s."""
    told = run(rig, size, "tests/sockets/test_handshakes.py", "", LEAVERS=str(size.of(LEAVERS)))
    judge = judged(rig, told)
    judge.at_least("sign-outs and new passwords", told.get("put out", 0), size.of(LEAVERS))
    yield "", judge


def a16(rig: Rig, size: Size) -> Iterator[Verdict]:
    """50 clients that do not read, under uvicorn and daphne; then Redis restarts."""
    frames = {"SLOW_CLIENTS": str(size.of(SLOW)), "SLOW_FRAMES": str(size.of(FRAMES, 1200))}
    told = run(rig, size, "tests/sockets/test_slow_clients.py", "", **frames)
    judge = judged(rig, told)
    for server in ("uvicorn", "daphne"):
        what = f"kilobytes that {server} grew by"
        judge.at_most(what, told.get(what, MOST_KILOBYTES + 1), MOST_KILOBYTES)
    yield "slow clients", judge
    yield (
        "restart of Redis",
        judged(rig, run(rig, size, "tests/sockets/test_redis_restart.py", "")),
    )
