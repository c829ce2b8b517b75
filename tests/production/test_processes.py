"""The production processes, really started on PostgreSQL and Redis by the compose file's commands.

Servers of its own: nothing here meets a developer's data, or the other tests'.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
import websockets

from tests.production.market import ORIGIN, Market, migrated_market

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def market(tmp_path_factory) -> Iterator[Market]:
    with migrated_market(tmp_path_factory.mktemp("market")) as market:
        for name in ("web", "sockets", "worker"):
            market.start(name)
        yield market


def eventually(what: str, check: Callable[[], object], seconds: int = 120) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.2)


@pytest.mark.parametrize("port", ["8000", "8001"], ids=["web", "sockets"])
def test_pages_and_sockets_say_that_they_live(market, port):
    eventually("/healthz", lambda: market.fetch("/healthz", port)[0] == 200)


def test_every_part_is_ready(market):
    eventually("/readyz", lambda: market.fetch("/readyz")[0] == 200)

    status, body = market.fetch("/readyz")

    parts = json.loads(body)
    assert {"database", "cache", "channel_layer", "broker"} <= set(parts)
    assert set(parts.values()) == {"ok"}


def test_the_home_page_comes_with_hashed_files(market):
    eventually("the home page", lambda: market.fetch("/")[0] == 200)

    page = market.fetch("/")[1].decode()

    address = page.partition('rel="stylesheet"')[2].partition('href="')[2].partition('"')[0]
    assert address.startswith("/static/")
    assert market.fetch(address)[0] == 200


def test_a_socket_opens_for_our_origin_and_for_no_other(market):
    eventually("sockets", lambda: market.fetch("/healthz", "8001")[0] == 200)
    url = f"ws://127.0.0.1:{market.ports['8001']}/ws/inventory/"

    async def ask(origin: str) -> dict:
        async with websockets.connect(url, origin=origin) as socket:
            await socket.send("{")
            return json.loads(await asyncio.wait_for(socket.recv(), 10))

    assert asyncio.run(ask(ORIGIN))["type"] == "error"
    with pytest.raises(websockets.InvalidStatus):
        asyncio.run(ask("https://elsewhere.example"))


def test_the_worker_does_what_it_is_sent(market):
    eventually("a worker", lambda: " ready" in market.log("worker"))
    event = publish_without_a_nudge(market)

    send = "from marketflow.core.tasks import relay_outbox; relay_outbox.delay()"
    market.manage("shell", "--verbosity=0", "--command", send)

    eventually("the event is told", lambda: was_told(market, event))


@pytest.fixture(scope="module")
def beat(market) -> subprocess.Popen:
    market.start("beat")
    return market.processes["beat"]


def test_beat_ticks_and_what_nobody_nudged_is_told(market, beat):
    event = publish_without_a_nudge(market)

    eventually("the event is told", lambda: was_told(market, event))


def publish_without_a_nudge(market: Market) -> int:
    """An event as a process leaves it that dies right after its commit."""
    with psycopg.connect(market.environment["DATABASE_URL"]) as connection:
        return connection.execute(
            "insert into core_outboxevent (name, payload, attempts, created_at, due_at)"
            " values ('catalog.StockChanged', %s, 0, now(), now()) returning id",
            [json.dumps({"stock_item_ids": []})],
        ).fetchone()[0]


def was_told(market: Market, event: int) -> bool:
    with psycopg.connect(market.environment["DATABASE_URL"]) as connection:
        return connection.execute(
            "select done_at is not null from core_outboxevent where id = %s", [event]
        ).fetchone()[0]


def test_term_ends_beat_in_the_middle_of_a_query(market, beat):
    database = market.environment["DATABASE_URL"]

    with psycopg.connect(database) as ours, psycopg.connect(database, autocommit=True) as looking:
        ours.execute("lock table django_celery_beat_periodictasks")
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        eventually("beat waits", lambda: looking.execute(waiting).fetchone()[0])
        beat.send_signal(signal.SIGTERM)
        beat.wait(20)

    assert beat.returncode == 0, market.log("beat")[-2000:]
    market.start("beat")


def test_term_ends_them_all(market):
    for process in market.processes.values():
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)

    for name, process in market.processes.items():
        process.wait(60)
        assert process.returncode in (0, -signal.SIGTERM), market.log(name)[-2000:]
