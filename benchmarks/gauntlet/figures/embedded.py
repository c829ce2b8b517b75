"""A25: the demo server, one process on SQLite, sells exactly what is there."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.gauntlet import driver
from benchmarks.gauntlet.driver import Journal
from benchmarks.gauntlet.figures.figure import Size, Verdict
from benchmarks.gauntlet.http import Connection, Lost
from benchmarks.gauntlet.judge import ORDERED_TWICE, UNITS, Judge
from benchmarks.gauntlet.rig import Rig
from tests.environment import names_of_settings
from tests.production.compose import ROOT
from tests.servers import free_port

LOCKED = "database is locked"
# A laptop's browser tabs are fewer; threads of one process are what waits here.
IN_FLIGHT = 32


def a25(rig: Rig, size: Size) -> Iterator[Verdict]:
    """500 checkouts for 50 units through `manage.py demo`: exactly 50, nothing locked."""
    with tempfile.TemporaryDirectory(prefix="marketflow-embedded-") as folder:
        yield "", stormed(Path(folder), size)


def stormed(folder: Path, size: Size) -> Judge:
    units = size.of(50, at_least=5)
    environment = {n: v for n, v in os.environ.items() if n not in names_of_settings()} | {
        "MARKETFLOW_DATA": str(folder),
        "EMAIL_URL": "dummymail://",
    }
    ours = {"cwd": ROOT, "env": environment}
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity=0"], check=True, **ours)
    world = [f"--buyers={units * 10}", f"--stock={units}", "--skus=5", f"--seed={size.seed}"]
    made = subprocess.run(
        [sys.executable, "-m", "benchmarks.gauntlet.world", *world],
        check=True,
        stdout=subprocess.PIPE,
        **ours,
    )
    buyers = json.loads(made.stdout)
    journal = Journal(folder / "journal.jsonl", "test")
    with demo(folder, ours) as port:
        journal.headers = {"Host": f"127.0.0.1:{port}"}
        started = time.monotonic()
        asyncio.run(
            driver.everybody(
                buyers,
                lambda shopper, buyer: shopper.buy(buyer),
                port=port,
                journal=journal,
                seed=size.seed,
                in_flight=IN_FLIGHT,
            )
        )
        seconds = time.monotonic() - started

    judge = Judge(None, journal)
    with contextlib.closing(sqlite3.connect(folder / "db.sqlite3")) as database:
        judge.equal("units sold", database.execute(UNITS).fetchone()[0], units)
        judge.equal("buyers with two orders", database.execute(ORDERED_TWICE).fetchall(), [])
    judge.answers("409")
    judge.equal("times the database was locked", (folder / "log").read_text().count(LOCKED), 0)
    judge.facts["checkouts a second"] = round(len(buyers) / seconds, 1)
    audited = subprocess.run(
        [sys.executable, "manage.py", "audit"], capture_output=True, text=True, **ours
    )
    judge.equal("audit", audited.stdout.splitlines()[-1].rpartition(": ")[2], "all hold.")
    return judge


@contextlib.contextmanager
def demo(folder: Path, ours: dict) -> Iterator[int]:
    """The demo server on the market that is there. Its port."""
    port = free_port()
    command = [sys.executable, "manage.py", "demo", f"--port={port}"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, **ours)
    try:
        asyncio.run(answering(port, process))
        yield port
    finally:
        process.terminate()
        process.wait(30)


async def answering(port: int, process: subprocess.Popen, seconds: int = 120) -> None:
    ends = time.monotonic() + seconds
    connection = Connection(port, {"Host": f"127.0.0.1:{port}"})
    while True:
        try:
            if (await connection.ask("GET", "/healthz")).status == 200:
                return
        except Lost:
            if time.monotonic() > ends or process.poll() is not None:
                raise
        await asyncio.sleep(0.2)
