"""The cast, which every test speaks of by name, and the ground all tests stand on.

Settings come from tests/environment.py, servers from tests/run_tests.py: both before this.
"""

from __future__ import annotations

import functools
import gc
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, transaction
from django.test import TransactionTestCase, override_settings
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis

from marketflow.core import append_only, rate_limits
from tests.servers.chromium import find_chromium

# A history of orders and refunds takes a second: each run looks at other ones, a long run at many.
hypothesis.register_profile(
    "short",
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
hypothesis.register_profile("long", parent=hypothesis.get_profile("short"), max_examples=300)
hypothesis.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))

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


# --- files


@pytest.fixture
def private_folder(settings, tmp_path):
    """Private files of this test alone."""
    kept = settings.STORAGES["private"] | {"OPTIONS": {"location": tmp_path, "base_url": None}}
    settings.STORAGES = settings.STORAGES | {"private": kept}
    return tmp_path


# --- the provider


@pytest.fixture(scope="session")
def psp_process(tmp_path_factory):
    from tests.psp_sim.process import running

    with running(tmp_path_factory.mktemp("psp")) as psp:
        yield psp


@pytest.fixture
def psp(psp_process, settings):
    """A server that speaks Stripe's protocol, with books of its own, in place of Stripe."""
    from tests.psp_sim.process import KEY, PUBLISHABLE, SECRET

    settings.PAYMENT_PROVIDERS = ["test", "stripe"]
    settings.STRIPE_SECRET_KEY, settings.STRIPE_PUBLISHABLE_KEY = KEY, PUBLISHABLE
    settings.STRIPE_WEBHOOK_SECRET, settings.STRIPE_API_BASE = SECRET, psp_process.base
    settings.STRIPE_JS_URL = f"{psp_process.base}/v3/"
    psp_process.fault()
    psp_process.webhooks(url="")
    return psp_process


# --- static files, hashed and compressed


def as_in_production(folder: Path) -> dict:
    return {
        "STATIC_ROOT": folder,
        "STATICFILES_FINDERS": ["django.contrib.staticfiles.finders.FileSystemFinder"],
        "STORAGES": settings.STORAGES
        | {"staticfiles": {"BACKEND": "marketflow.static_files.ModuleStaticFilesStorage"}},
    }


@pytest.fixture(scope="session")
def static_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("static")
    with override_settings(**as_in_production(folder)):
        call_command("collectstatic", verbosity=0, interactive=False)
    return folder


@pytest.fixture
def collected(static_folder) -> Iterator[Path]:
    with override_settings(**as_in_production(static_folder)):
        yield static_folder


# --- the ground

# Of each, one at a time: fifty connections at once are as many as a server allows, and a set of
# production processes is as much as a machine holds.
GROUPS = ("races", "processes")
OF_MIGRATE = {"django_migrations", "django_content_type", "auth_permission"}


@pytest.fixture(autouse=True)
def nothing_fails_quietly(request, caplog):
    """A swallowed exception is still a failure: tests that log an error don't pass."""
    yield
    errors = [r for r in caplog.get_records("call") if r.levelno >= logging.ERROR]
    if request.node.get_closest_marker("logs_errors"):
        assert errors, "expected a logged error"
    else:
        assert not errors, [record.getMessage() for record in errors]


@pytest.fixture(scope="module")
def module_db(django_db_setup, django_db_blocker):
    """For rows that are dear to make and that all tests of a module start from.

    A fixture of the module makes them once; what a test does to them is undone after it, and they
    after the last. Not beside tests with transactions of their own.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def nothing_is_remembered():
    """Rate limits and counts of one test must not meet the next."""
    cache.clear()
    rate_limits.reset()


def pytest_configure(config):
    # The real hasher is slow on purpose; here it would be most of the run.
    fast = override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    )
    fast.enable()
    config.add_cleanup(fast.disable)
    let_transactional_tests_clean_up()


def pytest_collection_finish(session):
    # Modules stay: no collection need look through them again, test after test.
    gc.collect()
    gc.freeze()


def let_transactional_tests_clean_up():
    """They end by emptying every table, which append-only ones refuse."""
    clean_up = TransactionTestCase._fixture_teardown

    def with_the_triggers_off(case):
        if may_be_a_replica():
            delete_all_rows()
            return
        with append_only.suspended():
            clean_up(case)

    TransactionTestCase._fixture_teardown = with_the_triggers_off


@functools.cache
def may_be_a_replica() -> bool:
    """On PostgreSQL as its superuser, which a server given by hand may not have."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return cursor.fetchone()[0]


def delete_all_rows():
    """Where rows are: to truncate two hundred nearly empty tables takes PostgreSQL a second.

    What `migrate` writes after every run stays. The role of a replica fires no trigger.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor)) - OF_MIGRATE
        has_rows = " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in sorted(tables)
        )
        cursor.execute(has_rows)
        filled = [table for (table,) in cursor.fetchall()]
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in filled:
            cursor.execute(f"DELETE FROM {table}")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node, ids):
    """Without its groups, which not every pytest lets xdist keep, two races would run at once."""
    if node.config.option.dist == "loadgroup":
        ends = tuple(f"@{group}" for group in GROUPS)
        for name in ids:
            if not name.endswith(ends):
                pytest.exit(f"pytest-xdist has forgotten the group of {name}", returncode=1)


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(config, items):
    """Races stay off SQLite, whose single writer proves nothing; browser tests need a browser."""
    on_postgresql = "postgresql" in settings.DATABASES["default"]["ENGINE"]
    races = [item for item in items if item.get_closest_marker("races")]
    for item in races:
        item.user_properties.append(("races", "1"))  # counted by the closing lines of `make test`
    if races and not on_postgresql:
        config.hook.pytest_deselected(items=races)
        items[:] = [item for item in items if item not in races]
    for item in items:
        for mark in GROUPS:
            if item.get_closest_marker(mark):
                # The servers of sockets are small; the sets of processes take longest as it is.
                group = "races" if item.nodeid.startswith("tests/sockets/") else mark
                item.add_marker(pytest.mark.xdist_group(group))
                break
    if not find_chromium():
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason="no Chromium: install it or set CHROMIUM"))
