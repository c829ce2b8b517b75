"""Cards in the provider's own fields, with its script and its bank's page: the simulator's."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_shopping import ORDER, open_first_of, type_the_address, visitor

pytestmark = pytest.mark.browser


@pytest.fixture
def page(market, browser) -> Iterator[Page]:
    with visitor(browser, scripts=True) as page:
        yield page


def go_to_review(page: Page, market) -> None:
    """As a guest, with one pot, to be paid by card."""
    page.goto(f"{market.url}/search/?q=pot")
    open_first_of(page, "Fernhouse")
    page.get_by_role("button", name="Add to cart").click()
    page.get_by_role("link", name="Check out").locator("visible=true").first.click()
    type_the_address(page)
    page.get_by_role("button", name="Continue to payment").last.click()
    page.get_by_role("radio", name=re.compile("^Card")).check()
    page.get_by_role("button", name="Continue to review").last.click()


def pay(page: Page, number: str) -> None:
    page.get_by_label("Card number").fill(number)
    page.get_by_role("button", name=re.compile("pay", re.IGNORECASE)).locator(
        "visible=true"
    ).first.click()


def test_a_card_pays_and_a_second_click_is_no_second_payment(page, market):
    go_to_review(page, market)
    expect(page.get_by_text("needs JavaScript")).to_be_hidden()

    page.get_by_label("Card number").fill("4242 4242 4242 4242")
    page.get_by_role("button", name="Place order and pay").locator("visible=true").first.dblclick()

    expect(page.get_by_role("heading", name="Thank you, Gil")).to_be_visible()
    assert ORDER.match(page.url)


def test_an_unfinished_card_number_is_said_beside_it_and_nothing_is_sent(page, market):
    go_to_review(page, market)
    # Who is quicker than the provider's fields is asked for them by the server.
    expect(page.get_by_label("Card number")).to_be_visible()

    page.get_by_role("button", name="Place order and pay").locator("visible=true").first.click()

    expect(page.get_by_role("alert")).to_have_text("Your card number is incomplete.")
    assert page.url.endswith("/checkout/review/")


def test_a_declined_card_can_be_followed_by_another(page, market):
    go_to_review(page, market)

    pay(page, "4000 0000 0000 9995")
    expect(page.get_by_text("The card does not have enough money.")).to_be_visible()
    pay(page, "4242 4242 4242 4242")

    expect(page.get_by_role("heading", name="Thank you, Gil")).to_be_visible()


def test_the_bank_is_asked_on_its_own_page_and_leads_back(page, market):
    go_to_review(page, market)

    pay(page, "4000 0025 0000 3155")
    expect(page.get_by_text("Your bank wants you to confirm the payment.")).to_be_visible()
    page.get_by_role("link", name="Confirm the payment").click()
    page.get_by_role("button", name="Complete authentication").click()

    expect(page.get_by_role("heading", name="Thank you, Gil")).to_be_visible()


def test_without_javascript_the_page_says_so_and_offers_the_other_ways(market, browser):
    with visitor(browser, scripts=False) as page:
        go_to_review(page, market)

        expect(page.get_by_text("needs JavaScript")).to_be_visible()
        page.get_by_role("link", name="Choose another way to pay").click()
        page.get_by_role("radio", name=re.compile("^Test card")).check()
        page.get_by_role("button", name="Continue to review").last.click()
        page.get_by_role("button", name="Place order and pay").locator("visible=true").click()

        expect(page.get_by_role("heading", name="Thank you, Gil")).to_be_visible()
