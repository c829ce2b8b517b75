"""What is wrong with a page as a browser shows it, in words.

Everything runs under the site's own content security policy: the DevTools protocol, by which
Playwright evaluates, is not subject to it, so axe needs no exception and hides no violation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.browser.market import BrowserMarket
from tests.browser.pages import Stop

TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
SIZES = {360: 740, 768: 1024, 1440: 900}
SMALLEST_TARGET = 24
TITLE = re.compile(r"\S.* · MarketFlow")

REMEMBER_VIOLATIONS = """
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (event) =>
    window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""
OVERFLOW = """() => {
  const over = document.documentElement.scrollWidth - innerWidth;
  if (over <= 0) return "";
  const clipped = (e) => e !== document.body
    && (getComputedStyle(e).overflowX !== "visible" || clipped(e.parentElement));
  const wide = [...document.body.querySelectorAll("*")].filter((e) =>
    e.getBoundingClientRect().right > innerWidth + 0.5 && e.checkVisibility() && !clipped(e));
  return `${over} px, by ${wide.slice(0, 3).map((e) => e.outerHTML.slice(0, 90)).join(" | ")}`;
}"""
SMALL_TARGETS = """(least) =>
  [...document.querySelectorAll("a, button, input, select, summary, textarea")]
    .filter((e) => {
      const box = e.getBoundingClientRect();
      return box.width && (box.width < least || box.height < least)
        // A link in a sentence is as high as its line; a wrapped one has its wrapper's size.
        && getComputedStyle(e).display !== "inline"
        && !e.closest("label, .card, .visually-hidden") && e.tabIndex >= 0
        && e.checkVisibility({visibilityProperty: true, opacityProperty: true});
    })
    .map((e) => e.outerHTML.slice(0, 100))"""


@dataclass(frozen=True)
class Look:
    """A width and a theme."""

    width: int
    theme: str

    def __str__(self) -> str:
        return f"{self.width} px, {self.theme}"


LOOKS = [Look(width, theme) for width, theme in product(SIZES, ("light", "dark"))]


class Visit:
    """A page opened by a visitor of its own, listening for what goes wrong."""

    def __init__(self, browser: Browser, market: BrowserMarket, stop: Stop, look: Look) -> None:
        self.stop = stop
        self.context = a_context(browser, look)
        self.context.add_cookies(market.cookies_of(stop.visitor))
        self.page = self.context.new_page()
        self.errors: list[str] = []
        listen(self.page, self.errors, expected=stop.status)
        response = self.page.goto(stop.address(market))
        if response.status != stop.status:
            self.errors.append(f"answers {response.status}, not {stop.status}")
        if self.page.url != stop.address(market):
            self.errors.append(f"leads to {self.page.url}")
        if stop.then:
            stop.then(self.page)
            # What was done may have scrolled; what the header then hides is within reach.
            self.page.evaluate("window.scrollTo(0, 0)")
        self.page.evaluate("document.fonts.ready")

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_) -> None:
        self.context.close()


def a_context(browser: Browser, look: Look) -> BrowserContext:
    context = browser.new_context(
        viewport={"width": look.width, "height": SIZES[look.width]},
        color_scheme=look.theme,
        # So that nothing is judged halfway through a movement.
        reduced_motion="reduce",
    )
    context.set_default_timeout(20_000)
    context.add_init_script(REMEMBER_VIOLATIONS)
    return context


def listen(page: Page, errors: list[str], expected: int = 200) -> None:
    """Note every error of the console, but a page's own answer: 404 and 422 are as designed."""
    by_design = re.compile(rf"Failed to load resource.* status of ({expected}|422) ")

    def hear(message: ConsoleMessage) -> None:
        is_own = message.location.get("url") == page.url
        if message.type == "error" and not (is_own and by_design.match(message.text)):
            errors.append(f"console: {message.text} {message.location.get('url')}")

    page.on("console", hear)
    page.on("pageerror", lambda error: errors.append(f"script: {error}"))


def findings(visit: Visit) -> Iterator[str]:
    """Everything that breaks a rule; the page's size changes on the way."""
    page = visit.page
    yield from headings(page)
    yield from (f"small target: {it}" for it in page.evaluate(SMALL_TARGETS, SMALLEST_TARGET))
    yield from axe(page)
    yield from zoomed(page)
    yield from (f"policy: {it}" for it in page.evaluate("window.violations"))
    yield from visit.errors


def headings(page: Page) -> Iterator[str]:
    if not TITLE.fullmatch(page.title()):
        yield f"title: {page.title()!r}"
    if (count := page.locator("h1:visible").count()) != 1:
        yield f"{count} first headings"


def axe(page: Page) -> Iterator[str]:
    results = Axe().run(page, options={"runOnly": TAGS, "resultTypes": ["violations"]})
    for violation in results.response["violations"]:
        for node in violation["nodes"]:
            why = " ".join(node["failureSummary"].split())
            yield f"axe {violation['id']}: {node['html'][:120]} ({why[:200]})"


def zoomed(page: Page) -> Iterator[str]:
    """No sideways scrolling on the narrowest screen, and with the text at twice its size."""
    page.set_viewport_size({"width": 320, "height": 640})
    if over := page.evaluate(OVERFLOW):
        yield f"overflow at 320 px: {over}"
    page.set_viewport_size({"width": 640, "height": 800})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    if over := page.evaluate(OVERFLOW):
        yield f"overflow at 640 px and 200 %: {over}"
