"""A Redis of one's own that goes away and comes back, empty."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.servers import free_port
from tests.servers.throwaway_valkey import binary
from tests.servers.throwaway_valkey import wait_until_ready as wait_for_redis


class Redis:
    """Stopped and started at will, on one port."""

    def __init__(self, folder: Path) -> None:
        self.port, self.folder = free_port(), folder
        self.url = f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [str(binary()), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.process = subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for_redis(self.process, self.url)

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """It closes no connection, and answers nobody."""
        self.process.send_signal(signal.SIGSTOP)
        yield
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(10)
