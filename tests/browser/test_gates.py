"""Every page by the rules that a machine can check, each in one width and theme per commit.

Which ones follows from the commit, so that a run can be repeated, and goes round over the pages,
so that every run has all widths and themes. `make ux` looks at all of them.
"""

from __future__ import annotations

import re

import pytest

from tests.browser.findings import LOOKS, Visit, findings
from tests.browser.pages import STOPS
from tests.turns import turn

pytestmark = pytest.mark.browser


TURN = turn() % len(LOOKS)


@pytest.mark.parametrize("number", range(len(STOPS)), ids=[stop.name for stop in STOPS])
def test_a_page_breaks_no_rule(market, browser, number, record_property):
    stop, look = STOPS[number], LOOKS[(TURN + number) % len(LOOKS)]
    record_property("look", str(look))

    with Visit(browser, market, stop, look) as visit:
        found = list(findings(visit))

    assert not found, f"{stop.name} at {look}:\n" + "\n".join(found)


def test_pages_of_different_addresses_have_different_titles(market, browser):
    titles: dict[str, set[str]] = {}

    for stop in STOPS:
        address = stop.address(market)
        titles.setdefault(title_of(browser, market, stop), set()).add(address)

    shared = {title: where for title, where in titles.items() if len(where) > 1}
    assert not shared


def title_of(browser, market, stop) -> str:
    context = browser.new_context()
    context.add_cookies(market.cookies_of(stop.visitor))
    body = context.request.get(stop.address(market)).text()
    context.close()
    return re.search(r"<title>(.*?)</title>", body, re.DOTALL)[1]
