"""The market of `make demo`, with one shop and little in it, in a process of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.browser.market import ROOT, wait_until_ready
from tests.environment import names_of_settings
from tests.servers import free_port

SIZE = ["--shops=1", "--products=3", "--orders=0", "--days=1"]


@dataclass(frozen=True)
class Demo:
    """Where it is, and the environment that a command needs to find its database."""

    url: str
    environment: dict[str, str]

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True,
        )  # fmt: skip


@contextlib.contextmanager
def running_demo(folder: Path) -> Iterator[Demo]:
    """A market that answers, on SQLite; gone with the block."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    demo = Demo(url, environment(folder, url))
    for command in (["migrate", "--verbosity=0"], ["seed_market", *SIZE]):
        done = demo.manage(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", f"--port={port}"],
            cwd=ROOT, env=demo.environment, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        wait_until_ready(process, demo.url, log)
        yield demo
    finally:
        process.terminate()
        process.wait(20)


def environment(folder: Path, url: str) -> dict[str, str]:
    """A reader's, whose `python` and `python3` are those of the virtual environment."""
    foreign = names_of_settings()
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # With the address the demo need not start a second time to learn it.
    return kept | {"MARKETFLOW_DATA": str(folder), "SITE_URL": url, "PATH": path}
