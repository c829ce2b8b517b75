"""Measure the pages and orders of the production shape: `make bench ARGS="--products 10000"`.

Starts PostgreSQL, Redis and gunicorn (by the compose file's command) for itself, fills the market
with `seed_market`, and asks for each page over a few kept connections. What counts is the server's
CPU per request, all its processes together, and the ratio to the smallest page of the same run:
machines differ and are noisy, ratios less so. Where other programs took part of the CPU, the last
line says how much; above a fifth, throw the run away.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import psycopg

from benchmarks import orders, sockets
from tests.production.market import PROXIED, ROOT, Market, migrated_market

SMALLEST = "/healthz"
TICKS = os.sysconf("SC_CLK_TCK")
# Everybody asks once: one address would soon be told to wait.
visitors = itertools.count(int(ip_address("10.0.0.1")))


@dataclass
class Figures:
    path: str
    milliseconds: list[float]
    cpu: float  # of the server, milliseconds per request
    seconds: float

    def line(self, smallest: float) -> str:
        p50, p99 = (statistics.quantiles(self.milliseconds, n=100)[n] for n in (49, 98))
        rate = len(self.milliseconds) / self.seconds
        ratio = self.cpu / smallest if smallest else float("nan")
        return f"{self.path:<44.44} {rate:8.0f} {p50:8.1f} {p99:8.1f} {self.cpu:9.2f} {ratio:8.1f}"


def main(arguments: list[str]) -> int:
    options = parsed(arguments)
    if options.sockets:
        sockets.report(options.sockets)
        return 0
    if not options.orders:
        measure_pages(options)
    orders.report(options.checkouts)
    return 0


def measure_pages(options: argparse.Namespace) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="marketflow-bench-") as folder,
        migrated_market(Path(folder)) as market,
    ):
        market.manage("seed_market", *seed_arguments(options))
        market.start("web")
        wait_for(market)
        report(market, options)


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--products", type=int, help="how many; else seed_market's own number")
    parser.add_argument("--requests", type=int, default=400, help="for each page")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--orders", action="store_true", help="orders only, no pages")
    parser.add_argument(
        "--sockets", type=int, nargs="?", const=1000, help="sockets only, so many of them"
    )
    parser.add_argument("--checkouts", type=int, default=800, help="orders that are placed")
    return parser.parse_args(arguments)


def seed_arguments(options: argparse.Namespace) -> list[str]:
    return ["--products", str(options.products)] if options.products else []


def wait_for(market: Market, seconds: int = 60) -> None:
    deadline = time.monotonic() + seconds
    while market.fetch("/readyz")[0] != 200:
        if time.monotonic() > deadline:
            raise SystemExit(f"the site did not start:\n{market.log('web')[-2000:]}")
        time.sleep(0.2)


def report(market: Market, options: argparse.Namespace) -> None:
    print(f"{time.strftime('%Y-%m-%d')}, {commit()}, Python {platform.python_version()}")
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {options.connections} connections"
    )
    print(f"\n{'page':<44} {'per s':>8} {'p50 ms':>8} {'p99 ms':>8} {'CPU ms':>9} {'ratio':>8}")
    started, idle, ours = time.monotonic(), idle_seconds(), cpu_seconds() + own_seconds()
    smallest = 0.0
    for path in [SMALLEST, *pages(market)]:
        figures = measured(market, path, options)
        smallest = smallest or figures.cpu
        print(figures.line(smallest), flush=True)
    capacity = (time.monotonic() - started) * (os.cpu_count() or 1)
    busy = capacity - (idle_seconds() - idle)
    others = max(0.0, busy - (cpu_seconds() + own_seconds() - ours))
    print(f"\nCPU taken by other programs: {others / capacity:.0%}")


def pages(market: Market) -> Iterator[str]:
    with psycopg.connect(market.environment["DATABASE_URL"]) as connection:

        def slug(table: str, condition: str = "true") -> str:
            query = f"select slug from {table} where {condition} order by id limit 1"
            return connection.execute(query).fetchone()[0]

        published = "state = 'published'"
        yield "/"
        yield f"/c/{slug('catalog_category')}/"
        yield "/search/?q=oak"
        yield f"/p/{slug('catalog_product', published)}/"
        yield f"/shops/{slug('accounts_shop')}/"
    yield from ["/cart/", "/api/v1/products/"]


def measured(market: Market, path: str, options: argparse.Namespace) -> Figures:
    each = max(options.requests // options.connections, 1)
    with ThreadPoolExecutor(options.connections) as pool:
        # Warm: every worker has loaded its templates, every cache is filled.
        list(pool.map(lambda _: ask(market, path, 5), range(options.connections)))
        started, cpu = time.monotonic(), cpu_seconds()
        answers = list(pool.map(lambda _: ask(market, path, each), range(options.connections)))
    seconds, cpu = time.monotonic() - started, cpu_seconds() - cpu
    milliseconds = [answer for some in answers for answer in some]
    return Figures(path, milliseconds, cpu * 1000 / len(milliseconds), seconds)


def ask(market: Market, path: str, times: int) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", int(market.ports["8000"]), timeout=30)
    milliseconds = []
    for _ in range(times):
        started = time.monotonic()
        connection.request("GET", path, headers=as_somebody_new())
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path} answers {answer.status}:\n{market.log('web')[-2000:]}")
        milliseconds.append((time.monotonic() - started) * 1000)
    connection.close()
    return milliseconds


def as_somebody_new() -> dict[str, str]:
    return PROXIED | {"X-Forwarded-For": str(ip_address(next(visitors)))}


def cpu_seconds() -> float:
    """Of everything this program has started: gunicorn, PostgreSQL, Redis."""
    parents, seconds = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # The name in brackets may hold anything; what follows it may not.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # ended meanwhile
            continue
        pid = int(folder.name)
        parents[pid] = int(fields[1])
        seconds[pid] = sum(map(int, fields[11:15])) / TICKS
    return sum(seconds[pid] for pid in seconds if is_ours(pid, parents))


def is_ours(pid: int, parents: dict[int, int]) -> bool:
    while pid in parents:
        pid = parents[pid]
        if pid == os.getpid():
            return True
    return False


def own_seconds() -> float:
    return time.process_time()


def idle_seconds() -> float:
    """Of all cores, waiting for disks included."""
    fields = Path("/proc/stat").read_text().split()
    return sum(map(int, fields[4:6])) / TICKS


def commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
