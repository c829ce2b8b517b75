"""Reading the environment, strictly: a variable that cannot be used stops the start by name.

django-environ reads only URLs here: its `bool` takes every unknown word for False ("DEBUG=ture").
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import secrets
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import environ
from babel.numbers import is_currency
from django.core.exceptions import ImproperlyConfigured

REQUIRED = object()
FLAGS = {"1": True, "true": True, "yes": True, "on": True}
FLAGS |= {"0": False, "false": False, "no": False, "off": False}

# One writer waits its turn instead of failing with "database is locked".
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=NORMAL;"
    "PRAGMA mmap_size=134217728;"
    "PRAGMA journal_size_limit=27103364;"
    "PRAGMA cache_size=-20000;"
)
# A lock that takes longer is a bug or an attack: let the worker live.
# Compiling a statement pays for minutes of work; ours take milliseconds, compiling took seconds.
# A plan for all values suits none of them: for an option that few products have it took four times
# as long.
POSTGRESQL_OPTIONS = "-c lock_timeout=3s -c jit=off -c plan_cache_mode=force_custom_plan"


def read(
    name: str,
    cast: Callable[[str], Any] = str,
    default: object = REQUIRED,
    expected: str = "a text",
) -> Any:
    """The variable `name`, cast; `default` where it is missing or blank.

    Raises ImproperlyConfigured with the name and what is expected.
    """
    text = os.environ.get(name, "").strip()
    if not text:
        if default is REQUIRED:
            raise ImproperlyConfigured(f"{name} is missing: expected {expected}")
        return default
    try:
        return cast(text)
    except (ValueError, KeyError, ImproperlyConfigured) as problem:
        raise ImproperlyConfigured(f"{name}={text!r}: expected {expected}") from problem


def flag(name: str, default: bool = False) -> bool:
    return read(name, lambda text: FLAGS[text.lower()], default, "one of " + ", ".join(FLAGS))


def number(name: str, default: int) -> int:
    return read(name, int, default, "a whole number")


def words(name: str, default: Iterable[str] = ()) -> list[str]:
    return read(
        name, lambda text: [w.strip() for w in text.split(",") if w.strip()], list(default)
    )


def one_of(*choices: str) -> Callable[[str], str]:
    return lambda text: {choice: choice for choice in choices}[text.upper()]


def currency(text: str) -> str:
    if not is_currency(text):
        raise ValueError(text)
    return text


def networks(text: str) -> list[str]:
    """Networks, such as `127.0.0.0/8`, by commas."""
    return [str(ipaddress.ip_network(word.strip())) for word in text.split(",") if word.strip()]


def kept_secret(path: Path) -> str:
    """A key made once and kept in the file `path`, so that sessions survive a restart."""
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as file:
            file.write(secrets.token_urlsafe(50))
            file.flush()
            # Two processes that start together agree on the key of the first.
            with contextlib.suppress(FileExistsError):
                os.link(file.name, path)
    return path.read_text()


def sqlite(path: Path) -> dict[str, Any]:
    """SQLite in WAL mode; write transactions take their lock at once, and wait for it."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": SQLITE_PRAGMAS,
        },
    }


def postgresql(
    url: str,
    pool_max: int = 0,
    pool_min: int = 2,
    *,
    statement_seconds: int,
    idle_seconds: int,
) -> dict[str, Any]:
    """PostgreSQL: persistent connections, or a pool of `pool_max` for processes under ASGI.

    The server ends a statement after `statement_seconds`, and a connection that has done nothing
    in its transaction for `idle_seconds`.
    """
    config = read("DATABASE_URL", environ.Env.db_url_config, None, "a database URL") or {}
    if config.get("ENGINE") != "django.db.backends.postgresql":
        raise ImproperlyConfigured(f"DATABASE_URL={url!r}: expected postgres://…")
    options = config.setdefault("OPTIONS", {})
    limits = (
        f"-c statement_timeout={statement_seconds}s "
        f"-c idle_in_transaction_session_timeout={idle_seconds}s"
    )
    given = options.get("options", "")
    options["options"] = f"{given} {POSTGRESQL_OPTIONS} {limits}".strip()
    # Values travel beside the statement, and a connection has one that comes often parsed
    # (docs/adr/0013).
    options["server_side_binding"] = True
    options["prepare_threshold"] = 5
    if pool_max:
        # Django refuses a pool beside persistent connections, hence the zero.
        config["CONN_MAX_AGE"] = 0
        options["pool"] = {"min_size": pool_min, "max_size": pool_max, "timeout": 10}
    else:
        config["CONN_MAX_AGE"] = 60
        config["CONN_HEALTH_CHECKS"] = True
    return config
