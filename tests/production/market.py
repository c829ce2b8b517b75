"""The production processes by the compose file's commands, on servers of their own."""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.environment import names_of_settings
from tests.production.compose import ROOT, compose
from tests.servers import free_port
from tests.servers.throwaway_postgres import throwaway as throwaway_postgres
from tests.servers.throwaway_valkey import throwaway as throwaway_redis

SECRETS = {"SECRET_KEY": "0123456789abcdefghij" * 3, "POSTGRES_PASSWORD": "unused"}
BIN = Path(sys.executable).parent
ORIGIN = "https://market.example"
# As the reverse proxy would send it.
PROXIED = {"Host": "market.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
# What a container has that is told nothing.
EQUAL_SHARES = 1024


class Market:
    """The processes by name, and where they listen."""

    def __init__(
        self, environment: dict[str, str], logs: Path, variables: dict[str, str] | None = None
    ) -> None:
        self.environment = environment
        self.logs = logs
        self.services = compose(SECRETS | (variables or {}))["services"]
        self.ports = {"8000": str(free_port()), "8001": str(free_port())}
        self.processes: dict[str, subprocess.Popen] = {}

    def command(self, name: str) -> list[str]:
        """The compose file's, on this machine's address, ports and virtual environment."""
        program, *arguments = self.services[name]["command"]
        for old, new in {"0.0.0.0": "127.0.0.1", **self.ports}.items():
            arguments = [argument.replace(old, new) for argument in arguments]
        return [str(BIN / program), *arguments]

    def start(self, name: str) -> None:
        with (self.logs / name).open("a") as log:
            process = self.processes[name] = subprocess.Popen(
                self.command(name), cwd=ROOT, env=self.settings(name), stdout=log, stderr=log
            )
        shares = self.services[name].get("cpu_shares", EQUAL_SHARES)
        os.setpriority(os.PRIO_PROCESS, process.pid, niceness(shares))

    def run(self, name: str) -> None:
        subprocess.run(self.command(name), cwd=ROOT, env=self.settings(name), check=True)

    def manage(self, *arguments: str) -> None:
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True)

    def kill(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()

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

    def log(self, name: str) -> str:
        return (self.logs / name).read_text()


def niceness(shares: int) -> int:
    """What gives a process among others the weight that `shares` give to a container.

    The kernel's scale (sched(7)): each step is a quarter more or less.
    """
    return round(math.log(EQUAL_SHARES / shares, 1.25))


@contextlib.contextmanager
def migrated_market(folder: Path) -> Iterator[Market]:
    """Nothing runs yet but the servers; what was started is gone with the block."""
    (folder / "logs").mkdir()
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
            "MARKETFLOW_DATA": str(folder / "data"),
            "PYTHONPATH": str(ROOT),
        }
        market = Market(environment, folder / "logs")
        market.run("migrate")
        market.manage("collectstatic", "--noinput", "--verbosity=0")
        try:
            yield market
        finally:
            market.kill()
