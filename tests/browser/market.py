"""One running market for the browser tests: SQLite, one process, a folder of its own.

Seeded as the demo is, then set as `stage` says, with the people and things the tests name.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from notifications.tests.vapid_keys import KEY, SUBJECT
from tests.environment import names_of_settings
from tests.psp_sim import process as psp_sim
from tests.psp_sim.process import Psp
from tests.servers import NoServer, free_port

ROOT = Path(__file__).resolve().parents[2]
SIZE = ["--shops", "5", "--products", "60", "--orders", "12", "--days", "30"]


@dataclass(frozen=True)
class BrowserMarket:
    """Where it is, who is who there (cookies by name), and the addresses the tests name."""

    url: str
    log: Path
    visitors: dict[str, dict[str, str]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    psp: Psp | None = None

    def cookies_of(self, visitor: str) -> list[dict[str, str]]:
        return [
            {"name": name, "value": value, "url": self.url}
            for name, value in self.visitors[visitor].items()
        ]


@contextlib.contextmanager
def running_market(folder: Path, *, hashed: bool = False) -> Iterator[BrowserMarket]:
    """A seeded market that answers; gone with the block.

    `hashed`: with static files as in production, compressed. It takes a minute longer.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    webhooks = f"{url}/webhooks/payments/stripe/"
    with psp_sim.running(folder, webhook_url=webhooks) as psp:
        environment = settings(folder, url) | paid_by(psp) | {"STATIC_MANIFEST": str(int(hashed))}
        with served(folder, port, url, environment, hashed=hashed) as market:
            yield replace(market, psp=psp)


def paid_by(psp: Psp) -> dict[str, str]:
    """Stripe is offered beside the test cards, and a simulator stands in for it."""
    return {
        "PAYMENT_PROVIDERS": "test,stripe",
        "STRIPE_SECRET_KEY": psp_sim.KEY,
        "STRIPE_PUBLISHABLE_KEY": psp_sim.PUBLISHABLE,
        "STRIPE_WEBHOOK_SECRET": psp_sim.SECRET,
        "STRIPE_API_BASE": psp.base,
        "STRIPE_JS_URL": f"{psp.base}/v3/",
    }


@contextlib.contextmanager
def served(
    folder: Path, port: int, url: str, environment: dict[str, str], *, hashed: bool
) -> Iterator[BrowserMarket]:
    if hashed:
        manage(environment, "collectstatic", "--noinput", "--verbosity=0")
    manage(environment, "migrate", "--verbosity=0")
    manage(environment, "seed_market", *SIZE)
    stage = folder / "stage.json"
    manage(
        environment, "shell", "--verbosity=0", "--no-imports",
        f"--command=from tests.browser import stage; stage.write({str(stage)!r})",
    )  # fmt: skip
    log = folder / "log"
    command = [sys.executable, "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(port)]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "marketflow.asgi:application"],
            cwd=ROOT, env=environment, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        wait_until_ready(process, url, log)
        yield BrowserMarket(url, log, **json.loads(stage.read_text()))
    finally:
        process.terminate()
        process.wait(20)


def settings(folder: Path, url: str) -> dict[str, str]:
    foreign = names_of_settings()
    return {name: value for name, value in os.environ.items() if name not in foreign} | {
        "MARKETFLOW_DATA": str(folder),
        "SITE_URL": url,
        # Every test is a visitor of the same address, and some come in again and again.
        "RATE_LIMIT_CHECKOUT": "1000/60",
        "RATE_LIMIT_SEARCH": "1000/60",
        "RATE_LIMIT_BEACON": "1000/60",
        # Pushes are on offer, and go to a push service on this machine.
        "VAPID_PRIVATE_KEY": KEY,
        "VAPID_SUBJECT": SUBJECT,
        "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
        "PYTHONPATH": str(ROOT),
    }


def manage(environment: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise NoServer(f"manage.py {arguments[0]} failed:\n{done.stdout}{done.stderr}")


def wait_until_ready(process: subprocess.Popen, url: str, log: Path, seconds: int = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"{url}/healthz", timeout=5),
        ):
            return
        time.sleep(0.1)
    raise NoServer(f"the market did not start:\n{log.read_text()[-2000:]}")
