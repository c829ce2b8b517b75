"""django-oscar beside us: in an environment of its own, on the same server, PostgreSQL and Redis.

A guest buys two products at its pages, as many clients at once as at ours: the product, into the
basket, the address, the order, the thanks; 15 requests, and nothing to pay with, as Oscar comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.gauntlet.cluster import Cluster
from benchmarks.gauntlet.http import Connection
from benchmarks.gauntlet.rig import spent
from benchmarks.oscar.client import Guest
from tests.environment import names_of_settings
from tests.production.compose import ROOT
from tests.servers import free_port

HERE = Path(__file__).parent
ENVIRONMENT = ROOT / "var" / "oscar"
PRODUCTS = 10_000


@dataclass
class Measured:
    per_second: float
    milliseconds: float  # CPU per order, PostgreSQL's share included


def install() -> Path:
    """The Python of Oscar's environment, made anew where its requirements have changed."""
    python, lock = ENVIRONMENT / "bin" / "python", HERE / "requirements.txt"
    stamp = ENVIRONMENT / "requirements.txt"
    if not stamp.exists() or stamp.read_text() != lock.read_text():
        outside = sys._base_executable
        subprocess.run(
            [outside, "-m", "venv", "--without-pip", "--clear", ENVIRONMENT], check=True
        )
        pip = [outside, "-m", "pip", "--python", python, "install", "--quiet"]
        subprocess.run([*pip, "--require-hashes", "-r", lock], check=True)
        stamp.write_text(lock.read_text())
    return python


@dataclass
class Server:
    """Oscar with its products under gunicorn."""

    cluster: Cluster
    pid: int
    port: int

    def measure(self, *, orders: int, clients: int) -> Measured:
        started, before = time.monotonic(), self._cpu_seconds()
        asyncio.run(bought(self.port, orders, clients))
        seconds, after = time.monotonic() - started, self._cpu_seconds()
        return Measured(orders / seconds, 1000 * (after - before) / orders)

    def _cpu_seconds(self) -> float:
        return spent(self.pid) + spent(self.cluster.process.pid)


@contextlib.contextmanager
def running(cluster: Cluster, redis_url: str, workers: int) -> Iterator[Server]:
    """Installs and fills it first; it ends with the block."""
    python, port = install(), free_port()
    cluster.make_database("oscar")
    with tempfile.TemporaryDirectory(prefix="marketflow-oscar-") as data:
        environment = {n: v for n, v in os.environ.items() if n not in names_of_settings()} | {
            "OSCAR_DATABASE_PORT": str(cluster.port),
            "OSCAR_REDIS_URL": redis_url,
            "OSCAR_DATA": data,
            "PYTHONPATH": str(HERE),
        }
        fill = [python, "-m", "shop", str(PRODUCTS)]
        subprocess.run(fill, env=environment, check=True)
        with cluster.connect("oscar") as connection:
            connection.execute("ANALYZE")
        command = [python, "-m", "gunicorn", "shop:application", f"--bind=127.0.0.1:{port}"]
        command += ["--worker-class=gthread", f"--workers={workers}", "--threads=4", "--preload"]
        command += ["--no-control-socket", "--log-level=error"]
        server = subprocess.Popen(command, env=environment)
        try:
            yield Server(cluster, server.pid, port)
        finally:
            server.terminate()
            server.wait()


async def bought(port: int, orders: int, clients: int) -> None:
    """So many guests, `clients` at a time; SystemExit where one is not served."""
    rng, waiting = random.Random(1), iter(range(orders))

    async def one_after_another() -> None:
        connection = Connection(port, {"Host": "127.0.0.1"})
        for _ in waiting:
            await Guest(connection).buy(rng.sample(range(1, PRODUCTS + 1), 2))
        connection.close()

    await until_it_answers(port)
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(one_after_another())


async def until_it_answers(port: int) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.1)
    raise SystemExit("django-oscar did not start")
