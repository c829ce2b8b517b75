"""What only a browser shows: times in the visitor's zone, and a page without a connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, BrowserContext

pytestmark = pytest.mark.browser

ATHENS = "Europe/Athens"
KEPT = """async () => {
  const paths = [];
  for (const name of await caches.keys()) {
    for (const request of await (await caches.open(name)).keys()) {
      paths.push(new URL(request.url).pathname);
    }
  }
  return paths;
}"""


@contextmanager
def somebody(browser: Browser, *, scripts: bool = True) -> Iterator[BrowserContext]:
    context = browser.new_context(timezone_id=ATHENS, java_script_enabled=scripts)
    context.set_default_timeout(20_000)
    try:
        yield context
    finally:
        context.close()


def times(page) -> list[tuple[str, datetime]]:
    """The times of day on a page: what is written, and which moment it is."""
    found = page.locator("time[data-form*=H]").all()
    return [(e.text_content(), datetime.fromisoformat(e.get_attribute("datetime"))) for e in found]


def test_times_are_in_the_visitors_zone_from_the_first_page_on(browser, market):
    with somebody(browser) as context:
        context.add_cookies(market.cookies_of("ana"))
        page = context.new_page()
        for _visit in ("written anew by the script", "written by the server"):
            page.goto(market.url + market.places["order_waiting"])

            shown = times(page)

            assert shown
            for words, moment in shown:
                assert f"{moment.astimezone(ZoneInfo(ATHENS)):%H:%M}" in words
                assert "UTC" not in words


def test_without_scripts_a_time_names_its_zone(browser, market):
    with somebody(browser, scripts=False) as context:
        context.add_cookies(market.cookies_of("ana"))
        page = context.new_page()
        page.goto(market.url + market.places["order_waiting"])

        shown = times(page)

        assert shown
        assert all(words.endswith(f"{moment:%H:%M} UTC") for words, moment in shown)


def test_without_a_connection_there_is_a_page_with_what_was_viewed(browser, market):
    with somebody(browser) as context:
        page = context.new_page()
        page.goto(market.url + market.places["product_mug"])
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        viewed = page.title().split(" · ")[0]
        page.goto(f"{market.url}/cart/")
        kept = page.evaluate(KEPT)
        context.set_offline(True)

        page.goto(f"{market.url}/orders/find/")

        assert page.locator("h1").inner_text() == "You are offline"
        assert page.locator("#viewed a").all_inner_texts() == [viewed]
        assert [path for path in kept if not path.startswith("/static/")] == ["/offline/"]
        context.set_offline(False)
        page.wait_for_function("document.querySelector('h1').innerText !== 'You are offline'")
