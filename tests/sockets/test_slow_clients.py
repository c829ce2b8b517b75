"""A client that does not read is let go, whichever server runs it; the others hear everything.

`SLOW_CLIENTS` and `SLOW_FRAMES` make it larger: `make gauntlet` does.
"""

from __future__ import annotations

import asyncio
import json
import os

import pytest
import websockets

from tests.sockets.server import environment, free_port, running

pytestmark = pytest.mark.processes

SLOW = int(os.environ.get("SLOW_CLIENTS", "5"))
HEALTHY = 3
FRAMES = int(os.environ.get("SLOW_FRAMES", "1200"))
BYTES = 2000
# Two queues of 64 KiB, one of 100 frames, and what a socket is itself.
MEGABYTES_EACH = 1.0


@pytest.fixture(params=["uvicorn", "daphne"])
def server(request, tmp_path):
    port = free_port()
    settings = environment(tmp_path, port, RATE_LIMIT_SOCKET_MESSAGE="100000/10")
    application = "tests.sockets.flood:application"
    with running(request.param, application, port, settings, tmp_path / "log") as server:
        yield server


def test_slow_clients_are_closed_and_cost_little(server, record_property):
    asyncio.run(flood(server, record_property))


async def flood(server, record_property):
    slow = [await stalled(server) for _ in range(SLOW)]
    healthy = [await websockets.connect(server.url(), max_queue=None) for _ in range(HEALTHY)]
    before = server.megabytes()

    ask = {"type": "flood", "frames": FRAMES, "bytes": BYTES, "pause": 0.002}
    await healthy[0].send(json.dumps(ask))
    heard = await asyncio.gather(*(hear(socket) for socket in healthy))
    grown = server.megabytes() - before
    record_property(f"kilobytes that {server.name} grew by", round(grown * 1024))

    assert heard == [list(range(FRAMES))] * HEALTHY
    assert grown < 10 + SLOW * MEGABYTES_EACH
    assert await asyncio.gather(*(closing_code(*client) for client in slow)) == [4408] * SLOW


async def hear(socket) -> list[int]:
    numbers = [
        json.loads(await asyncio.wait_for(socket.recv(), 60))["number"] for _ in range(FRAMES)
    ]
    await socket.close()
    return numbers


async def stalled(server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client that shakes hands and then reads nothing at all."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
    writer.write(
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def closing_code(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    """Reads at last: what had been sent, and why it ends."""
    while True:
        first, length = await asyncio.wait_for(reader.readexactly(2), 30)
        if length == 126:
            length = int.from_bytes(await reader.readexactly(2))
        body = await reader.readexactly(length)
        if first & 15 == 8:
            writer.close()
            return int.from_bytes(body[:2])
