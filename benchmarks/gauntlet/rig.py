"""The rig: every process of production by the compose file's command, on servers of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import redis

from benchmarks.gauntlet import cluster as postgres
from benchmarks.gauntlet import wires
from benchmarks.gauntlet.cluster import Cluster
from benchmarks.gauntlet.driver import Journal
from tests.environment import names_of_settings
from tests.production.compose import ROOT
from tests.production.market import ORIGIN, SECRETS, Market
from tests.psp_sim import process as psp_sim
from tests.servers import free_port
from tests.servers.throwaway_valkey import throwaway as throwaway_redis

PROCESSES = ("web", "worker", "beat")
DATABASE = "market"
# All buyers come from one address here, and come back as often as they must.
NO_LIMITS = {"RATE_LIMIT_CHECKOUT": "1000000/60", "RATE_LIMIT_FIND_ORDER": "1000000/60"}


class Rig:
    """Servers that last, and a market on them that each figure opens anew."""

    def __init__(self, folder: Path, cluster: Cluster, redis_url: str, provider: str) -> None:
        self.folder, self.cluster, self.redis_url = folder, cluster, redis_url
        self.provider = provider
        self.stack = contextlib.ExitStack()
        self.psp: psp_sim.Psp | None = None
        self.to_postgres: wires.Remote | None = None
        self.to_redis: wires.Remote | None = None
        self.market = Market({}, folder / "logs", {"WEB_WORKERS": "4", "WORKER_CONCURRENCY": "2"})
        self.opened = 0
        # Without wires processes reach the servers themselves: for measuring.
        self.is_wired = True

    @property
    def port(self) -> int:
        return int(self.market.ports["8000"])

    def open_market(self, *processes: str, **switches: str) -> None:
        """An empty, migrated market, with `processes` running (all of them where none is named).

        `switches` are further settings, such as MARKETFLOW_TEST_DISABLE.
        """
        self.close_market()
        self.opened += 1
        self.cluster.make_database(DATABASE, postgres.TEMPLATE)
        with redis.Redis.from_url(self.redis_url) as client:
            client.flushall()
        books = self.folder / f"psp-{self.opened}"
        books.mkdir()
        webhooks = f"http://127.0.0.1:{self.port}/webhooks/payments/stripe/"
        self.psp = self.stack.enter_context(psp_sim.running(books, webhook_url=webhooks))
        redis_port = int(self.redis_url.rpartition(":")[2])
        if self.is_wired:
            self.to_postgres = self._wire(self.cluster.port)
            self.to_redis = self._wire(redis_port)
            self.ports = self.to_postgres.listen, self.to_redis.listen
        else:
            self.ports = self.cluster.port, redis_port
        self.market.environment = self.environment(**switches)
        for name in processes or PROCESSES:
            self.start(name)

    def environment(self, **switches: str) -> dict[str, str]:
        foreign = names_of_settings()
        postgres_port, redis_port = self.ports
        return {n: v for n, v in os.environ.items() if n not in foreign} | {
            "DATABASE_URL": f"postgres://postgres@127.0.0.1:{postgres_port}/{DATABASE}",
            "REDIS_URL": f"redis://127.0.0.1:{redis_port}",
            "SECRET_KEY": SECRETS["SECRET_KEY"],
            "SITE_URL": ORIGIN,
            "ALLOWED_HOSTS": "market.example,127.0.0.1",
            "ALLOWED_ORIGINS": ORIGIN,
            "TRUSTED_PROXIES": "1",
            "STATIC_MANIFEST": "0",
            "MARKETFLOW_DATA": str(self.folder / "data"),
            "PAYMENT_PROVIDERS": self.provider,
            "ALLOW_TEST_PAYMENTS": "1",
            "STRIPE_SECRET_KEY": psp_sim.KEY,
            "STRIPE_PUBLISHABLE_KEY": psp_sim.PUBLISHABLE,
            "STRIPE_WEBHOOK_SECRET": psp_sim.SECRET,
            "STRIPE_API_BASE": self.psp.base,
            "EMAIL_URL": "dummymail://",
            "PYTHONPATH": str(ROOT),
            **NO_LIMITS,
            **switches,
        }

    def start(self, name: str, **switches: str) -> None:
        """Start a process, and for web wait until it answers."""
        kept = self.market.environment
        self.market.environment = kept | switches
        self.market.start(name)
        self.market.environment = kept
        if name == "web":
            self.wait_until("the site answers", lambda: self.market.fetch("/readyz")[0] == 200)
        if name == "worker":
            self.wait_until("a worker is ready", lambda: " ready" in self.market.log("worker"))

    def journal(self) -> Journal:
        """A new one for the figure that runs."""
        return Journal(self.folder / f"journal-{time.monotonic_ns()}.jsonl", self.provider)

    def restart(self, name: str, **switches: str) -> None:
        self.stop(name)
        self.start(name, **switches)

    def stop(self, name: str) -> None:
        process = self.market.processes.pop(name, None)
        if process is None:
            return
        # Held still, it makes no child after they are counted.
        process.send_signal(signal.SIGSTOP)
        children = children_of(process.pid)
        process.kill()
        process.wait()
        # The orphans of a killed master would go on answering at its port.
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if name == "worker":
            (self.market.logs / "worker").unlink()

    def revive(self) -> list[str]:
        """Start again what has ended, as the compose file's `restart` does. Returns the names."""
        ended = [name for name, p in self.market.processes.items() if p.poll() is not None]
        for name in ended:
            self.market.start(name)
        return ended

    def close_market(self) -> None:
        for name in list(self.market.processes):
            self.stop(name)
        self.stack.close()

    def manage(self, *arguments: str) -> subprocess.CompletedProcess:
        """A management command on the market, not through the wires."""
        return self._python("manage.py", *arguments)

    def make_world(self, **size: int) -> list[dict]:
        """Buyers with filled carts, as benchmarks.gauntlet.world makes them."""
        options = [f"--{name.replace('_', '-')}={value}" for name, value in size.items()]
        made = self._python("-m", "benchmarks.gauntlet.world", *options)
        if made.returncode:
            raise RuntimeError(made.stderr)
        # What autovacuum has long done in a market that lives.
        with self.cluster.connect(DATABASE) as connection:
            connection.execute("ANALYZE")
        return json.loads(made.stdout)

    def _python(self, *arguments: str) -> subprocess.CompletedProcess:
        direct = {"DATABASE_URL": f"{self.cluster.url}/{DATABASE}"}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.market.environment | direct,
            capture_output=True,
            text=True,
        )

    def redis_version(self) -> str:
        with redis.Redis.from_url(self.redis_url) as client:
            return client.info("server")["redis_version"]

    def web_workers(self) -> list[int]:
        return children_of(self.market.processes["web"].pid)

    def worker_children(self) -> list[int]:
        return children_of(self.market.processes["worker"].pid)

    def memory(self) -> dict[str, int]:
        """MiB that each process and its children have resident."""
        return {
            name: sum(resident(pid) for pid in [p.pid, *children_of(p.pid)]) >> 20
            for name, p in self.market.processes.items()
        }

    def cpu_seconds(self) -> dict[str, float]:
        """What each process of the market and its children have used, and both servers.

        Neither the clients nor the payment provider's simulator belong to it.
        """
        roots = {name: process.pid for name, process in self.market.processes.items()}
        roots["postgres"] = self.cluster.process.pid
        with redis.Redis.from_url(self.redis_url) as client:
            used = client.info("cpu")
        of_redis = used["used_cpu_user"] + used["used_cpu_sys"]
        return {name: spent(root) for name, root in roots.items()} | {"redis": of_redis}

    def wait_until(self, what: str, check, seconds: float = 90) -> float:
        """Seconds until `check` held. Raises TimeoutError."""
        started = time.monotonic()
        while not check():
            if time.monotonic() - started > seconds:
                raise TimeoutError(f"not within {seconds} s: {what}\n{self._last_words()}")
            time.sleep(0.1)
        return time.monotonic() - started

    def _last_words(self) -> str:
        logs = sorted(self.market.logs.glob("*"))
        return "\n".join(f"{log.name}: {log.read_text()[-1500:]}" for log in logs)

    def _wire(self, port: int) -> wires.Remote:
        wire = wires.Remote(free_port(), port)
        self.stack.callback(wire.end)
        return wire


@contextlib.contextmanager
def running(provider: str = "stripe") -> Iterator[Rig]:
    """Servers with a migrated template; every process is gone with the block.

    The market takes payments by `provider`: the simulator of Stripe, or `test` in its processes.
    """
    with (
        tempfile.TemporaryDirectory(prefix="marketflow-gauntlet-") as text,
        postgres.running() as cluster,
        throwaway_redis() as redis_url,
    ):
        folder = Path(text)
        (folder / "logs").mkdir()
        rig = Rig(folder, cluster, redis_url, provider)
        try:
            cluster.make_database(postgres.TEMPLATE)
            migrate(cluster, rig)
            yield rig
        finally:
            rig.close_market()


def migrate(cluster: Cluster, rig: Rig) -> None:
    environment = {n: v for n, v in os.environ.items() if n not in names_of_settings()} | {
        "DATABASE_URL": f"{cluster.url}/{postgres.TEMPLATE}",
        "SECRET_KEY": SECRETS["SECRET_KEY"],
        "MARKETFLOW_DATA": str(rig.folder / "data"),
    }
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def children_of(parent: int) -> list[int]:
    children = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent and fields[0] != "Z":
                children.append(int(folder.name))
    return children


def resident(pid: int) -> int:
    """Bytes."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # ended meanwhile
        return 0


def spent(root: int) -> float:
    """CPU seconds of a process, its children, and those of them that have ended."""
    total = 0
    for pid in [root, *children_of(root)]:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15] if pid == root else fields[11:13]))
    return total / os.sysconf("SC_CLK_TCK")
