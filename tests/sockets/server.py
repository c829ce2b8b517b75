"""A real server process for sockets, on SQLite and in memory as in the embedded default."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.environment import names_of_settings
from tests.servers import NoServer, free_port

ROOT = Path(__file__).resolve().parents[2]
# As docker-compose.yml has it.
UVICORN = [
    "uvicorn", "--lifespan=off", "--no-access-log", "--ws-max-size=1048576",
    "--ws-ping-interval=20", "--ws-ping-timeout=20", "--ws-per-message-deflate=false",
]  # fmt: skip
COMMANDS = {
    "uvicorn": lambda port: [*UVICORN, f"--port={port}"],
    "daphne": lambda port: ["daphne", "-v", "1", "-b", "127.0.0.1", "-p", str(port)],
}


@dataclass(frozen=True)
class Server:
    name: str
    port: int
    log: Path
    environment: dict[str, str]
    process: subprocess.Popen

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"ws://{host}:{self.port}{path}"

    def megabytes(self) -> float:
        """What it holds in memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def environment(folder: Path, port: int, **more: str) -> dict[str, str]:
    foreign = names_of_settings()
    return {name: value for name, value in os.environ.items() if name not in foreign} | {
        "MARKETFLOW_DATA": str(folder),
        "SITE_URL": f"http://market.test:{port}",
        "ALLOWED_HOSTS": "market.test,127.0.0.1",
        "ALLOWED_ORIGINS": f"http://market.test:{port}",
        "SOCKETS_PER_ADDRESS": "5000",
        "PYTHONPATH": str(ROOT),
        **more,
    }


@contextlib.contextmanager
def running(
    program: str,
    application: str,
    port: int,
    settings: dict[str, str],
    log: Path,
    *options: str,
) -> Iterator[Server]:
    command = [sys.executable, "-m", *COMMANDS[program](port), *options, application]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=settings, stdout=output, stderr=output)
    try:
        wait_until_ready(process, port, log)
        yield Server(program, port, log, settings, process)
    finally:
        process.terminate()
        process.wait(30)


def manage(settings: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, cwd=ROOT, env=settings, check=True)


def wait_until_ready(process: subprocess.Popen, port: int, log: Path, seconds: int = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5),
        ):
            return
        time.sleep(0.1)
    raise NoServer(f"the server did not start:\n{log.read_text()[-2000:]}")


__all__ = ["Server", "environment", "free_port", "manage", "running"]
