"""A PostgreSQL of its own that keeps what it promised, and can be shot and started again."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from tests.servers import free_port
from tests.servers.throwaway_postgres import as_nobody, binaries, make_cluster, wait_until_ready

SETTINGS = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=on",
    "deadlock_timeout=200ms",
    "log_lock_waits=on",
    "max_connections=60",
]
TEMPLATE = "migrated"


class Cluster:
    def __init__(self, folder: Path, root: Path, run: dict) -> None:
        self.programs, self.root, self.run = folder, root, run
        self.port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}"
        self.process: subprocess.Popen | None = None

    @property
    def log(self) -> Path:
        return self.root / "log"

    def start(self) -> None:
        command = [self.programs / "postgres", "-D", self.root / "data", "-c", f"port={self.port}"]
        command += [part for setting in SETTINGS for part in ("-c", setting)]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **self.run)
        wait_until_ready(self.process, f"{self.url}/postgres", self.log)

    def restart_at_once(self) -> None:
        """What `pg_ctl -m immediate restart` does: no checkpoint, no goodbye, recovery."""
        self.stop(signal.SIGQUIT)
        self.start()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)

    def make_database(self, name: str, template: str = "template1") -> None:
        """A database `name` like `template`, instead of any that bears the name."""
        with self.connect("postgres") as connection:
            drop = "drop database if exists {} with (force)"
            connection.execute(sql.SQL(drop).format(sql.Identifier(name)))
            make = sql.SQL("create database {} template {}")
            connection.execute(make.format(sql.Identifier(name), sql.Identifier(template)))

    def connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(f"{self.url}/{database}", autocommit=True)

    def version(self) -> str:
        with self.connect("postgres") as connection:
            return connection.execute("show server_version").fetchone()[0].split()[0]

    def deadlocks(self) -> int:
        return self.log.read_text(errors="replace").count("deadlock detected")


@contextlib.contextmanager
def running() -> Iterator[Cluster]:
    folder, from_wheel = binaries()
    root = Path(tempfile.mkdtemp(prefix="marketflow-gauntlet-pg-"))
    folder, run = as_nobody(folder, root, from_wheel)
    cluster = Cluster(folder, root, run)
    try:
        make_cluster(folder, root / "data", run)
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(root, ignore_errors=True)
