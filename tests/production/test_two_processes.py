"""What two browsers promise each other holds when a process of its own serves each of them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from marketflow.core import invariants
from tests.browser.conftest import a_browser
from tests.browser.market import BrowserMarket
from tests.browser.test_chat import bodies, reading, say
from tests.browser.test_live_stock import the_last_unit_goes
from tests.production.pair import Half, a_small_market, running_pair

pytestmark = [
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not {"DATABASE_URL", "REDIS_URL"} <= os.environ.keys(), reason="no PostgreSQL and Redis"
    ),
]


@pytest.fixture(scope="module")
def halves(django_db_setup, tmp_path_factory) -> Iterator[list[Half]]:
    with running_pair(tmp_path_factory.mktemp("pair")) as halves:
        yield halves


@pytest.fixture
def markets(halves, transactional_db) -> list[BrowserMarket]:
    return a_small_market(halves)


def test_what_is_bought_at_one_is_sold_out_on_the_open_pages_of_the_other(markets):
    with a_browser() as browser:
        the_last_unit_goes(browser, bought_at=markets[0], watched_at=markets[1])


def test_a_process_is_killed_in_the_middle_and_no_message_is_lost(halves, markets):
    with (
        a_browser() as browser,
        reading(browser, markets[0], "fern", "talk") as fern,
        reading(browser, markets[1], "ana", "talk") as ana,
    ):
        say(ana, "One")
        expect(fern.locator("#m2 .msg__text")).to_have_text("One", timeout=20_000)

        # Its answer to "One" may be on the way still.
        halves[1].kill()
        say(fern, "Two")
        expect(fern.locator("#m3 .msg__text")).to_have_text("Two")
        say(ana, "Three")
        say(ana, "Four")
        expect(ana.locator(".msg:not([data-seq])").filter(has_text="Four")).to_be_visible()
        halves[1].start()

        said = ["Hello?", "One", "Two", "Three", "Four"]
        for page in (ana, fern):
            expect(page.locator("#m5")).to_be_visible(timeout=40_000)
            assert bodies(page) == said
        assert ana.locator(".msg:not([data-seq])").count() == 0
        say(fern, "Five")
        expect(ana.locator("#m6 .msg__text")).to_have_text("Five", timeout=20_000)

    found = list(invariants.prove())
    assert "I15" in {finding.invariant.code for finding in found}
    assert not [finding for finding in found if finding.rows]
