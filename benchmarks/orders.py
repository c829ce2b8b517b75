"""Measure orders: `make bench ARGS="--orders"`, on a PostgreSQL that syncs.

Two figures, each a ratio within one run. Placing an order in the process, beside pgbench with the
very statements that placing sends, eight clients each. And a whole checkout over HTTP through the
API (two goods into the cart, the quote, the order, the payment), beside what django-oscar does on
the same servers: paid within the process, then at Stripe's simulator.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import time
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

CLIENTS, WORKERS = 8, 4
AT_LEAST = 8  # percent of pgbench
FASTER = 6  # than django-oscar, at least
VARIANTS = "SELECT v.uuid FROM catalog_variant v JOIN catalog_stockitem s ON s.variant_id = v.id"


def report(number: int) -> int:
    """Print both. `number` orders are placed by each side of the first, half of that over HTTP.

    Returns 1 where a ratio with the provider in the process is below what is asked, else 0.
    """
    beside, share, faster = None, 0.0, 0.0
    for provider in ("test", "stripe"):
        with rigs.running(provider) as rig:
            rig.is_wired = False
            if provider == "test":
                share = placing(rig, number)
                rig.close_market()
                beside = at_oscar(rig, number // 4)
                faster = checking_out(rig, number // 2, beside)
            else:
                checking_out(rig, number // 2, beside)
    return int(share < AT_LEAST or faster < FASTER)


def at_oscar(rig: Rig, number: int) -> oscar.Measured:
    found = oscar.measured(
        rig.cluster, rig.redis_url, orders=number, clients=CLIENTS, workers=WORKERS
    )
    print(f"\na whole checkout at django-oscar's pages, {CLIENTS} clients, {WORKERS} workers")
    print(f"  orders per second     {found.per_second:10.1f}")
    print(f"  CPU ms per order      {found.milliseconds:10.1f}", flush=True)
    return found


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


def checking_out(rig: Rig, number: int, beside: oscar.Measured) -> float:
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

    run(buyers[:16])
    started, before = time.monotonic(), rig.cpu_seconds()
    orders = run(buyers[16:])
    seconds, after = time.monotonic() - started, rig.cpu_seconds()
    if not all(orders):
        raise SystemExit(f"not every checkout came through: {dict(journal.statuses)}")
    cpu = {name: 1000 * (after[name] - before[name]) / number for name in after}
    rate, each = number / seconds, cpu["web"] + cpu["postgres"] + cpu["redis"]
    print(f"\na whole checkout over HTTP, {CLIENTS} clients, {WORKERS} workers, {rig.provider}")
    faster, share = rate / beside.per_second, each / beside.milliseconds
    print(f"  orders per second     {rate:10.1f}, {faster:.1f} × django-oscar's, {FASTER} × asked")
    print(f"  CPU ms per order      {each:10.1f}, {share:.2f} × django-oscar's")
    words = ", ".join(f"{name} {spent:.1f}" for name, spent in cpu.items())
    print(f"  of which              {words}")
    print(
        "  (counted: web with the provider's webhooks, PostgreSQL, Redis. The worker's and beat's "
        "come after the answer; clients and the provider's simulator are not the server's)"
    )
    return faster


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
