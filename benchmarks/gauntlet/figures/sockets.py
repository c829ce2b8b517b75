"""A15: who may open a socket, and is put out of it; A16: chat under load."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.gauntlet import cluster as postgres
from benchmarks.gauntlet.figures.figure import Size, Verdict
from benchmarks.gauntlet.figures.ledger import judged, run
from benchmarks.gauntlet.rig import Rig

LEAVERS, SLOW, FRAMES, ASLEEP = 100, 50, 6_000, 120
MOST_KILOBYTES = 150_000
# One conversation of 2,000 messages with the slow in it, 95 others with ten people at each.
LOUD, QUIET, QUIET_MESSAGES, READERS, AWAY, COME_BACK = 2_000, 95, 42, 10, 30, 300
MOST_MILLISECONDS = 500
GROWN, P99 = "kilobytes that a server grew by", "p99 of delivery in ms"
TOLD, THROUGH = "slow readers told 4408", "messages a second that came through"
FACTS = ("messages", THROUGH, "sockets", "reconnects", "seconds they slept")
DATABASE = "chat"
CONVERSATIONS = "tests/sockets/test_chat.py::test_everybody_ends_with_every_message_in_order_once"


def a15(rig: Rig, size: Size) -> Iterator[Verdict]:
    """10 origins × 14 credentials × every socket; 100 of 100 are put out within 5 s."""
    told = run(rig, size, "tests/sockets/test_handshakes.py", "", LEAVERS=str(size.of(LEAVERS)))
    judge = judged(rig, told)
    judge.at_least("sign-outs and new passwords", told.get("put out", 0), size.of(LEAVERS))
    yield "", judge


def a16(rig: Rig, size: Size) -> Iterator[Verdict]:
    """1,000 sockets of which 50 do not read, 300 come back, Redis restarts: nothing is missing."""
    # By the processes of production, on a database of their own.
    rig.cluster.make_database(DATABASE, postgres.TEMPLATE)
    production = {"CHAT_DATABASE_URL": f"{rig.cluster.url}/{DATABASE}"}
    told = run(rig, size, CONVERSATIONS, "", **_crowd(size), **production)
    judge = judged(rig, told)
    judge.at_most(GROWN, told.get(GROWN, MOST_KILOBYTES + 1), MOST_KILOBYTES)
    judge.at_most(P99, told.get(P99, MOST_MILLISECONDS + 1), MOST_MILLISECONDS)
    judge.equal(TOLD, told.get(TOLD, 0), size.of(SLOW))
    judge.facts |= {what: told.get(what) for what in FACTS}
    yield "conversations", judge

    crowd = {
        "SLOW_CLIENTS": str(size.of(SLOW)), "SLOW_FRAMES": str(size.of(FRAMES, 1200)),
        "SLOW_SECONDS": str(ASLEEP),
    }  # fmt: skip
    told = run(rig, size, "tests/sockets/test_slow_clients.py", "", **crowd)
    judge = judged(rig, told)
    for server in ("uvicorn", "daphne"):
        what = f"kilobytes that {server} grew by"
        judge.at_most(what, told.get(what, MOST_KILOBYTES + 1), MOST_KILOBYTES)
        what = f"sleepers that {server} told 4408"
        judge.equal(what, told.get(what, 0), size.of(SLOW))
    yield "slow clients", judge
    yield (
        "restart of Redis",
        judged(rig, run(rig, size, "tests/sockets/test_redis_restart.py", "")),
    )


def _crowd(size: Size) -> dict[str, str]:
    sizes = {
        "LOUD": size.of(LOUD, 320), "QUIET": size.of(QUIET), "QUIET_MESSAGES": QUIET_MESSAGES,
        "SLOW": size.of(SLOW), "READERS": READERS, "LEAVERS": size.of(COME_BACK),
        "OFFLINE_SECONDS": AWAY, "SECONDS": 600,
    }  # fmt: skip
    return {f"CHAT_{name}": str(number) for name, number in sizes.items()}
