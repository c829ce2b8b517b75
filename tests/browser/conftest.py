"""A browser and a market, once for all tests of this folder.

Package scope, not session: Playwright keeps an event loop running in this thread, in which
other tests could not run their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.market import BrowserMarket, running_market
from tests.servers.chromium import find_chromium

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]


@contextmanager
def a_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def market(tmp_path_factory) -> Iterator[BrowserMarket]:
    with running_market(tmp_path_factory.mktemp("market")) as market:
        yield market


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


def pytest_terminal_summary(terminalreporter):
    """Which pages were looked at in which width and theme."""
    looks: dict[str, list[str]] = {}
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        if look := dict(report.user_properties).get("look"):
            looks.setdefault(look, []).append(re.search(r"\[(.*)\]", report.nodeid)[1])
    for look, names in sorted(looks.items()):
        terminalreporter.write_line(f"Looked at in {look}: {', '.join(names)}.")
