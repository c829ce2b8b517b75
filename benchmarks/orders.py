"""Measure orders: `make bench ARGS="--orders"`, on a PostgreSQL that syncs.

Two figures, each a ratio within one run. Placing an order in the process, beside pgbench with the
very statements that placing sends, eight clients each. And a whole checkout over HTTP through the
API (two goods into the cart, the quote, the order, the payment), beside what django-oscar does on
the same servers: paid within the process, then at Stripe's simulator. The two take turns, for a
machine changes its pace within minutes, and the median of the turns counts.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import oscar
from benchmarks.gauntlet import driver
from benchmarks.gauntlet import rig as rigs
from benchmarks.gauntlet.driver import Shopper
from benchmarks.gauntlet.http import Answer
from benchmarks.gauntlet.rig import DATABASE, Rig
from tests.production.compose import ROOT
from tests.servers.throwaway_postgres import binaries

CLIENTS, WORKERS, TURNS = 8, 4, 3
AT_LEAST = 8  # percent of pgbench
FASTER = 6  # than django-oscar, at least
WAITING = "SELECT count(*) FROM core_outboxevent WHERE done_at IS NULL"
VARIANTS = "SELECT v.uuid FROM catalog_variant v JOIN catalog_stockitem s ON s.variant_id = v.id"


@dataclass(frozen=True)
class Ours:
    """One turn: of each process the milliseconds of CPU per order."""

    per_second: float
    cpu: dict[str, float]

    @property
    def milliseconds(self) -> float:
        return self.cpu["web"] + self.cpu["postgres"] + self.cpu["redis"]


def report(number: int) -> int:
    """Print both. `number` orders are placed by each side of the first, half of that over HTTP.

    Returns 1 where a ratio with the provider in the process is below what is asked, else 0.
    """
    with rigs.running("test") as rig:
        rig.is_wired = False
        share = placing(rig, number)
        rig.close_market()
        faster = checking_out(rig, number // 2)
    with rigs.running("stripe") as rig:
        rig.is_wired = False
        checking_out(rig, number // 2)
    return int(share < AT_LEAST or faster < FASTER)


def placing(rig: Rig, number: int) -> float:
    """Percent of what pgbench does."""
    rig.open_market("web")
    rig.stop("web")
    script = rig.folder / "placing.sql"
    made = prepared(rig, script, carts=2 * number + 3)
    seconds = placed(rig, made["first"], number)
    per_second = pgbench(rig, script, made["first"] + number, number)
    share = 100 * number / seconds / per_second if per_second else 0.0
    print(f"\nplacing an order: 3 lines, 2 shops, {made['statements']} statements")
    print(f"  in {WORKERS} processes      {number / seconds:10.1f} per second")
    print(f"  pgbench, the same     {per_second:10.1f} per second, {CLIENTS} clients")
    print(f"  ratio                 {share:10.1f} %, at least {AT_LEAST} %", flush=True)
    return share


def prepared(rig: Rig, script: Path, carts: int) -> dict[str, int]:
    arguments = ["prepare", f"--carts={carts}", f"--script={script}"]
    done = subprocess.run(
        command(*arguments), cwd=ROOT, env=direct(rig), capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return json.loads(done.stdout)


def placed(rig: Rig, first: int, number: int) -> float:
    """The seconds that `number` orders took, in as many processes as the site has."""
    each = number // WORKERS
    processes = [
        subprocess.Popen(
            command("work", f"--first={first + each * place}", f"--number={each}"),
            cwd=ROOT,
            env=direct(rig),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for place in range(WORKERS)
    ]
    for process in processes:
        if process.stdout.readline() != "ready\n":
            raise SystemExit("a process that places orders did not start")
    started = time.monotonic()
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        if process.wait():
            raise SystemExit("a process that places orders failed")
    return time.monotonic() - started


def pgbench(rig: Rig, script: Path, base: int, number: int) -> float:
    """Transactions a second; 0 where there is no pgbench."""
    beside = binaries()[0] / "pgbench"
    program = str(beside) if beside.exists() else shutil.which("pgbench")
    if program is None:
        print("no pgbench on this machine: no ratio")
        return 0.0
    each = number // CLIENTS
    options = ["-n", "-M", "simple", "-c", CLIENTS, "-j", 2, "-t", each, "-f", script]
    options += ["-D", "n=-1", "-D", f"base={base}", "-D", f"each={each}"]
    where = ["-h", "127.0.0.1", "-p", rig.cluster.port, "-U", "postgres", DATABASE]
    done = subprocess.run([program, *map(str, [*options, *where])], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("tps = ")]
    return float(line.split()[2])


def checking_out(rig: Rig, number: int) -> float:
    """How often the rate of django-oscar."""
    rig.open_market()
    rig.make_world(buyers=1, stock=1_000_000, skus=100, shops=2)
    with rig.cluster.connect(DATABASE) as connection:
        variants = [str(uuid) for (uuid,) in connection.execute(VARIANTS)]
    journal = rig.journal()
    buyers = [{"name": f"b{n}", "email": f"b{n}@rehearsal.invalid"} for n in range(number + 16)]

    async def check_out(shopper: Shopper, buyer: dict[str, str]) -> Any:
        return await through_the_door(shopper, buyer, shopper.rng.sample(variants, 2))

    def run(some: list[dict[str, str]]) -> list[Any]:
        return asyncio.run(
            driver.everybody(
                some, check_out, port=rig.port, journal=journal, seed=1, in_flight=CLIENTS
            )
        )

    def ours(some: list[dict[str, str]]) -> Ours:
        started, before = time.monotonic(), rig.cpu_seconds()
        orders = run(some)
        seconds, after = time.monotonic() - started, rig.cpu_seconds()
        if not all(orders):
            raise SystemExit(f"not every checkout came through: {dict(journal.statuses)}")
        cpu = {name: 1000 * (after[name] - before[name]) / len(some) for name in after}
        return Ours(len(some) / seconds, cpu)

    def is_all_told() -> bool:
        with rig.cluster.connect(DATABASE) as connection:
            return connection.execute(WAITING).fetchone() == (0,)

    turns = []
    with oscar.running(rig.cluster, rig.redis_url, WORKERS) as theirs:
        run(buyers[:16])
        theirs.measure(orders=16, clients=CLIENTS)
        for some in batched(buyers[16:], number // TURNS):
            # Our worker, which is behind after our turn, takes nothing from theirs.
            rig.wait_until("what happened is told", is_all_told)
            beside = theirs.measure(orders=number // 2 // TURNS, clients=CLIENTS)
            turns.append((beside, ours(some)))
    return said(rig, turns)


def said(rig: Rig, turns: list[tuple[oscar.Measured, Ours]]) -> float:
    """Prints the turns, and how often the rate of django-oscar ours is in the middle one."""
    faster = statistics.median(mine.per_second / theirs.per_second for theirs, mine in turns)
    less = statistics.median(mine.milliseconds / theirs.milliseconds for theirs, mine in turns)
    print(f"\na whole checkout over HTTP, {CLIENTS} clients, {WORKERS} workers, {rig.provider}")
    print("  orders per second: django-oscar's pages, ours; CPU ms per order")
    for theirs, mine in turns:
        words = ", ".join(f"{name} {spent:.1f}" for name, spent in mine.cpu.items())
        print(f"  {theirs.per_second:8.1f} {mine.per_second:8.1f}", end="")
        print(f"  {theirs.milliseconds:8.1f} {mine.milliseconds:8.1f} ({words})")
    print(f"  orders per second     {faster:10.1f} × django-oscar's, {FASTER} × asked")
    print(f"  CPU ms per order      {less:10.2f} × django-oscar's")
    print(
        "  (counted: web with the provider's webhooks, PostgreSQL, Redis. The worker's and beat's "
        "come after the answer; clients and the provider's simulator are not the server's)",
        flush=True,
    )
    return faster


def batched(buyers: list[dict[str, str]], size: int) -> list[list[dict[str, str]]]:
    """Those of each turn."""
    return [buyers[start : start + size] for start in range(0, size * TURNS, size)]


async def through_the_door(shopper: Shopper, buyer: dict[str, str], wanted: list[str]) -> Any:
    """Two goods into a new cart, its quote, the order, the payment."""
    for variant in wanted:
        who = {"X-Cart-Token": buyer["token"]} if "token" in buyer else {}
        body = {"variant": variant, "quantity": 1}
        cart = await answered(shopper, "POST", "/api/v1/cart/items/", body, who)
        buyer["token"] = cart.data["token"]
    who = {"X-Cart-Token": buyer["token"]}
    cart = await answered(shopper, "PATCH", "/api/v1/cart/", {"country": "IE"}, who)
    buyer["quote"] = cart.data["quote"]
    return await shopper.buy(buyer)


async def answered(shopper: Shopper, *request: Any) -> Answer:
    """Asked again where no answer came: the server closes connections that rest for 2 s."""
    while not (answer := await shopper.ask(*request)).status:
        pass
    return answer


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "benchmarks.placing", *arguments]


def direct(rig: Rig) -> dict[str, str]:
    """The market's environment, past the wires."""
    return rig.market.environment | {"DATABASE_URL": f"{rig.cluster.url}/{DATABASE}"}
