from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from django.conf import settings

from marketflow.core import guards

SWITCHES = {
    "MARKETFLOW_TEST_DISABLE": "stock_condition",
    "MARKETFLOW_TEST_CRASH": "key_claimed",
}


def start(code: str, **variables: str) -> subprocess.CompletedProcess:
    """A process of the house, as gunicorn and Celery begin theirs."""
    program = f"import django; django.setup(); from marketflow.core import guards; {code}"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "marketflow.settings"} | variables
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True
    )


@pytest.mark.parametrize("name", SWITCHES)
def test_no_process_starts_with_a_switch_outside_tests(name):
    switch = {name: SWITCHES[name]}

    refused = start("print('started')", MARKETFLOW_TEST="0", **switch)
    allowed = start("print('started')", MARKETFLOW_TEST="1", **switch)

    assert refused.returncode != 0
    assert f"{name}={SWITCHES[name]}: only tests may set this" in refused.stderr
    assert allowed.stdout == "started\n"


def test_a_process_dies_at_the_place_that_is_named_and_at_no_other():
    places = "guards.crash_point('key_claimed'); print('passed', flush=True); "
    places += "guards.crash_point('answer_built'); print('passed')"

    ended = start(places, MARKETFLOW_TEST="1", MARKETFLOW_TEST_CRASH="answer_built")

    assert ended.returncode == -signal.SIGKILL
    assert ended.stdout == "passed\n"


def test_a_place_that_nobody_lists_is_an_error():
    with pytest.raises(KeyError, match="no_such_place"):
        guards.crash_point("no_such_place")
    with pytest.raises(KeyError, match="no_such_guard"):
        guards.is_enabled("no_such_guard")


@pytest.mark.parametrize("name", guards.CRASH_POINTS)
def test_every_place_is_somewhere_in_the_code(name):
    code = "".join(
        path.read_text()
        for folder in ("marketflow", "orders", "carts", "catalog")
        for path in (settings.BASE_DIR / folder).rglob("*.py")
        if "tests" not in path.parts
    )

    assert code.count(f'crash_point("{name}")') == 1
