"""Without a mouse: every stop can be seen, and no swap takes the focus away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import Page, expect

from tests.browser.findings import Look, Visit
from tests.browser.pages import STOPS

pytestmark = pytest.mark.browser

PHONE, DESK = Look(360, "light"), Look(1440, "light")
MOST_STOPS = 200
WALKED = [
    "home", "category", "product with options", "product, dear", "shop", "cart",
    "delivery, errors", "payment", "review", "order, shipped", "sign in", "account",
]  # fmt: skip

# What is wrong with where the focus is; null at the end of the page. The page scrolls to it with
# the next frame.
LOOK_AT_FOCUS = """async () => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const here = document.activeElement;
  if (here === document.body) return null;
  const name = here.ariaLabel || here.textContent.trim().slice(0, 40) || here.name || here.tagName;
  const frame = here.closest("label, .card, .shopcard, .search__form, .qty, .opt") ?? here;
  const ringed = [here, frame].some((it) => {
    const style = getComputedStyle(it);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  });
  // A control that is only kept for the keyboard is as large as the label around it.
  const box = (here.closest("label") ?? here).getBoundingClientRect();
  const within = (value, most) => Math.min(most - 1, Math.max(0, value));
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const top = document.elementFromPoint(within(x, innerWidth), within(y, innerHeight));
  const covered = top && !frame.contains(top) && !top.contains(here);
  const away = box.bottom <= 0 || box.top >= innerHeight
    || box.right <= 0 || box.left >= innerWidth;
  return [
    !ringed && `no ring: ${name}`,
    covered && `covered by ${top.outerHTML.slice(0, 80)}: ${name}`,
    away && `outside the window: ${name}`,
  ].filter(Boolean);
}"""

# Playwright's own polling would need `unsafe-eval`.
EXPECT_SWAP = """() => {
  window.swap = new Promise((done, fail) => {
    document.addEventListener("htmx:after:swap", () => done(), {once: true});
    setTimeout(() => fail(new Error("nothing was swapped")), 15000);
  });
}"""


@pytest.mark.parametrize("name", WALKED)
def test_every_stop_has_a_ring_and_nothing_above_it(market, browser, name):
    with Visit(browser, market, named(name), PHONE) as visit:
        wrong = list(walk(visit.page))

    assert not wrong


def walk(page: Page) -> Iterator[str]:
    """Tab from the top of the page to its end."""
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        found = page.evaluate(LOOK_AT_FOCUS)
        if found is None:
            return
        yield from found
    yield f"no end after {MOST_STOPS} stops"


def named(name: str):
    return next(stop for stop in STOPS if stop.name == name)


@dataclass(frozen=True)
class Swap:
    """A key on a control that changes part of the page, and where the focus is afterwards."""

    name: str
    stop: str
    control: str
    key: str
    focus: str
    said: str = ""
    look: Look = PHONE
    visitor: str = ""


SWAPS = [
    Swap(
        "an option of a product", "product with options", "#option-1-1", "ArrowRight",
        "#option-1-2:checked",
    ),
    Swap(
        "adding to the cart", "product with options", "#add", "Enter", "dialog[open] h2",
    ),
    Swap(
        "a quantity in the cart", "cart", ".qty__input >> nth=0", "ArrowUp",
        ".qty__input >> nth=0", said="Cart total",
    ),
    Swap(
        "a way of delivery", "delivery", "[name=shipping-clay-and-kin] >> nth=0", "ArrowDown",
        "[name=shipping-clay-and-kin]:checked", said="Total",
    ),
    Swap(
        "a filter", "category", "#filters [type=checkbox] >> nth=0", "Space",
        "#filters [type=checkbox] >> nth=0", said="products", look=DESK,
    ),
    Swap(
        "the order of a list", "category", "#ordering", "ArrowDown", "#ordering", look=DESK,
    ),
    Swap(
        "saving a product", "product with options", "#buy .heart", "Enter",
        "#buy .heart[aria-pressed=true]",
        visitor="ana",
    ),
    Swap(
        "following a shop", "shop", "#follow button", "Enter",
        "#follow[action$='/unfollow/'] button", said="You follow", visitor="newcomer",
    ),
]  # fmt: skip


@pytest.mark.parametrize("swap", SWAPS, ids=[swap.name for swap in SWAPS])
def test_a_swap_keeps_the_focus_and_says_what_changed(market, browser, swap):
    stop = named(swap.stop)
    stop = replace(stop, visitor=swap.visitor or stop.visitor)
    with Visit(browser, market, stop, swap.look) as visit:
        page = visit.page
        page.locator(swap.control).focus()
        press_and_wait_for_the_swap(page, swap.key)

        expect(page.locator(swap.focus)).to_be_focused()
        expect(page.locator("[role=status]", has_text=swap.said)).not_to_have_count(0)
        assert not visit.errors


def press_and_wait_for_the_swap(page: Page, key: str) -> None:
    page.evaluate(EXPECT_SWAP)
    page.keyboard.press(key)
    page.evaluate("window.swap")


def test_escape_leaves_the_drawer_for_the_button_that_opened_it(market, browser):
    with Visit(browser, market, named("product with options"), PHONE) as visit:
        visit.page.locator("#add").focus()
        press_and_wait_for_the_swap(visit.page, "Enter")
        expect(visit.page.locator("dialog[open]")).to_be_visible()

        visit.page.keyboard.press("Escape")

        expect(visit.page.locator("dialog[open]")).to_have_count(0)
        expect(visit.page.locator("#add")).to_be_focused()
