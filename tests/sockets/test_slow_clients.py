"""A client that does not read is let go, whichever server runs it; the others hear everything.

`SLOW_CLIENTS`, `SLOW_FRAMES` and `SLOW_SECONDS` make it larger: `make gauntlet` does.
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
# More than the buffers hold, and less than are let wait.
FEW = 200
FRAMES = int(os.environ.get("SLOW_FRAMES", "1200"))
BYTES = 2000
# So long they sleep: until a ping has gone unanswered and uvicorn would read them no more.
SECONDS = int(os.environ.get("SLOW_SECONDS", "13"))
PINGS = {
    "uvicorn": ["--ws-ping-interval=1", "--ws-ping-timeout=5"],
    "daphne": ["--ping-interval=1", "--ping-timeout=5"],
}
CLOSE, PING, PONG = 8, 9, 10
# Two queues of 64 KiB, one of 100 frames, and what a socket is itself.
MEGABYTES_EACH = 1.0


@pytest.fixture(params=["uvicorn", "daphne"])
def server(request, tmp_path):
    port = free_port()
    settings = environment(tmp_path, port, RATE_LIMIT_SOCKET_MESSAGE="100000/10")
    application = "tests.sockets.flood:application"
    log, pings = tmp_path / "log", PINGS[request.param]
    with running(request.param, application, port, settings, log, *pings) as server:
        yield server


def test_slow_clients_are_closed_and_cost_little(server, record_property):
    grown, ends = asyncio.run(flood(server, FRAMES))
    record_property(f"kilobytes that {server.name} grew by", round(grown * 1024))
    record_property(f"sleepers that {server.name} told 4408", ends.count(4408))

    assert grown < 10 + SLOW * MEGABYTES_EACH
    assert ends == [4408] * SLOW


def test_who_has_answered_no_ping_is_told_so_when_they_read(server):
    _, ends = asyncio.run(flood(server, FEW))

    assert ends == [4408] * SLOW


async def flood(server, frames) -> tuple[float, list[int | None]]:
    """By how many megabytes the server grew, and how the sockets of the sleepers ended."""
    slow = [await stalled(server) for _ in range(SLOW)]
    await asyncio.sleep(2)  # the first ping is on its way to them
    healthy = [await websockets.connect(server.url(), max_queue=None) for _ in range(HEALTHY)]
    before = server.megabytes()

    ask = {"type": "flood", "frames": frames, "bytes": BYTES, "pause": 0.002}
    await healthy[0].send(json.dumps(ask))
    heard = await asyncio.gather(*(hear(socket, frames) for socket in healthy))
    grown = server.megabytes() - before

    assert heard == [list(range(frames))] * HEALTHY
    await asyncio.sleep(SECONDS)
    return grown, await asyncio.gather(*(closing_code(*client) for client in slow))


async def hear(socket, frames) -> list[int]:
    numbers = [
        json.loads(await asyncio.wait_for(socket.recv(), 60))["number"] for _ in range(frames)
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


async def closing_code(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int | None:
    """Reads at last, and as a browser does: what had been sent, and why it ends."""
    try:
        while True:
            first, length = await asyncio.wait_for(reader.readexactly(2), 30)
            if length == 126:
                length = int.from_bytes(await reader.readexactly(2))
            body = await reader.readexactly(length)
            if first & 15 == PING:
                writer.write(bytes([0x80 | PONG, 0x80 | len(body)]) + bytes(4) + body)
                await asyncio.sleep(0.1)
            elif first & 15 == CLOSE:
                return int.from_bytes(body[:2])
    except (asyncio.IncompleteReadError, ConnectionResetError):
        return None
    finally:
        writer.close()
