"""The cast, which every test speaks of by name, and the ground all tests stand on.

On PostgreSQL and Redis the servers are started, and the Redis databases claimed, before pytest:
see tests/run_tests.py.
"""

from __future__ import annotations

import logging
import os
import tempfile

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import override_settings

from tests.servers.chromium import find_chromium

DATABASES_VARIABLE = "TEST_REDIS_DATABASES"


# --- the cast


@pytest.fixture
def buyer(db):
    from accounts.tests.factories import make_user

    return make_user("ana")


@pytest.fixture
def stranger(db):
    from accounts.tests.factories import make_user

    return make_user("sam")


@pytest.fixture
def shop(db):
    from accounts.tests.factories import make_shop

    return make_shop("Fern & Co", members=["fern"])


@pytest.fixture
def seller(shop):
    from accounts.tests.factories import make_user

    return make_user("fern")


@pytest.fixture
def rival(db):
    from accounts.tests.factories import make_shop

    return make_shop("Rival Goods", members=["rita"])


@pytest.fixture
def api(buyer):
    from marketflow.core.tests.clients import api_for

    return api_for(buyer)


# --- the ground


@pytest.fixture(autouse=True)
def nothing_fails_quietly(request, caplog):
    """A swallowed exception is still a failure: tests that log an error don't pass."""
    yield
    errors = [r for r in caplog.get_records("call") if r.levelno >= logging.ERROR]
    if request.node.get_closest_marker("logs_errors"):
        assert errors, "expected a logged error"
    else:
        assert not errors, [record.getMessage() for record in errors]


@pytest.fixture(autouse=True)
def nothing_is_remembered():
    """Rate limits and counts of one test must not meet the next."""
    cache.clear()


def pytest_configure(config):
    folder = tempfile.TemporaryDirectory(prefix="marketflow-tests-")
    config.add_cleanup(folder.cleanup)
    changes = {
        "MEDIA_ROOT": folder.name,
        # The real hasher is slow on purpose; here it would be most of the run.
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    }
    if os.environ.get("REDIS_URL"):
        changes |= of_this_worker_alone(os.environ["REDIS_URL"])
    changed = override_settings(**changes)
    changed.enable()
    config.add_cleanup(changed.disable)
    run_tasks_in_the_process()


def of_this_worker_alone(url: str) -> dict:
    """Redis settings for this worker: `cache.clear()` empties a database, messages reach all."""
    numbers = os.environ.get(DATABASES_VARIABLE, "").split(",")
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    if not numbers[0] or worker >= len(numbers):
        raise pytest.UsageError(
            f"REDIS_URL is set, but {DATABASES_VARIABLE} names no Redis database that this worker "
            "may empty: run `make test`, or unset REDIS_URL"
        )
    number = numbers[worker].strip()
    caches = {name: dict(about) for name, about in settings.CACHES.items()}
    for about in caches.values():
        about["LOCATION"] = f"{url.rstrip('/')}/{number}"
    layers = {name: dict(about) for name, about in settings.CHANNEL_LAYERS.items()}
    for about in layers.values():
        # Publishing knows no database numbers, only names.
        about["CONFIG"] = dict(about.get("CONFIG", {})) | {"prefix": f"test-{number}"}
    return {"CACHES": caches, "CHANNEL_LAYERS": layers}


def run_tasks_in_the_process() -> None:
    """No worker listens to the tests; what a real one does is in tests/production."""
    from marketflow.celery import app

    app.conf.task_always_eager = True


def pytest_collection_modifyitems(config, items):
    """Races stay off SQLite, whose single writer proves nothing; browser tests need a browser."""
    on_postgresql = "postgresql" in settings.DATABASES["default"]["ENGINE"]
    races = [item for item in items if item.get_closest_marker("races")]
    for item in races:
        # The closing lines of `make test` count them. One after the other: a race of fifty
        # buyers opens fifty connections, and two of them more than a server may allow.
        item.user_properties.append(("races", "1"))
        item.add_marker(pytest.mark.xdist_group("races"))
    if races and not on_postgresql:
        config.hook.pytest_deselected(items=races)
        items[:] = [item for item in items if item not in races]
    if not find_chromium():
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason="no Chromium: install it or set CHROMIUM"))
