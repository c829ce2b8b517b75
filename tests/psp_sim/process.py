"""Start the simulator for a test, and talk to its `/_sim/` part."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.psp_sim.books import SIGNS
from tests.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
KEY, PUBLISHABLE, SECRET = "sk_test_simulated", "pk_test_simulated", "whsec_simulated"


class Psp:
    """The simulator as the tests see it: where it is, and what it may be told."""

    def __init__(self, port: int, process: subprocess.Popen) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.process = process

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A control request; the JSON of the answer."""
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.base}/_sim/{path}",
            data=content if method == "GET" or content else b"{}",
            headers={"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def fault(self, *faults: dict[str, Any]) -> None:
        self.ask("POST", "faults", {"faults": list(faults)})

    def webhooks(self, **plan: Any) -> None:
        self.ask("POST", "webhooks", plan)

    def entries(self, kind: str = "", reference: object = "") -> list[dict[str, Any]]:
        """What moved, of one `kind` and about one `reference`."""
        return self.ask("GET", f"books?kind={kind}&reference={reference}")["entries"]

    def amounts(self, kind: str, reference: object = "") -> list[int]:
        return [entry["amount"] for entry in self.entries(kind, reference)]

    def held(self, reference: object) -> int:
        """What is left with the provider of one payment: taken, less given back and kept."""
        return sum(SIGNS[entry["kind"]] * entry["amount"] for entry in self.entries("", reference))

    def settled_webhooks(self, seconds: float = 60) -> dict[str, Any]:
        """The report once nothing is in flight any more."""
        ends = time.monotonic() + seconds
        while (report := self.ask("GET", "webhooks"))["in_flight"]:
            if time.monotonic() > ends:
                raise TimeoutError(report)
            time.sleep(0.05)
        return report


@contextlib.contextmanager
def running(folder: Path, *, webhook_url: str = "", port: int = 0) -> Iterator[Psp]:
    """A simulator with fresh books in `folder`; gone with the block."""
    port = port or free_port()
    command = [sys.executable, "-m", "tests.psp_sim", f"--port={port}"]
    command += [f"--books={folder / 'books.sqlite3'}", f"--webhook-secret={SECRET}"]
    command += [f"--webhook-url={webhook_url}"] if webhook_url else []
    with (folder / "psp.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    psp = Psp(port, process)
    try:
        _wait_for(psp)
        yield psp
    finally:
        process.kill()
        process.wait()


def _wait_for(psp: Psp, seconds: float = 20) -> None:
    ends = time.monotonic() + seconds
    while True:
        try:
            psp.ask("GET", "health")
            return
        except urllib.error.URLError:
            if time.monotonic() > ends or psp.process.poll() is not None:
                raise
            time.sleep(0.05)
