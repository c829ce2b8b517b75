"""A10: clocks that are wrong. The database's decides every end of a hold."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.gauntlet import clock, digest, driver
from benchmarks.gauntlet.figures.figure import Size, Verdict
from benchmarks.gauntlet.figures.twice import END_THE_HOLDS
from benchmarks.gauntlet.judge import Judge
from benchmarks.gauntlet.rig import DATABASE, Rig
from tests.production.compose import ROOT
from tests.production.market import PROXIED

BUYERS, HOUR, SKEW = 40, 3600, 25  # seconds
STATES = "SELECT state, count(*) FROM orders_order GROUP BY state ORDER BY state"
ANALYTICS = ["analytics_dailysales", "orders_order", "orders_orderline", "catalog_stockitem"]
PERSON = {"email": "ana@example.test", "password": "correct horse battery"}
SIGN_UP = f"""
from accounts.tests.factories import make_user
make_user("ana", email="{PERSON["email"]}")
"""


def a10(rig: Rig, size: Size) -> Iterator[Verdict]:
    """Web an hour ahead, the worker an hour behind: no early end, no second one, no lost token."""
    judge = Judge(rig)
    rig.open_market("web")
    number = size.of(BUYERS, at_least=10)
    buyers = rig.make_world(buyers=number, stock=number * 2, skus=4, seed=size.seed)
    rig.restart("web", **off_by(HOUR))
    for name in ("worker", "beat"):
        rig.start(name, **off_by(-HOUR))
    paid = number // 2
    pays = {buyer["name"] for buyer in buyers[:paid]}
    asyncio.run(
        driver.everybody(
            buyers,
            lambda shopper, buyer: shopper.buy(buyer, pays=buyer["name"] in pays),
            port=rig.port,
            journal=rig.journal(),
            seed=size.seed,
            in_flight=4,
        )
    )
    released = rig.market.log("worker").count("release_expired")
    rig.wait_until(
        "release_expired has run", lambda: runs_of(rig, "release_expired") > released + 1
    )
    fresh = {"awaiting_payment": number - paid, "paid": paid}
    judge.equal("fresh and paid orders", dict(judge.rows(STATES)), fresh)

    with rig.cluster.connect(DATABASE) as connection:
        connection.execute(END_THE_HOLDS)
    ended = {"expired": number - paid, "paid": paid}
    rig.wait_until("the holds end", lambda: dict(judge.rows(STATES)) == ended)
    judge.equal("when the holds have ended", dict(judge.rows(STATES)), ended)
    nothing_the_second_time(rig, judge)
    tokens_are_taken(rig, judge)
    judge.audit()
    yield "", judge


def off_by(seconds: int) -> dict[str, str]:
    folder = Path(clock.__file__).parent
    return {"PYTHONPATH": f"{folder}:{ROOT}", "GAUNTLET_CLOCK": str(seconds)}


def runs_of(rig: Rig, task: str) -> int:
    return rig.market.log("worker").count(task)


def nothing_the_second_time(rig: Rig, judge: Judge) -> None:
    seen = []
    for _ in range(2):
        for command in ("release_expired", "rollup_analytics"):
            done = rig.manage(command)
            judge.require(f"{command}: {done.stderr[-300:]}", done.returncode == 0)
        with rig.cluster.connect(DATABASE) as connection:
            seen.append(digest.digests(connection, ANALYTICS))
    judge.equal("what the second run changed", seen[1], seen[0])


def tokens_are_taken(rig: Rig, judge: Judge) -> None:
    """Issued by a process whose clock is off, and taken by one whose clock is right."""
    rig.manage("shell", "-c", SIGN_UP)
    for seconds in (SKEW, -SKEW):
        rig.restart("web", API_NEEDS_CONFIRMED_EMAIL="0", **off_by(seconds))
        access = asked(rig, "POST", "/api/v1/auth/token/", PERSON)["access"]
        rig.restart("web")
        me = asked(rig, "GET", "/api/v1/users/me/", None, Authorization=f"Bearer {access}")
        judge.equal(f"who a token of {seconds:+d} s is", me.get("email"), PERSON["email"])


def asked(rig: Rig, method: str, path: str, body: Any, **headers: str) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{rig.port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers=PROXIED | {"Content-Type": "application/json"} | headers,
        method=method,
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
