"""The environment of every test run, whatever the developer's shell says.

A pytest plugin (`-p tests.environment` in pyproject.toml), because pytest-django reads the
settings before any conftest.py. DATABASE_URL and REDIS_URL stay as they are; nothing else of the
shell's settings does. Each parallel worker gets a data folder and a Redis database of its own:
`cache.clear()` empties the whole database.
"""

from __future__ import annotations

import atexit
import os
import re
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
KEPT = {"DATABASE_URL", "REDIS_URL"}
REDIS_DATABASES = "TEST_REDIS_DATABASES"
SETTINGS = {
    "SECRET_KEY": "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ",
    "MARKETFLOW_TEST": "1",
    "ENVIRONMENT": "test",
    "DEMO": "1",
    "HTTPS": "0",
    "STATIC_MANIFEST": "0",
    "CELERY_EAGER": "1",
    "API_NEEDS_CONFIRMED_EMAIL": "0",
    "REQUIRE_MFA": "0",
    "IMPORT_FETCHES_PICTURES": "0",
}


def set_up() -> None:
    for name in names_of_settings() - KEPT:
        os.environ.pop(name, None)
    os.environ.update(SETTINGS)
    folder = tempfile.TemporaryDirectory(prefix="marketflow-tests-")
    atexit.register(folder.cleanup)
    os.environ["MARKETFLOW_DATA"] = folder.name
    if os.environ.get("REDIS_URL"):
        number = redis_database_of_this_worker()
        for use in ("CACHE", "CHANNEL", "BROKER"):
            os.environ[f"REDIS_{use}_DB"] = number
        # Publishing knows no database numbers, only names.
        os.environ["REDIS_PREFIX"] = f"test-{number}"


def names_of_settings() -> set[str]:
    example = (ROOT / ".env.example").read_text()
    return set(re.findall(r"^#?\s*([A-Z][A-Z0-9_]+)=", example, flags=re.MULTILINE))


def redis_database_of_this_worker() -> str:
    numbers = os.environ.get(REDIS_DATABASES, "").split(",")
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    if not numbers[0] or worker >= len(numbers):
        raise pytest.UsageError(
            f"REDIS_URL is set, but {REDIS_DATABASES} names no Redis database that this worker "
            "may empty: run `make test`, or unset REDIS_URL"
        )
    return numbers[worker].strip()


set_up()
