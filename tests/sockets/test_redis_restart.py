"""Redis goes away and comes back, empty, or hangs: no socket stays deaf, nobody waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator

import pytest
import websockets

from tests.sockets.away import Redis
from tests.sockets.server import Server, environment, free_port, running

pytestmark = pytest.mark.processes

SOCKETS = 20
AWAY = 3.0


@pytest.fixture
def servers(redis, tmp_path) -> Iterator[list[Server]]:
    """Two processes that hear each other."""
    with contextlib.ExitStack() as stack:
        servers = []
        for number in range(2):
            port = free_port()
            settings = environment(tmp_path, port, REDIS_URL=redis.url)
            log = tmp_path / f"log{number}"
            application = "tests.sockets.flood:application"
            server = running("uvicorn", application, port, settings, log)
            servers.append(stack.enter_context(server))
        yield servers


def test_a_restart_costs_no_socket_its_life_for_good(redis, servers):
    asyncio.run(restart(redis, servers))


async def restart(redis: Redis, servers: list[Server]) -> None:
    early = [await websockets.connect(servers[n % 2].url()) for n in range(SOCKETS)]
    assert await all_hear(early) == [0] * SOCKETS

    redis.stop()
    began = time.monotonic()
    late = [await websockets.connect(servers[0].url())]
    await early[0].send(json.dumps(FLOOD))
    assert time.monotonic() - began < 5  # nobody waits long for what is away
    await asyncio.sleep(AWAY)
    redis.start()

    # Whoever may have missed something is told to come back, not all in the same moment.
    codes = await asyncio.gather(*(closing_code(socket) for socket in early + late))
    assert codes == [1012] * (SOCKETS + 1)
    again = [await websockets.connect(servers[n % 2].url()) for n in range(SOCKETS)]
    assert await all_hear(again) == [0] * SOCKETS
    for socket in again:
        await socket.close()


def test_whom_nothing_was_told_while_redis_hung_comes_back_without_the_next_message(
    redis, servers
):
    asyncio.run(hang(redis, servers))


async def hang(redis: Redis, servers: list[Server]) -> None:
    sockets = [await websockets.connect(servers[n % 2].url()) for n in range(SOCKETS)]
    assert await all_hear(sockets) == [0] * SOCKETS

    with redis.hanging():
        await sockets[0].send(json.dumps(FLOOD))
        await asyncio.sleep(0.5)
        await sockets[0].send(json.dumps(FLOOD))
        await asyncio.sleep(0.1)

    codes = await asyncio.gather(*(closing_code(socket) for socket in sockets))
    assert codes == [1012] * SOCKETS


FLOOD = {"type": "flood", "frames": 1, "bytes": 1, "pause": 0}


async def all_hear(sockets) -> list[int]:
    await sockets[0].send(json.dumps(FLOOD))
    return [json.loads(await asyncio.wait_for(socket.recv(), 20))["number"] for socket in sockets]


async def closing_code(socket) -> int:
    with contextlib.suppress(websockets.ConnectionClosed):
        while True:
            await asyncio.wait_for(socket.recv(), 30)
    return socket.close_code
