"""The production processes, really started on PostgreSQL and Redis by the compose file's commands.

Servers of its own: nothing here meets a developer's data, or the other tests'.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import websockets

from tests.environment import names_of_settings
from tests.production.compose import ROOT, compose
from tests.servers import free_port
from tests.servers.throwaway_postgres import throwaway as throwaway_postgres
from tests.servers.throwaway_valkey import throwaway as throwaway_redis

pytestmark = pytest.mark.processes

SECRETS = {"SECRET_KEY": "0123456789abcdefghij" * 3, "POSTGRES_PASSWORD": "unused"}
BIN = Path(sys.executable).parent
ORIGIN = "https://market.example"
# As the reverse proxy would send it.
PROXIED = {"Host": "market.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}


class Market:
    """The processes by name, and where they listen."""

    def __init__(self, environment: dict[str, str], logs: Path) -> None:
        self.environment = environment
        self.logs = logs
        self.services = compose(SECRETS)["services"]
        self.ports = {"8000": str(free_port()), "8001": str(free_port())}
        self.processes: dict[str, subprocess.Popen] = {}

    def command(self, name: str) -> list[str]:
        """The compose file's, on this machine's address, ports and virtual environment."""
        program, *arguments = self.services[name]["command"]
        for old, new in {"0.0.0.0": "127.0.0.1", **self.ports}.items():
            arguments = [argument.replace(old, new) for argument in arguments]
        return [str(BIN / program), *arguments]

    def start(self, name: str) -> None:
        with (self.logs / name).open("w") as log:
            self.processes[name] = subprocess.Popen(
                self.command(name), cwd=ROOT, env=self.settings(name), stdout=log, stderr=log
            )

    def run(self, name: str) -> None:
        subprocess.run(self.command(name), cwd=ROOT, env=self.settings(name), check=True)

    def settings(self, name: str) -> dict[str, str]:
        pool = self.services[name]["environment"].get("DB_POOL_MAX")
        return self.environment | ({"DB_POOL_MAX": pool} if pool else {})

    def fetch(self, path: str, port: str = "8000") -> tuple[int, bytes]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports[port]}{path}", headers=PROXIED
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read()
        except OSError:
            return 0, b""

    def publish_without_a_nudge(self) -> int:
        """An event as a process leaves it that dies right after its commit."""
        with psycopg.connect(self.environment["DATABASE_URL"]) as connection:
            return connection.execute(
                "insert into core_outboxevent (name, payload, attempts, created_at, due_at)"
                " values ('catalog.StockChanged', %s, 0, now(), now()) returning id",
                [json.dumps({"stock_item_ids": []})],
            ).fetchone()[0]

    def log(self, name: str) -> str:
        return (self.logs / name).read_text()


def eventually(what: str, check: Callable[[], object], seconds: int = 60) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def market(tmp_path_factory) -> Iterator[Market]:
    with throwaway_postgres() as database, throwaway_redis() as redis_url:
        foreign = names_of_settings()
        environment = {n: v for n, v in os.environ.items() if n not in foreign} | {
            "DATABASE_URL": database.url,
            "REDIS_URL": redis_url,
            "SECRET_KEY": SECRETS["SECRET_KEY"],
            "SITE_URL": ORIGIN,
            "ALLOWED_HOSTS": "market.example,127.0.0.1",
            "ALLOWED_ORIGINS": ORIGIN,
            "TRUSTED_PROXIES": "1",
            "MARKETFLOW_DATA": str(tmp_path_factory.mktemp("data")),
            "PYTHONPATH": str(ROOT),
        }
        market = Market(environment, tmp_path_factory.mktemp("logs"))
        collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
        subprocess.run(collect, cwd=ROOT, env=environment, check=True)
        market.run("migrate")
        for name in ("web", "sockets", "worker"):
            market.start(name)
        try:
            yield market
        finally:
            for process in market.processes.values():
                process.kill()
                process.wait()


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
    event = market.publish_without_a_nudge()

    send = "from marketflow.core.tasks import relay_outbox; relay_outbox.delay()"
    command = [sys.executable, "manage.py", "shell", "--verbosity=0", "--command", send]
    subprocess.run(command, cwd=ROOT, env=market.environment, check=True)

    eventually("the event is told", lambda: was_told(market, event))


def test_beat_ticks_and_what_nobody_nudged_is_told(market):
    event = market.publish_without_a_nudge()

    market.start("beat")

    eventually("the event is told", lambda: was_told(market, event), seconds=90)


def was_told(market: Market, event: int) -> bool:
    with psycopg.connect(market.environment["DATABASE_URL"]) as connection:
        return connection.execute(
            "select done_at is not null from core_outboxevent where id = %s", [event]
        ).fetchone()[0]


def test_term_ends_them_all(market):
    for process in market.processes.values():
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)

    for name, process in market.processes.items():
        process.wait(30)
        assert process.returncode in (0, -signal.SIGTERM), market.log(name)[-2000:]
