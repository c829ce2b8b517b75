"""A passkey in a real browser, on a device that Chromium stands in for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from accounts.tests.factories import PASSWORD
from tests.browser.stage import PASSKEY_SELLER

pytestmark = pytest.mark.browser

CODE = "/account/second-factor/code/"
# A phone or a computer that knows its owner and never asks twice.
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Devices:
    """What the page's `navigator.credentials` reaches."""

    def __init__(self, page: Page) -> None:
        self.cdp: CDPSession = page.context.new_cdp_session(page)
        self.cdp.send("WebAuthn.enable")
        self.plug_in()

    def plug_in(self) -> None:
        answer = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        self.id = answer["authenticatorId"]

    def lose(self) -> None:
        self.cdp.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.id})

    def uses(self) -> list[int]:
        """Of each passkey on the device, how often it has signed."""
        held = self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        return [credential["signCount"] for credential in held["credentials"]]


@contextmanager
def a_seller(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(20_000)
    try:
        yield context.new_page()
    finally:
        context.close()


def sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/account/login/")
    page.get_by_label("E-mail").fill(PASSKEY_SELLER)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/login/" not in address)


def test_a_seller_adds_a_passkey_and_signs_in_with_it(market, browser):
    # A passkey belongs to a name; an address of numbers has none.
    url = market.url.replace("127.0.0.1", "localhost")
    with a_seller(browser) as page:
        devices = Devices(page)
        sign_in(page, url)

        page.goto(f"{url}/account/security/")
        page.get_by_role("link", name="Manage second factor").click()
        page.get_by_role("link", name="Add a passkey").click()
        # It is about the safety of the account.
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Go on").click()
        page.get_by_role("main").get_by_role("textbox").fill("Petra's phone")
        page.get_by_role("button", name="Add a passkey").click()
        page.wait_for_url(lambda address: "/passkeys/add/" not in address)
        page.goto(f"{url}/account/second-factor/")
        expect(page.get_by_text("Petra's phone").first).to_be_visible()
        [once] = devices.uses()

        page.context.clear_cookies()
        sign_in(page, url)
        # The password alone leads no further, wherever one tries.
        page.goto(f"{url}/seller/")
        assert page.url == f"{url}{CODE}"
        page.get_by_role("button", name="Use a passkey").click()
        page.wait_for_url(lambda address: "/second-factor/" not in address)
        page.goto(f"{url}/seller/")
        assert page.url == f"{url}/seller/"
        assert devices.uses() == [once + 1]

        # Who has the password and another device stays outside.
        page.context.clear_cookies()
        devices.lose()
        devices.plug_in()
        sign_in(page, url)
        page.get_by_role("button", name="Use a passkey").click()
        expect(page.get_by_role("alert")).to_contain_text("That did not work.")
        page.goto(f"{url}/seller/")
        assert page.url == f"{url}{CODE}"
