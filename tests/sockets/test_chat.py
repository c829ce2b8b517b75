"""Conversations while everything goes wrong: nobody lacks a message, nobody has one twice (A16).

Two processes; readers who are quick, who do not read, who go away; a Redis that dies meanwhile.
`CHAT_…` below make it larger, and CHAT_DATABASE_URL has the processes of production do it, on
that migrated database of PostgreSQL: `make gauntlet` does both.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import socket as sockets
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import websockets

from benchmarks.gauntlet.http import Connection, Lost
from tests.production.market import SECRETS, Market
from tests.sockets.away import Redis
from tests.sockets.server import (
    Server,
    environment,
    free_port,
    manage,
    running,
    wait_until_ready,
)

pytestmark = pytest.mark.processes


def size(name: str, default: int) -> int:
    return int(os.environ.get(f"CHAT_{name}", default))


# One conversation in which much is said, and others in which little is.
LOUD, QUIET, QUIET_MESSAGES = size("LOUD", 280), size("QUIET", 2), size("QUIET_MESSAGES", 20)
SLOW, READERS, LEAVERS = size("SLOW", 2), size("READERS", 2), size("LEAVERS", 2)
OFFLINE = size("OFFLINE_SECONDS", 1)
REDIS_AWAY = 2.0
WRITERS, PER_SECOND = 16, 100
# So many of those who come back ask the API at a time.
AT_ONCE = 32
PATIENCE = size("SECONDS", 60)
ORIGIN = "http://market.test"
DATABASE_URL = os.environ.get("CHAT_DATABASE_URL")
# As the reverse proxy would send it.
PROXIED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"} if DATABASE_URL else {}
# Twelve bytes each on the wire: more than the buffers of a connection hold.
FILLING = "\N{POTTED PLANT}" * min(1900, 1_000_000 // LOUD)


@dataclass
class Talk:
    conversation: str
    cookie: str
    messages: int
    filling: str = ""
    answered: list[int] = field(default_factory=list)

    @property
    def last(self) -> int:
        """The number of its last message: one was there before."""
        return self.messages + 1

    @property
    def path(self) -> str:
        return f"/api/v1/conversations/{self.conversation}/messages/"


@dataclass(frozen=True)
class House:
    """The running market: where its sockets are, and the ports of the API, in pairs."""

    servers: list[Server]
    api: list[int]
    settings: dict[str, str]


@dataclass
class Reader:
    """Somebody with an open page: what they have, and how they came to it."""

    talk: Talk
    server: Server
    api: int
    turns: asyncio.Semaphore
    leaves_at: int = 0
    is_slow: bool = False
    has_come: asyncio.Event = field(default_factory=asyncio.Event)
    wakes: asyncio.Event = field(default_factory=asyncio.Event)
    seqs: list[int] = field(default_factory=list)
    codes: list[int | None] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    async def follow(self) -> None:
        """As docs/sockets.md tells clients to: read what is missing after each opening."""
        while not self.is_complete:
            try:
                await self._stay()
            except websockets.ConnectionClosed as closed:
                self.codes.append(closed.rcvd and closed.rcvd.code)
            except (OSError, TimeoutError, websockets.InvalidMessage, Lost):
                self.codes.append(None)
            await asyncio.sleep(0.5 * random.uniform(0.7, 1.3))

    @property
    def is_complete(self) -> bool:
        return len(self.seqs) >= self.talk.last

    @property
    def wrong(self) -> str:
        """What is amiss with what they have; "" for nothing."""
        if self.seqs == list(range(1, self.talk.last + 1)):
            return ""
        have, of = len(self.seqs), self.talk.last
        return f"{have} of {of}, ending {self.seqs[-3:]}, closed with {self.codes}"

    async def _stay(self) -> None:
        async with self._opened() as socket:
            if self.is_slow:
                self.has_come.set()
                await self.wakes.wait()
                self.is_slow = False
                # What had been sent, and then why it was closed.
                while True:
                    await socket.recv()
            await self._catch_up()
            self.has_come.set()
            while not self.is_complete:
                await self._hear(json.loads(await socket.recv()))
                if self.leaves_at and len(self.seqs) >= self.leaves_at:
                    break
            else:
                return
        self.leaves_at = 0
        await asyncio.sleep(OFFLINE)

    def _opened(self) -> Any:
        connection = sockets.socket()
        if self.is_slow:
            connection.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", self.server.port))
        connection.setblocking(False)
        return websockets.connect(
            self.server.url(f"/ws/chat/{self.talk.conversation}/", host="market.test"),
            sock=connection,
            origin=ORIGIN,
            additional_headers={"Cookie": f"sessionid={self.talk.cookie}"},
            max_queue=1 if self.is_slow else 64,
            max_size=None,
            ping_interval=None,
            open_timeout=PATIENCE,
            proxy=None,
        )

    async def _hear(self, frame: dict[str, Any]) -> None:
        if frame["type"] != "message" or frame["seq"] <= len(self.seqs):
            return
        if frame["seq"] > len(self.seqs) + 1:
            await self._catch_up()
            return
        self.seqs.append(frame["seq"])
        if not self.talk.filling:
            self.seconds.append(time.time() - float(frame["body"]))

    async def _catch_up(self) -> None:
        """What the API says comes after what is here, taken as it is said."""
        cookie = {"Cookie": f"sessionid={self.talk.cookie}"}
        async with self.turns, connected(self.api) as api:
            while True:
                after = f"?after={len(self.seqs)}&page_size=100"
                answer = await api.ask("GET", self.talk.path + after, headers=cookie)
                if answer.status == 503:
                    await asyncio.sleep(0.2)
                    continue
                assert answer.status == 200, answer.body
                rows = answer.data["results"]
                self.seqs += [row["seq"] for row in rows]
                if len(rows) < 100:
                    return


@pytest.fixture
def market(redis, tmp_path, request) -> Iterator[tuple[House, list[Talk], str]]:
    """A market with conversations in it, whose processes hear each other through `redis`."""
    common = {
        "REDIS_URL": redis.url,
        "ALLOWED_ORIGINS": ORIGIN,
        "RATE_LIMIT_MESSAGE": "1000000/10",
        "SOCKETS_PER_USER": "5000",
        "ACCESS_TOKEN_MINUTES": "60",
    }
    if DATABASE_URL:
        common |= {"DATABASE_URL": DATABASE_URL, "SECRET_KEY": SECRETS["SECRET_KEY"]}
        common |= {"TRUSTED_PROXIES": "1", "STATIC_MANIFEST": "0", "EMAIL_URL": "dummymail://"}
        folder = tmp_path / "market"
    else:
        folder = shutil.copytree(request.getfixturevalue("empty_market"), tmp_path / "market")
    settings = environment(folder, free_port(), **common)
    written = tmp_path / "stage.json"
    manage(
        settings, "shell", "--verbosity=0", "--no-imports",
        f"--command=from tests.sockets import stage; "
        f"stage.write_talks({str(written)!r}, {1 + QUIET})",
    )  # fmt: skip
    stage = json.loads(written.read_text())
    loud, *quiet = stage["talks"]
    talks = [Talk(**loud, messages=LOUD, filling=FILLING)]
    talks += [Talk(**talk, messages=QUIET_MESSAGES) for talk in quiet]
    started = in_production if DATABASE_URL else embedded
    with started(settings, tmp_path) as house:
        yield house, talks, stage["access"]


@contextlib.contextmanager
def embedded(settings: dict[str, str], folder: Path) -> Iterator[House]:
    """Two processes that do everything, on one file of SQLite."""
    with contextlib.ExitStack() as stack:
        servers = []
        for number in range(2):
            log = folder / f"log{number}"
            server = running("uvicorn", "marketflow.asgi:application", free_port(), settings, log)
            servers.append(stack.enter_context(server))
        yield House(servers, [server.port for server in servers], settings)


@contextlib.contextmanager
def in_production(settings: dict[str, str], folder: Path) -> Iterator[House]:
    """The compose file's processes: gunicorn for the API, uvicorn for sockets, a worker."""
    logs = folder / "logs"
    logs.mkdir()
    market = Market(settings, logs)
    try:
        for name in ("web", "sockets", "worker"):
            market.start(name)
        ports = {"web": int(market.ports["8000"]), "sockets": int(market.ports["8001"])}
        for name, port in ports.items():
            wait_until_ready(market.processes[name], port, logs / name)
        process = market.processes["sockets"]
        server = Server("sockets", ports["sockets"], logs / "sockets", settings, process)
        yield House([server], [ports["web"]], settings)
    finally:
        for process in market.processes.values():
            process.terminate()
        for process in market.processes.values():
            process.wait(60)


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    connection = Connection(port, {"Host": f"127.0.0.1:{port}", **PROXIED})
    try:
        yield connection
    finally:
        connection.close()


def test_everybody_ends_with_every_message_in_order_once(market, redis, record_property):
    house, talks, _access = market

    readers, grown, slept, per_second = asyncio.run(
        asyncio.wait_for(through_it_all(*market, redis), PATIENCE * 2)
    )

    slow = [reader for reader in readers if reader.wakes.is_set()]
    seconds = sorted(second for reader in readers for second in reader.seconds)
    record_property("messages", sum(talk.messages for talk in talks))
    record_property("messages a second that came through", round(per_second))
    record_property("sockets", len(readers))
    record_property("reconnects", sum(len(reader.codes) for reader in readers))
    record_property("slow readers told 4408", sum(4408 in reader.codes[:1] for reader in slow))
    record_property("seconds they slept", round(slept))
    record_property("kilobytes that a server grew by", round(max(grown) * 1024))
    record_property("p99 of delivery in ms", round(seconds[len(seconds) * 99 // 100] * 1000))
    for talk in talks:
        assert sorted(talk.answered) == list(range(2, talk.last + 1))
    # Each list as it grew: neither sorted nor made unique here.
    assert [reader.wrong for reader in readers if reader.wrong] == []
    assert [reader.codes[:1] for reader in slow] == [[4408]] * SLOW
    # Redis was away, and who had little to catch up with need not have come back.
    quiet = [reader for reader in readers if not reader.talk.filling]
    assert [reader.codes for reader in quiet if 1012 in reader.codes] == []
    # What a worker does meanwhile; not every market has one.
    told = "--command=from marketflow.core import events; events.relay_all()"
    manage(house.settings, "shell", "--verbosity=0", "--no-imports", told)
    manage(house.settings, "audit")


async def through_it_all(
    house: House, talks: list[Talk], access: str, redis: Redis
) -> tuple[list[Reader], list[float], float, float]:
    """The readers, by how many megabytes each server grew, how many seconds the slow slept, and
    how many messages a second were written meanwhile."""
    readers = crowd(house, talks)
    before = [server.megabytes() for server in house.servers]
    following = [asyncio.create_task(reader.follow()) for reader in readers]
    # All that is said is said to all of them.
    coming = asyncio.gather(*(reader.has_come.wait() for reader in readers))
    await asyncio.wait_for(coming, PATIENCE)

    words, began = shuffled(talks), time.monotonic()
    most = len(words) * 3 // 4
    await say(words[:most], house.api, access)
    now_in_use = [server.megabytes() for server in house.servers]
    grown = [now - was for now, was in zip(now_in_use, before, strict=True)]
    slept = time.monotonic() - began
    for reader in readers:
        if reader.is_slow:
            reader.wakes.set()
    await asyncio.sleep(1)

    redis.stop()
    saying = asyncio.create_task(say(words[most:], house.api, access))
    await asyncio.sleep(REDIS_AWAY)
    redis.start()
    await saying
    await asyncio.wait(following, timeout=PATIENCE)
    for task in following:
        task.cancel()
    return readers, grown, slept, most / slept


def crowd(house: House, talks: list[Talk]) -> list[Reader]:
    """In each conversation readers and one who goes away; in the loud one the slow."""
    places, turns = list(zip(house.servers, house.api, strict=True)), asyncio.Semaphore(AT_ONCE)
    readers = [Reader(talks[0], *places[n % len(places)], turns) for n in range(SLOW)]
    for reader in readers:
        reader.is_slow = True
    leavers = LEAVERS
    for talk in talks:
        for number in range(READERS):
            leaves = talk.messages // 3 if number and leavers > 0 else 0
            leavers -= bool(leaves)
            place = places[number % len(places)]
            readers.append(Reader(talk, *place, turns, leaves_at=leaves))
    return readers


def shuffled(talks: list[Talk]) -> list[Talk]:
    """Whose turn it is, by turns as they come in a market."""
    turns = [talk for talk in talks for _ in range(talk.messages)]
    random.Random(1).shuffle(turns)
    return turns


async def say(words: list[Talk], ports: list[int], access: str) -> None:
    """One message for each turn, PER_SECOND at most; what is refused is sent again as it was."""
    waiting, began = enumerate(words), time.monotonic()
    who = {"Authorization": f"Bearer {access}"}

    async def write(port: int) -> None:
        async with connected(port) as api:
            for number, talk in waiting:
                await asyncio.sleep(max(0, began + number / PER_SECOND - time.monotonic()))
                client_id = str(uuid.uuid4())
                while True:
                    body = f"{time.time()} {talk.filling}".strip()
                    message = {"client_id": client_id, "body": body}
                    answer = await api.ask("POST", talk.path, message, who)
                    if answer.status == 201:
                        talk.answered.append(answer.data["seq"])
                        break
                    assert answer.status == 503, answer.body
                    await asyncio.sleep(0.2)

    await asyncio.gather(*(write(ports[n % len(ports)]) for n in range(WRITERS)))


def test_messages_arrive_while_redis_is_away(market, redis):
    house, talks, access = market
    asyncio.run(asyncio.wait_for(without(redis, house, talks[-1], access), PATIENCE))


async def without(redis: Redis, house: House, talk: Talk, access: str) -> None:
    """Said at one process, heard at the other, by a socket that stays open."""
    reader = Reader(talk, house.servers[0], house.api[0], asyncio.Semaphore(1))
    who = {"Authorization": f"Bearer {access}"}
    async with reader._opened() as socket, connected(house.api[-1]) as api:

        async def say_and_hear(body: str) -> None:
            message = {"client_id": str(uuid.uuid4()), "body": body}
            assert (await api.ask("POST", talk.path, message, who)).status == 201
            async with asyncio.timeout(10):
                while json.loads(await socket.recv()).get("body") != body:
                    pass

        await say_and_hear("Redis is here.")
        redis.stop()
        await say_and_hear("Redis is away.")
        await say_and_hear("It still is.")
        redis.start()
        await say_and_hear("It is back.")
