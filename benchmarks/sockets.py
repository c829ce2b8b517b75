"""Measure sockets: `make bench ARGS="--sockets"`, 1,000 on one process, one update to all.

The same updates, pushed by another process through Redis, reach sockets that are members of the
channel layer's group themselves, and then sockets that the hub hands its one copy to. What counts
is the server's CPU per delivery; the latency includes the client, which reads them all.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from tests.servers import free_port
from tests.servers.throwaway_valkey import throwaway as throwaway_redis
from tests.sockets.server import Server, environment, running

UPDATES, PAUSE = 20, 0.5
AT_MOST_MICROSECONDS, AT_MOST_MILLISECONDS = 100, 100
TICKS = os.sysconf("SC_CLK_TCK")
PING, PONG = 9, 10
HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def report(number: int) -> None:
    """Print what one delivery costs `number` sockets of one process."""
    print(f"\n{number} sockets, {UPDATES} updates to all, load {os.getloadavg()[0]:.1f}")
    print(f"{'':<28} {'CPU µs each':>12} {'p50 ms':>8} {'p99 ms':>8} {'KiB each':>9}")
    with tempfile.TemporaryDirectory() as folder, throwaway_redis() as redis_url:
        for program, path in (
            ("uvicorn", "/plain"), ("uvicorn", "/hub"), ("daphne", "/hub")
        ):  # fmt: skip
            measure(Path(folder), redis_url, program, path, number)
    print(
        f"at most {AT_MOST_MICROSECONDS} µs and, at the 99th, {AT_MOST_MILLISECONDS} ms by the hub"
    )


def measure(folder: Path, redis_url: str, program: str, path: str, number: int) -> None:
    port = free_port()
    settings = environment(folder, port, REDIS_URL=redis_url)
    application = "benchmarks.socket_server:application"
    with running(program, application, port, settings, folder / "log") as server:
        cpu, latencies, memory = asyncio.run(deliver(server, path, number))
    each = cpu * 1e6 / len(latencies)
    p50, p99 = (statistics.quantiles(latencies, n=100)[n] * 1000 for n in (49, 98))
    name = f"{program}, {'the hub' if path == '/hub' else 'plain group_send'}"
    print(f"{name:<28} {each:12.0f} {p50:8.1f} {p99:8.1f} {memory / number:9.1f}", flush=True)


async def deliver(server: Server, path: str, number: int) -> tuple[float, list[float], float]:
    """CPU seconds of the server, the latency of every delivery, and KiB for all sockets."""
    empty = server.megabytes()
    latencies: list[float] = []
    clients = [await connected(server.port, path, latencies) for _ in range(number)]
    await asyncio.gather(*(client.ready for client in clients))
    memory = (server.megabytes() - empty) * 1024
    publisher = Publisher(server.environment["REDIS_URL"])
    await asyncio.sleep(1)
    started = cpu_seconds(server.process.pid)
    for update in range(1, UPDATES + 1):
        publisher.push()
        deadline = time.monotonic() + 30
        while len(latencies) < update * number and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        await asyncio.sleep(PAUSE)
    if len(latencies) != UPDATES * number:
        raise SystemExit(f"{len(latencies)} of {UPDATES * number} arrived")
    used = cpu_seconds(server.process.pid) - started
    for client in clients:
        client.transport.abort()
    return used, latencies, memory


class Client(asyncio.Protocol):
    """Reads frames with as little work as can be, since it shares the machine."""

    def __init__(self, path: str, latencies: list[float]) -> None:
        self.path, self.latencies = path, latencies
        self.ready = asyncio.get_running_loop().create_future()
        self.rest = b""

    def connection_made(self, transport) -> None:
        self.transport = transport
        transport.write(HANDSHAKE.format(path=self.path).encode())

    def data_received(self, data: bytes) -> None:
        now = time.time()
        self.rest += data
        if not self.ready.done() and b'ready"}' in self.rest:
            self.ready.set_result(None)
            self.rest = b""
        while self.ready.done() and len(self.rest) >= 2:
            end = 2 + self.rest[1]  # a short frame, unmasked: two bytes and its text
            if len(self.rest) < end:
                return
            kind, body, self.rest = self.rest[0] & 15, self.rest[2:end], self.rest[end:]
            if kind == PING:
                # Masked with noughts, as a client's frames must be.
                self.transport.write(bytes([128 | PONG, 128 | len(body), 0, 0, 0, 0]) + body)
            else:
                self.latencies.append(now - json.loads(body)["sent"])


async def connected(port: int, path: str, latencies: list[float]) -> Client:
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(lambda: Client(path, latencies), "127.0.0.1", port)
    return client


class Publisher:
    """Says it as `core.realtime.push` would, in the form of the channel layer."""

    def __init__(self, redis_url: str) -> None:
        import msgpack
        import redis

        self._pack, self._redis = msgpack.packb, redis.Redis.from_url(redis_url)

    def push(self) -> None:
        event = {"type": "said", "level": "low", "sent": time.time()}
        message = self._pack({"type": "push", "event": event})
        self._redis.publish("marketflow__group__bench", message)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / TICKS
