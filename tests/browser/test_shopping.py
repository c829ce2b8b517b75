"""The market's first journey: bought without JavaScript, shipped by a shop, seen by the buyer.

And what the design promises of it: seven activations for a guest, and no need of a mouse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from marketflow.demo.people import PASSWORD, SELLER

pytestmark = pytest.mark.browser

CARD = "4242 4242 4242 4242"
ORDER = re.compile(r".*/orders/(MF-[2-9A-HJ-NP-Z]{8})/")
ACTIVE_NAME = """() => {
  const here = document.activeElement;
  const label = here.labels?.[0]?.innerText;
  return here.ariaLabel || label || here.innerText || here.name || here.tagName;
}"""
# A ring on the control, or on the frame it stands in: a card, a stepper, the search box.
RING = """() => {
  for (let here = document.activeElement, level = 0; here && level < 4; level += 1) {
    const style = getComputedStyle(here);
    if (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) return true;
    here = here.parentElement;
  }
  return false;
}"""


@contextmanager
def visitor(browser: Browser, *, scripts: bool) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=scripts, reduced_motion="reduce")
    context.set_default_timeout(20_000)
    try:
        yield context.new_page()
    finally:
        context.close()


def search(page: Page, words: str) -> None:
    page.get_by_role("searchbox").first.fill(words)
    page.get_by_role("searchbox").first.press("Enter")


def open_first_of(page: Page, shop: str) -> None:
    """The first result of `shop` that can be had."""
    cards = page.locator("li.card").filter(has_text=shop).filter(has_not_text="Sold out")
    cards.first.locator("a.card__link").click()


def choose_what_can_be_had(page: Page) -> None:
    """Take the first value of every option that is not sold out, and show that choice."""
    for option in page.locator("#buy fieldset").all():
        values = option.locator("label:not(.opt--out)")
        values.first.locator("input").check(force=True)
    page.get_by_role("button", name="Show this choice").click()


def type_the_address(page: Page) -> None:
    for label, text in (
        ("E-mail address", "gil@example.test"),
        ("Full name", "Gil Guest"),
        ("Address line 1", "1 Mill Lane"),
        ("Postcode", "D02 X285"),
        ("Town or city", "Dublin"),
    ):
        page.get_by_label(label).fill(text)


def test_a_guest_buys_without_javascript_and_sees_it_shipped(market, browser):
    with visitor(browser, scripts=False) as shopper, visitor(browser, scripts=True) as seller:
        shopper.goto(market.url)
        search(shopper, "mug")
        open_first_of(shopper, "Clay & Kin")
        choose_what_can_be_had(shopper)
        expect(shopper).to_have_url(re.compile(r"\?.+"))
        shopper.get_by_role("button", name="Add to cart").click()
        expect(shopper.get_by_role("heading", name="Clay & Kin")).to_be_visible()
        search(shopper, "pot")
        open_first_of(shopper, "Fernhouse")
        if shopper.get_by_role("button", name="Show this choice").count():
            choose_what_can_be_had(shopper)
        shopper.get_by_role("button", name="Add to cart").click()
        expect(shopper.get_by_role("heading", name="Fernhouse")).to_be_visible()

        shopper.get_by_role("link", name="Check out").click()
        type_the_address(shopper)
        shopper.get_by_role("button", name="Continue to payment").last.click()
        shopper.get_by_role("button", name="Continue to review").last.click()
        shopper.get_by_label("Test card number").fill(CARD)
        shopper.get_by_role("button", name="Place order and pay").click()

        expect(shopper.get_by_role("heading", name="Thank you, Gil")).to_be_visible()
        number = ORDER.match(shopper.url)[1]
        assert courses(shopper) == {"Clay & Kin": "Paid", "Fernhouse": "Paid"}

        ship(market, seller, number)

        shopper.reload()
        assert courses(shopper) == {"Clay & Kin": "Paid", "Fernhouse": "Shipped"}
        expect(shopper.get_by_text("IE123456789", exact=True)).to_be_visible()


def courses(page: Page) -> dict[str, str]:
    """How far each shop's part is, as the page says it."""
    parts = page.locator("section", has=page.locator("ol.timeline"))
    return {
        re.match(r"From (.*) \(", part.locator("h2").inner_text())[1]: part.locator(
            "[aria-current=step]"
        )
        .inner_text()
        .split("\n")[0]
        .strip()
        for part in parts.all()
    }


def ship(market, page: Page, number: str) -> None:
    """Sign in as the shop's owner and send its part of the order from the sellers' admin."""
    page.goto(f"{market.url}/seller/")
    page.get_by_label("E-mail address").fill(SELLER[0])
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{market.url}/seller/orders/sellerorder/queue/")
    page.get_by_label(re.compile(f"Carrier: {number}")).fill("An Post")
    page.get_by_label(re.compile(f"Tracking number: {number}")).fill("IE123456789")
    page.get_by_label(re.compile(f"Tracking number: {number}")).press("Enter")
    expect(page.get_by_label(re.compile(f"Tracking number: {number}"))).to_have_count(0)


def test_a_guest_needs_seven_activations(market, browser):
    with visitor(browser, scripts=False) as page:
        page.goto(market.url)
        page.get_by_role("searchbox").first.fill("pot")
        activations = 0
        for press in (
            lambda: page.get_by_role("button", name="Search", exact=True).first.click(),
            lambda: open_first_of(page, "Fernhouse"),
            lambda: page.get_by_role("button", name="Add to cart").click(),
            lambda: page.get_by_role("link", name="Check out").click(),
            lambda: page.get_by_role("button", name="Continue to payment").last.click(),
            lambda: page.get_by_role("button", name="Continue to review").last.click(),
            lambda: page.get_by_role("button", name="Place order and pay").click(),
        ):
            press()
            activations += 1
            if page.url.endswith("/checkout/delivery/"):
                type_the_address(page)

        expect(page.get_by_role("heading", name="Thank you, Gil")).to_be_visible()
        assert activations == 7


def test_the_whole_way_can_be_gone_by_keyboard(market, browser):
    with visitor(browser, scripts=True) as page:
        page.goto(market.url)
        tab_to(page, "Search products")
        page.keyboard.type("pot")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search/**")
        card = page.locator("li.card").filter(has_text="Fernhouse").filter(has_not_text="Sold out")
        tab_to(page, card.first.locator("a.card__link").inner_text())
        page.keyboard.press("Enter")
        page.wait_for_url("**/p/**")
        tab_to(page, "Add to cart")
        page.keyboard.press("Enter")
        page.locator("dialog[open]").wait_for()
        tab_to(page, "Check out")
        page.keyboard.press("Enter")
        page.wait_for_url("**/checkout/delivery/")
        for label, text in (
            ("E-mail address", "gil@example.test"),
            ("Full name", "Gil Guest"),
            ("Address line 1", "1 Mill Lane"),
            ("Postcode", "D02 X285"),
            ("Town or city", "Dublin"),
        ):
            tab_to(page, label)
            page.keyboard.type(text)
        tab_to(page, "Continue")
        page.keyboard.press("Enter")
        page.wait_for_url("**/checkout/payment/")
        tab_to(page, "Continue")
        page.keyboard.press("Space")
        page.wait_for_url("**/checkout/review/")
        tab_to(page, "Place order and pay")
        page.keyboard.press("Enter")

        expect(page.get_by_role("heading", name="Thank you, Gil")).to_be_visible()


def tab_to(page: Page, name: str, most: int = 150) -> None:
    """Tab on until the control of this name has the focus; every stop on the way is seen."""
    for _ in range(most):
        page.keyboard.press("Tab")
        here = " ".join(page.evaluate(ACTIVE_NAME).split())
        if page.evaluate("document.activeElement === document.body"):
            continue  # The end of the page: the browser's own controls come between.
        assert page.evaluate(RING), f"the focus is not seen on {here!r}"
        if here.startswith(name):
            return
    raise AssertionError(f"no Tab leads to {name!r}")
