"""Somebody buys the last one; every page that shows it says so, without being loaded again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

CARD = "4242 4242 4242 4242"
AT_ONCE = 1000  # milliseconds


@contextmanager
def visitor(market, browser: Browser, name: str) -> Iterator[Page]:
    context = browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(20_000)
    context.add_cookies(market.cookies_of(name))
    try:
        yield context.new_page()
    finally:
        context.close()


def look_at(page: Page, url: str) -> Page:
    """Open a page and wait until it has heard of the stock."""
    with page.expect_websocket() as opening:
        page.goto(url)
    opening.value.wait_for_event("framereceived")
    page.evaluate("window.wasNotLoadedAgain = true")
    return page


def the_last_unit_goes(browser: Browser, *, bought_at, watched_at) -> None:
    """Somebody pays at one market; the open pages of the other, or of the same, say so."""
    with (
        visitor(watched_at, browser, "nobody") as listing,
        visitor(watched_at, browser, "nobody") as product,
        visitor(watched_at, browser, "second_guest") as cart,
        visitor(bought_at, browser, "first_guest") as buyer,
    ):
        look_at(listing, f"{watched_at.url}/search/?q=folio")
        look_at(product, watched_at.url + watched_at.places["product_last"])
        look_at(cart, f"{watched_at.url}/cart/")
        card = listing.locator("li.card").filter(has_text="Last folio")
        expect(card).not_to_contain_text("Sold out")
        expect(product.locator("#add")).to_have_text("Add to cart")
        expect(product.get_by_role("button", name="Tell me when it is back")).to_be_hidden()
        expect(cart.locator("mf-stock").first).to_have_text("Only 1 left")
        expect(cart.get_by_role("link", name="Check out")).to_be_visible()

        buyer.goto(f"{bought_at.url}/checkout/review/")
        buyer.get_by_label("Test card number").fill(CARD)
        buyer.get_by_role("button", name="Place order and pay").click()
        expect(buyer.get_by_role("heading", name="Thank you")).to_be_visible()

        expect(card).to_contain_text("Sold out", timeout=AT_ONCE)
        expect(product.locator("#product mf-stock")).to_have_text("Sold out", timeout=AT_ONCE)
        expect(product.locator("#add")).to_be_disabled(timeout=AT_ONCE)
        expect(product.locator("#live")).to_have_text("Sold out", timeout=AT_ONCE)
        expect(product.get_by_role("button", name="Tell me when it is back")).to_be_visible()
        expect(cart.locator("mf-stock").first).to_have_text("Sold out", timeout=AT_ONCE)
        expect(cart.get_by_role("link", name="Nothing to check out")).to_be_disabled()
        expect(cart.get_by_role("link", name="Check out", exact=True)).to_be_hidden()
        for page in (listing, product, cart):
            assert page.evaluate("window.wasNotLoadedAgain")


def test_the_last_unit_is_sold_out_on_every_open_page_at_once(market, browser):
    the_last_unit_goes(browser, bought_at=market, watched_at=market)


def test_checkout_is_off_while_nothing_in_the_cart_can_be_had(market, browser):
    with visitor(market, browser, "shopper") as page:
        sockets = []
        page.route_web_socket("**/ws/inventory/", lambda socket: sockets.append(socket))
        page.goto(f"{market.url}/cart/")
        page.wait_for_function("!!customElements.get('mf-check-out')")
        while not sockets:
            page.wait_for_timeout(20)
        lines = page.locator("#cart-form mf-stock").all()
        mug, *others = [line.get_attribute("variant") for line in lines]
        assert len(others) == 2
        way = page.locator("aside mf-check-out a")
        its_shop = page.get_by_role("button", name="Check out this shop only").first
        expect(its_shop).to_be_enabled()

        def tell(variants, level, available):
            for variant in variants:
                frame = {"variant": variant, "level": level, "available": available}
                sockets[-1].send(json.dumps({"type": "stock"} | frame))

        tell([mug], "out", 0)
        expect(its_shop).to_be_disabled()
        expect(way).to_have_text("Check out")
        expect(way).to_have_attribute("href", "/checkout/")

        way.focus()
        tell(others, "out", 0)
        expect(way).to_have_text("Nothing to check out")
        expect(way).to_be_disabled()
        expect(way).to_be_focused()
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{market.url}/cart/")

        tell([mug], "low", 2)
        expect(its_shop).to_be_enabled()
        expect(way).to_have_text("Check out")
        way.click()
        expect(page).to_have_url(f"{market.url}/checkout/delivery/")


def test_a_page_fetches_the_stock_while_its_socket_is_away(market, browser):
    with visitor(market, browser, "nobody") as page:
        page.route_web_socket("**/ws/inventory/", lambda socket: socket.close(code=1012))
        with page.expect_response("**/stock/?variants=*") as answer:
            page.goto(market.url + market.places["product_long"])

        assert answer.value.json()["results"][0]["level"] in ("in", "low")


def test_what_follows_soon_is_spoken_later_and_only_the_latest_of_it(market, browser):
    with visitor(market, browser, "nobody") as page:
        page.clock.install()
        page.goto(market.url + market.places["product_last"])
        live = page.locator("#live")
        say = """async (texts) => {
            const { speakNow } = await import("/static/js/page/spoken.js");
            texts.forEach((text) => speakNow(text, "bowl"));
        }"""

        page.evaluate(say, ["Only 3 left"])
        page.clock.run_for(1000)
        expect(live).to_have_text("Only 3 left")

        page.evaluate(say, ["Only 2 left", "Sold out"])
        page.clock.run_for(5000)
        expect(live).to_have_text("Only 3 left")
        page.clock.run_for(5000)
        expect(live).to_have_text("Sold out")
