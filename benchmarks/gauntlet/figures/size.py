"""A22: heavy questions in a large market; and ready-made test 15, the everyday ones."""

from __future__ import annotations

import asyncio
import itertools
import random
import statistics
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from urllib.parse import urlencode

from benchmarks import copying
from benchmarks.gauntlet.figures.figure import Size, Verdict
from benchmarks.gauntlet.http import PROXIED, Answer, Connection
from benchmarks.gauntlet.judge import Judge
from benchmarks.gauntlet.rig import DATABASE, Rig

SHOPS, SEEDED, PRODUCTS, QUESTIONS = 400, 4_000, 100_000, 500
TIMES = 60
# What the pages of lists may take, as everywhere else; and a password is slow on purpose.
LIST_SECONDS, SIGN_IN_SECONDS, HEAVY_SECONDS = 0.15, 1.0, 1.0
MOST_ROWS = 100
SWITCHES = {
    "API_NEEDS_CONFIRMED_EMAIL": "0",
    "PAYMENT_PROVIDERS": "test",
    "RATE_LIMIT_SIGN_IN_ACCOUNT": "1000/60",
}
ACCOUNT = {"email": "noor@example.test", "password": "a-long-enough-sentence-27"}
CATEGORIES = """
    SELECT c.slug FROM catalog_category c JOIN catalog_product p ON p.category_id = c.id
    GROUP BY c.slug ORDER BY count(*) DESC LIMIT 8
"""
OPTIONS = "SELECT DISTINCT option1_name FROM catalog_product WHERE option1_name <> '' LIMIT 4"
WORDS = ["oak", "mug", "blue", "a", "zeppelin", "bwol", "oak mug blue linen", "o" * 200, "%", "_"]
WORDS += [
    "'; --",
    '"oak',
    "oak -mug",
    "ﬁne ＯＡＫ",
    "\u202eoak",
    "🪵",
    "oak " * 40,
    "MF-1000",
    "&|!:*",
]
ORDERINGS = ["", "price", "-price", "newest", "popular", "rating", "relevance", "stock", "id"]

# Everybody asks once: one address would soon be told to wait.
addresses = itertools.count(int(ip_address("10.0.0.1")))


def a22(rig: Rig, size: Size) -> Iterator[Verdict]:
    """400 shops, 100,000 products: sign-in, lists, facets; then 500 questions meant to hurt."""
    rig.open_market("web", **SWITCHES)
    filled = rig.manage(
        "seed_market",
        f"--shops={size.of(SHOPS, at_least=5)}",
        f"--products={size.of(SEEDED, at_least=100)}",
        "--orders=20",
        "--days=20",
        f"--seed={size.seed}",
    )
    if filled.returncode:
        raise RuntimeError(filled.stderr[-2000:])
    with rig.cluster.connect(DATABASE) as connection:
        # One by one by the market's own services they would take most of an hour.
        copying.multiply(connection, size.of(PRODUCTS, at_least=100))
        connection.execute("VACUUM ANALYZE")
    yield "15, everyday questions", asyncio.run(everyday(rig))
    yield "heavy questions", asyncio.run(heavy(rig, size))
    yield "a question too slow", asyncio.run(too_slow(rig))


async def everyday(rig: Rig) -> Judge:
    """Ready-made test 15: people sign in, open the lists and use the facets."""
    judge, connection = Judge(rig), Connection(rig.port)
    category, option = judge.value(CATEGORIES), judge.value(OPTIONS)
    named = ACCOUNT | {"name": "Noor"}
    made = await ask(connection, "POST", "/api/v1/auth/register/", named)
    judge.equal("registered", made.status, 201)
    paths = {
        "start page": "/",
        "category": f"/c/{category}/",
        "category by facets": f"/c/{category}/?in_stock=1&min_price=10&ordering=price",
        "search": "/search/?q=oak",
        "API, all products": "/api/v1/products/",
        "API, facets": f"/api/v1/products/?category={category}&facets=1&in_stock=1",
        "API, an option": f"/api/v1/products/?facets=1&{urlencode({f'option.{option}': 'L'})}",
    }
    for what, path in paths.items():
        p95 = await slowest(lambda path=path: ask(connection, "GET", path), judge)
        judge.at_most(f"{what}, p95 in seconds", p95, LIST_SECONDS)
    p95 = await slowest(lambda: ask(connection, "POST", "/api/v1/auth/token/", ACCOUNT), judge)
    judge.at_most("sign-in, p95 in seconds", p95, SIGN_IN_SECONDS)
    connection.close()
    return judge


async def slowest(question: Callable, judge: Judge) -> float:
    """The 95th percentile, warm."""
    answers = [await question() for _ in range(TIMES)][TIMES // 6 :]
    strange = {answer.status for answer in answers} - {200}
    judge.require(f"answers {strange}", not strange)
    return statistics.quantiles([answer.seconds for answer in answers], n=20)[18]


async def heavy(rig: Rig, size: Size) -> Judge:
    judge, connection = Judge(rig), Connection(rig.port)
    workers = set(rig.web_workers())
    times, statuses = [], set()
    for path in questions(judge, size):
        answer = await ask(connection, "GET", path)
        statuses.add(answer.status)
        judge.require(f"{path} answers {answer.status}", 200 <= answer.status < 500)
        judge.require(f"{path} took {answer.seconds:.2f} s", answer.seconds <= HEAVY_SECONDS)
        times.append(answer.seconds)
        if answer.status == 200 and path.startswith("/api/"):
            judge.require(f"{path}: too many rows", len(answer.data["results"]) <= MOST_ROWS)
    judge.facts["questions"] = len(times)
    judge.facts["slowest, seconds"] = round(max(times), 2)
    judge.facts["answers"] = sorted(statuses)
    judge.equal("other workers", len(set(rig.web_workers()) ^ workers), 0)
    connection.close()
    return judge


def questions(judge: Judge, size: Size) -> Iterator[str]:
    """Filters, sorts and searches, at random but the same for a seed."""
    dice = random.Random(size.seed)
    slugs = [slug for (slug,) in judge.rows(CATEGORIES)] + ["nowhere"]
    options = [name for (name,) in judge.rows(OPTIONS)] + ["Nothing"]
    parts: list[Callable[[], tuple[str, object]]] = [
        lambda: ("q", dice.choice(WORDS)),
        lambda: ("category", dice.choice(slugs)),
        lambda: ("min_price", dice.choice([-1, 0, 999, 10**9, 10**30, "ten"])),
        lambda: ("max_price", dice.choice([0, 1, 5000, 10**12, "€5"])),
        lambda: ("in_stock", dice.choice([0, 1, "maybe"])),
        lambda: ("min_rating", dice.choice([0, 4, 5, 99, "NaN"])),
        lambda: (f"option.{dice.choice(options)}", dice.choice(["L", "S", "x" * 80])),
        lambda: ("ordering", dice.choice(ORDERINGS)),
        lambda: ("facets", 1),
        lambda: ("page", dice.choice([0, 1, 2, 100, 999, 10**6, 10**20, -3])),
        lambda: ("page_size", dice.choice([1, 100, 101, 10**6, -1])),
        lambda: ("changed_since", dice.choice(["2020-01-01T00:00:00Z", "yesterday"])),
    ]
    for _ in range(size.of(QUESTIONS, at_least=50)):
        asked = [part() for part in dice.sample(parts, dice.randint(1, 6))]
        place = dice.choice(["/api/v1/products/", "/api/v1/products/", "/search/"])
        yield f"{place}?{urlencode(asked)}"


async def too_slow(rig: Rig) -> Judge:
    """A question that waits for the database longer than it may: 503, and the worker lives."""
    judge, connection = Judge(rig), Connection(rig.port)
    workers = set(rig.web_workers())
    with rig.cluster.connect(DATABASE) as holder:
        holder.autocommit = False
        holder.execute("LOCK TABLE catalog_product IN ACCESS EXCLUSIVE MODE")
        answer = await ask(connection, "GET", "/api/v1/products/?q=oak")
        holder.rollback()
    judge.equal("while it waits", answer.status, 503)
    judge.require("no Retry-After", "retry-after" in answer.headers)
    judge.at_most("seconds until it is told", answer.seconds, 4)
    after = await ask(connection, "GET", "/api/v1/products/?q=oak")
    judge.equal("after it", after.status, 200)
    judge.equal("other workers", len(set(rig.web_workers()) ^ workers), 0)
    connection.close()
    return judge


async def ask(connection: Connection, method: str, path: str, body: object = None) -> Answer:
    somebody = PROXIED | {"X-Forwarded-For": str(ip_address(next(addresses)))}
    return await connection.ask(method, path, body, somebody)
