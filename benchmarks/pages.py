"""Measure pages: `make bench ARGS="--pages"`, on 10,000 products unless `--products` says else.

Starts PostgreSQL, Redis and gunicorn (by the compose file's command) for itself, fills a market,
and beside it has the same gunicorn serve benchmarks.bare from the same PostgreSQL. What counts is
CPU per request of all server processes together, and its ratio to the bare page of one row in the
same run: machines differ and are noisy, ratios less so. Every round asks for every page; the
median of the rounds is judged. A promise that is not kept is exit status 1, an aim not reached is
only told.

Nothing here is answered from a cache of answers. Nobody sends `If-None-Match`, so there is no
304; each request names another page of its list, or another product, and comes from another
address. What the market itself remembers is warm, as it is while people visit: counts of lists
and filters over more than 1,000 products for a minute, the categories of the header, and parts of
pages by what they show (marketflow.core.kept): in a market with more visitors than this one fewer
cards are found there. The sitemap alone comes whole from a cache.

Where other programs took more than a fifth of the CPU, the run counts for nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import os
import platform
import statistics
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote

import psycopg

from benchmarks import copying
from benchmarks.machine import commit, cpu_seconds, idle_seconds, own_seconds
from tests.production.market import PROXIED, ROOT, Market, migrated_market
from tests.servers import free_port

# So many bare pages at most. What is promised fails the run; what is aimed at is only told.
PROMISED = {"API: products": 12}
AIMS = {"listing": 6, "product": 5, "search with facets": 8}
FROM_CACHE, LEAST_OF_HELLO = "sitemap, from cache", 0.5
HELLO, ROW = "bare: hello", "bare: a row by its key"
SHOPS, SEEDED, ORDERS, DAYS = 20, 200, 60, 20
PAGES = 20  # Of a list, 24 products each.
MOST_OF_OTHERS = 0.2
WORDS = ["oak", "mug", "blue", "linen", "bowl", "wool", "lamp", "oak bowl"]
LARGEST = """
    SELECT c.slug FROM catalog_category c JOIN catalog_category d ON d.path LIKE c.path || '%'
    JOIN catalog_product p ON p.category_id = d.id GROUP BY c.id ORDER BY count(*) DESC LIMIT 1
"""
SOME = """
    SELECT slug FROM catalog_product WHERE state = 'published' ORDER BY md5(slug) LIMIT 500
"""
ROWS = 1000
# Of benchmarks.bare alone, beside the market's tables.
BARE = f"""
    CREATE TABLE bare_row (id bigint PRIMARY KEY, title text NOT NULL, body text NOT NULL);
    INSERT INTO bare_row SELECT n, 'Row ' || n, repeat('A few words. ', 20)
    FROM generate_series(1, {ROWS}) n
"""
# Everybody asks once: one address would soon be told to wait.
visitors = itertools.count(int(ip_address("10.0.0.1")))


@dataclass
class Page:
    """What is asked for, and what it cost."""

    name: str
    paths: list[str]
    port: int
    cpu: list[float] = field(default_factory=list)  # Of the server, ms per request; by round.
    milliseconds: list[float] = field(default_factory=list)

    def path(self, number: int) -> str:
        return self.paths[number % len(self.paths)]

    @property
    def median(self) -> float:
        return statistics.median(self.cpu)


def report(options: argparse.Namespace) -> int:
    """Print every page and its ratio. 1 where one costs too much, else 0."""
    with (
        tempfile.TemporaryDirectory(prefix="marketflow-bench-") as folder,
        migrated_market(Path(folder)) as market,
    ):
        fill(market, options.products)
        market.start("web")
        pages = [*bare_pages(started_bare(market)), *market_pages(market)]
        for page in pages:
            wait_for(page, market)
        header(options)
        others = measure(pages, options, market)
    return verdict(pages, others)


def fill(market: Market, products: int) -> None:
    """A market by its own services, and copies of its products: those would take minutes."""
    began = time.monotonic()
    seeded = min(SEEDED, products)
    sizes = {"shops": SHOPS, "products": seeded, "orders": ORDERS, "days": DAYS}
    market.manage("seed_market", *(f"--{name}={size}" for name, size in sizes.items()))
    with psycopg.connect(market.environment["DATABASE_URL"], autocommit=True) as connection:
        copying.multiply(connection, products)
        connection.execute(BARE)
        # What autovacuum has long done in a market that lives.
        connection.execute("VACUUM ANALYZE")
    print(f"filled in {time.monotonic() - began:.0f} s")


def started_bare(market: Market) -> int:
    """The port at which the bare pages are served, by the command of `web`."""
    port = free_port()
    swapped = {"marketflow.wsgi": "benchmarks.bare", market.ports["8000"]: str(port)}
    command = market.command("web")
    for old, new in swapped.items():
        command = [part.replace(old, new) for part in command]
    with (market.logs / "bare").open("a") as log:
        market.processes["bare"] = subprocess.Popen(
            command, cwd=ROOT, env=market.settings("web"), stdout=log, stderr=log
        )
    return port


def bare_pages(port: int) -> list[Page]:
    rows = [f"/{number}/" for number in range(1, ROWS + 1)]
    return [Page(HELLO, ["/"], port), Page(ROW, rows, port)]


def market_pages(market: Market) -> list[Page]:
    with psycopg.connect(market.environment["DATABASE_URL"]) as connection:
        (largest,) = connection.execute(LARGEST).fetchone()
        slugs = [slug for (slug,) in connection.execute(SOME)]
        shops = [slug for (slug,) in connection.execute("SELECT slug FROM accounts_shop")]
    pages = range(1, PAGES + 1)
    paths = {
        "API: products": [f"/api/v1/products/?page={number}" for number in pages],
        "API: products, facets": [f"/api/v1/products/?facets=1&page={n}" for n in pages],
        "API: a product": [f"/api/v1/products/{slug}/" for slug in slugs],
        "listing": [f"/c/{largest}/?page={number}" for number in pages],
        "product": [f"/p/{slug}/" for slug in slugs],
        "search with facets": [f"/search/?q={words}" for words in WORDS],
        "home": ["/"],
        "shop": [f"/shops/{slug}/" for slug in shops],
        "cart, empty": ["/cart/"],
        "health": ["/healthz"],
        FROM_CACHE: ["/sitemap.xml"],
    }
    port = int(market.ports["8000"])
    return [Page(name, some, port) for name, some in paths.items()]


def wait_for(page: Page, market: Market, seconds: int = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError):
            ask(page, 1)
            return
        if time.monotonic() > deadline:
            logs = [market.log(name)[-1500:] for name in market.processes]
            raise SystemExit("\n".join([f"{page.name} did not come up:", *logs]))
        time.sleep(0.2)


def header(options: argparse.Namespace) -> None:
    print(f"{time.strftime('%Y-%m-%d')}, {commit()}, Python {platform.python_version()}, ", end="")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(
        f"{options.products} products; {options.rounds} rounds of {options.requests} requests for "
        f"each page, over {options.connections} connections",
        flush=True,
    )


def measure(pages: list[Page], options: argparse.Namespace, market: Market) -> float:
    """Fill in what each page costs. Returns the share of the CPU that other programs took."""
    for page in pages:
        # Warm: every worker has loaded its templates, every cache is filled.
        asked(page, options, PAGES * options.connections)
    started, idle, ours = time.monotonic(), idle_seconds(), cpu_seconds() + own_seconds()
    for _ in range(options.rounds):
        for page in pages:
            before = cpu_seconds()
            page.milliseconds += asked(page, options, options.requests)
            page.cpu.append((cpu_seconds() - before) * 1000 / options.requests)
    capacity = (time.monotonic() - started) * (os.cpu_count() or 1)
    busy = capacity - (idle_seconds() - idle)
    return max(0.0, busy - (cpu_seconds() + own_seconds() - ours)) / capacity


def asked(page: Page, options: argparse.Namespace, times: int) -> list[float]:
    each = times // options.connections
    with ThreadPoolExecutor(options.connections) as pool:
        answers = pool.map(lambda n: ask(page, each, n * each), range(options.connections))
        return [milliseconds for some in answers for milliseconds in some]


def ask(page: Page, times: int, first: int = 0) -> list[float]:
    """The milliseconds that each answer took. Raises OSError where nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=30)
    milliseconds = []
    for number in range(first, first + times):
        path, started = page.path(number), time.monotonic()
        connection.request("GET", quote(path, safe="/?=&"), headers=as_somebody_new())
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path} answers {answer.status}")
        milliseconds.append((time.monotonic() - started) * 1000)
    connection.close()
    return milliseconds


def as_somebody_new() -> dict[str, str]:
    return PROXIED | {"X-Forwarded-For": str(ip_address(next(visitors)))}


def verdict(pages: list[Page], others: float) -> int:
    by_name = {page.name: page for page in pages}
    row = by_name[ROW].median
    print(f"\n{'':<26} {'p50 ms':>8} {'p99 ms':>8} {'CPU ms':>8} {'÷ a row':>8}")
    kept = True
    for page in pages:
        p50, p99 = (statistics.quantiles(page.milliseconds, n=100)[n] for n in (49, 98))
        ratio = page.median / row
        line = f"{page.name:<26} {p50:8.1f} {p99:8.1f} {page.median:8.2f} {ratio:8.1f}"
        if most := PROMISED.get(page.name):
            kept = kept and ratio <= most
            line += f"  at most {most}: {'ok' if ratio <= most else 'TOO MUCH'}"
        if most := AIMS.get(page.name):
            line += f"  aim: {most}, {'reached' if ratio <= most else 'not yet'}"
        print(line)
    share = by_name[HELLO].median / by_name[FROM_CACHE].median
    words = "reached" if share >= LEAST_OF_HELLO else "not yet"
    print(f"\nhello ÷ a page from the cache: {share:.2f}  aim: {LEAST_OF_HELLO}, {words}")
    print(f"CPU taken by other programs: {others:.0%}")
    if others > MOST_OF_OTHERS:
        print("That is too much: this run counts for nothing.")
    return 0 if kept else 1
