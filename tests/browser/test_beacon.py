"""What a page tells of itself when it is left, by a real browser, up to what staff read of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_admins import enter

pytestmark = pytest.mark.browser

FIGURES = "admin/analytics/pagevital/?days=7&device="


@contextmanager
def somebody(browser: Browser, width: int = 1440) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": width, "height": 800})
    context.set_default_timeout(20_000)
    try:
        yield context.new_page()
    finally:
        context.close()


@contextmanager
def staff(browser: Browser, market) -> Iterator[Page]:
    with somebody(browser) as page:
        enter(page, market.url, "admin")
        yield page


def put_aside(page: Page) -> dict:
    """What the page tells then. Playwright does not hear what one tells that is gone already."""
    with page.expect_response("**/rum/") as answer:
        page.evaluate("dispatchEvent(new Event('pagehide'))")
    assert (answer.value.request.method, answer.value.status) == ("POST", 204)
    return answer.value.request.post_data_json


def break_times(page: Page, script: str) -> None:
    """Let a module that every page uses be `script`."""
    page.route(
        "**/static/js/page/times.js",
        lambda route: route.fulfill(content_type="text/javascript", body=script),
    )


@pytest.mark.parametrize(("width", "device"), [(360, "phone"), (1440, "desktop")])
def test_a_page_tells_how_fast_it_was_when_it_is_left(market, browser, width, device):
    with somebody(browser, width) as page:
        page.goto(market.url + market.places["product_mug"])
        page.locator("main").click(position={"x": 2, "y": 2})
        page.wait_for_timeout(300)
        told = put_aside(page)

    assert told.keys() - {"inp"} == {"page", "device", "errors", "lcp", "cls"}
    assert (told["page"], told["device"], told["errors"]) == ("product", device, [])
    assert 0 < told["lcp"] < 60_000
    assert 0 <= told["cls"] < 1
    with staff(browser, market) as page:
        page.goto(f"{market.url}/{FIGURES}{device}")
        row = page.get_by_role("row").filter(
            has=page.get_by_role("rowheader", name="product", exact=True)
        )
        expect(row).to_contain_text(re.compile(r"\d\.\d s (good|bearable|poor)"))


def test_an_error_of_a_script_arrives_by_file_and_line(market, browser):
    with somebody(browser) as page:
        break_times(
            page,
            "export function showTimes() {\n  throw new Error('no time for ana@example.org');\n}",
        )
        page.goto(f"{market.url}/help/contact/")
        told = put_aside(page)

    (error,) = told["errors"]
    assert (error["module"], error["line"]) == ("js/page/times.js", 2)
    with staff(browser, market) as page:
        page.goto(f"{market.url}/{FIGURES}")
        row = page.get_by_role("row").filter(has_text="js/page/times.js:2")
        expect(row).to_contain_text("Uncaught Error: no time for …")
        assert "ana@example.org" not in page.content()


def test_a_promise_that_nobody_caught_arrives_too(market, browser):
    with somebody(browser) as page:
        break_times(
            page, "export async function showTimes() {\n\n  throw new Error('too late');\n}"
        )
        page.goto(f"{market.url}/help/contact/")
        told = put_aside(page)

    assert told["errors"] == [{"message": "too late", "module": "js/page/times.js", "line": 3}]


def test_a_page_that_is_put_aside_tells_once(market, browser):
    with somebody(browser) as page:
        told: list[str] = []
        page.on("request", lambda asked: told.append(asked.url) if "/rum/" in asked.url else None)
        page.goto(f"{market.url}/help/contact/")
        page.evaluate("dispatchEvent(new Event('pagehide'))")
        page.evaluate("dispatchEvent(new Event('pagehide'))")
        page.wait_for_timeout(200)

    assert len(told) == 1


def test_what_another_sites_script_breaks_is_not_told(market, browser):
    with somebody(browser) as page:
        page.goto(f"{market.url}/help/contact/")
        page.evaluate("setTimeout(() => { throw new Error('an extension'); })")
        page.wait_for_timeout(100)
        told = put_aside(page)

    assert told["errors"] == []


def test_a_visit_arrives_when_somebody_goes_on(market, browser):
    """Past the service worker, which would lose most of what pages say as they go."""
    pages = ["account_signup", "account_login", "account_reset_password"]
    with somebody(browser) as page, staff(browser, market) as vera:
        for path in ("signup/", "login/", "password/reset/"):
            page.goto(f"{market.url}/account/{path}", wait_until="networkidle")
            page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.goto(f"{market.url}/help/")

        vera.goto(f"{market.url}/{FIGURES}")
        rows = vera.get_by_role("rowheader").filter(has_text=re.compile(f"^({'|'.join(pages)})$"))
        for _try in range(20):
            if rows.count() == len(pages):
                break
            vera.wait_for_timeout(100)
            vera.reload()

        assert sorted(rows.all_inner_texts()) == sorted(pages)
