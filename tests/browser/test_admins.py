"""Both admins in a real browser: their scripts run under their own policy, and fit a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from marketflow.demo.people import PASSWORD, SELLER, STAFF

pytestmark = pytest.mark.browser

PAGES = {
    "seller": [
        "",
        "orders/sellerorder/queue/",
        "orders/sellerorder/",
        "orders/return/",
        "orders/dispute/",
        "catalog/product/",
        "catalog/product/add/",
        "catalog/stockitem/",
        "catalog/importjob/add/",
        "accounts/shop/",
        "carts/shippingoption/add/",
        "accounts/shopmember/",
        "orders/payout/",
        "accounts/bankaccount/",
        "accounts/bankaccount/add/",
    ],
    "admin": [
        "",
        "accounts/shop/",
        "accounts/user/",
        "catalog/category/",
        "catalog/category/add/",
        "catalog/product/",
        "orders/order/",
        "orders/refund/",
        "orders/return/",
        "orders/dispute/",
        "orders/payout/",
        "orders/ledgeraccount/",
        "orders/ledgertransfer/",
        "orders/commissionrule/",
        "orders/commissionrule/add/",
        "analytics/pagevital/",
        "core/auditentry/",
        "django_celery_beat/periodictask/add/",
    ],
}
PHONE, DESKTOP = {"width": 360, "height": 900}, {"width": 1440, "height": 900}
PEOPLE = {"seller": SELLER, "admin": STAFF}


def enter(page: Page, url: str, site: str) -> None:
    """To the admin's door, through the storefront's sign-in, and back."""
    page.goto(f"{url}/{site}/")
    page.locator("input[name=login]").fill(PEOPLE[site][0])
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(f"{url}/{site}/")


@pytest.mark.parametrize("site", PAGES)
def test_every_admin_page_runs_under_its_policy_and_fits(market, browser: Browser, site):
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    enter(page, market.url, site)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.on(
        "console",
        lambda said: complaints.append(f"{page.url}: {said.text}") if said.type == "error" else 0,
    )

    for path in PAGES[site]:
        answer = page.goto(f"{market.url}/{site}/{path}")
        assert answer.status == 200, path
        # Unfold's scripts take this away once they have run.
        page.wait_for_selector("html:not([x-cloak])")
        for size in (DESKTOP, PHONE):
            page.set_viewport_size(size)
            too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert too_wide <= 0, f"{path} is {too_wide} px too wide at {size['width']} px"

    assert not complaints
    context.close()
