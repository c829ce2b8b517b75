"""The API's pages in a real browser, under the policy they are served with."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

IN_VIEW = """() => [...document.querySelectorAll(".opblock")].map(block =>
    block.querySelector(".opblock-summary-method").innerText.toLowerCase() + " " +
    block.querySelector(".opblock-summary-path").dataset.path)"""
# Half a view further; false at the end.
ONWARD = """() => {
    const before = scrollY;
    scrollBy(0, innerHeight / 2);
    return scrollY > before;
}"""


@pytest.fixture
def visit(market, browser):
    """Opens pages for a visitor, and remembers what the browser complained of."""
    contexts, complaints = [], []

    def open_page(path: str, visitor: str = "nobody", **options):
        context = browser.new_context(**options)
        contexts.append(context)
        context.add_cookies(market.cookies_of(visitor))
        page = context.new_page()
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: _note_foreign(request.url, market.url, complaints))
        page.goto(market.url + path)
        page.wait_for_load_state("networkidle")
        return page

    open_page.complaints = complaints
    yield open_page
    for context in contexts:
        context.close()


def _note_foreign(url: str, own: str, complaints: list[str]) -> None:
    if not url.startswith((own, "data:", "blob:")):
        complaints.append(f"asks another host: {url}")


def test_the_reference_lists_every_operation_and_opens_one(visit, market):
    page = visit("/api/docs/")
    document = page.request.get(f"{market.url}/api/schema/?format=json").json()
    everything = {
        f"{method} {path}"
        for path, operations in document["paths"].items()
        for method in operations
        if method != "parameters"
    }
    checkout = page.locator(".opblock", has=page.locator("[data-path='/api/v1/checkout/']"))

    assert scrolled_through(page) == everything
    scrolled_through(page, until="post /api/v1/checkout/")
    checkout.locator(".opblock-summary-control").click()
    checkout.locator(".parameter__name", has_text="Idempotency-Key").wait_for()
    assert not visit.complaints


def scrolled_through(page, until: str | None = None) -> set[str]:
    """Every operation met from the top: a long reference has only those in view on the page."""
    met: set[str] = set()
    page.evaluate("scrollTo(0, 0)")
    while until not in met:
        page.wait_for_timeout(50)
        met |= set(page.evaluate(IN_VIEW))
        if not page.evaluate(ONWARD):
            break
    return met


def test_without_a_script_the_reference_leads_elsewhere(visit):
    page = visit("/api/docs/", java_script_enabled=False)

    page.locator("noscript a, main p a").first.click()

    assert page.url.endswith("/api/")
    assert page.locator("h1").inner_text() == "MarketFlow API"
    assert not visit.complaints


def test_a_request_is_sent_from_its_page_and_a_wrong_one_can_be_mended(visit):
    page = visit("/api/v1/users/me/addresses/", "ana")
    body = page.locator("form[data-api=POST] textarea")
    good = body.input_value()

    body.fill('{"nam": "Ana"}')
    page.get_by_role("button", name="POST").click()
    page.locator("#answer", has_text="400").wait_for()
    assert "Unknown field." in page.locator("main").inner_text()
    assert body.input_value() == '{"nam": "Ana"}'
    body.fill(good)
    page.get_by_role("button", name="POST").click()
    page.locator("#answer", has_text="201").wait_for()

    assert page.evaluate("document.activeElement.id") == "answer"
    # The browser itself reports the 400 that was provoked, and nothing else.
    assert [text for text in visit.complaints if "400" not in text] == []
