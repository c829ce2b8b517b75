"""A browser that is woken: turned on by its button, told by the market, shown by the worker.

There is no push service here that Chromium would subscribe at. So one of ours stands in for the
subscription, and what it was told is handed to the worker as Chromium's own would.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Worker, expect

from notifications.tests.waking import PushService, push_service
from tests.browser.market import manage, settings

pytestmark = pytest.mark.browser

HERE = "/account/notifications/"
BUTTON = "Turn on in this browser"
SUBSCRIBES = "PushManager.prototype.subscribe = async () => ({ toJSON: () => (%s) });"
SHOWN = """async () => {
  const { getNotifications } = ServiceWorkerRegistration.prototype;
  const shown = await getNotifications.call(await navigator.serviceWorker.ready);
  return shown.map(({ title, body, tag, data }) => ({ title, body, tag, data }));
}"""
MOVES = """([old, made]) => {
  const [oldSubscription, newSubscription] = [old, made].map((one) => ({ toJSON: () => one }));
  return move({ oldSubscription, newSubscription });
}"""
LEADS = """async (data) => {
  const went = [];
  clients.openWindow = async (address) => went.push(`opened ${address}`);
  WindowClient.prototype.focus = async function () { went.push(`focused ${this.url}`); };
  await lead(data);
  return went;
}"""


@contextmanager
def somebody(browser: Browser, market, who: str, **options) -> Iterator[BrowserContext]:
    context = browser.new_context(**options)
    context.set_default_timeout(20_000)
    context.add_cookies(market.cookies_of(who))
    try:
        yield context
    finally:
        context.close()


def turn_on(page: Page, market, service: PushService) -> None:
    endpoint, keys = service.add()
    subscription = {"endpoint": endpoint, "expirationTime": None, "keys": keys.keys}
    page.add_init_script(SUBSCRIBES % json.dumps(subscription))
    page.goto(market.url + HERE)
    page.get_by_role("button", name=BUTTON).click()
    expect(page.get_by_text("Pushes are on in this browser.")).to_be_visible()


def move(worker: Worker, service: PushService) -> str:
    """The browser changes its subscription by itself. Returns where it is told from now on."""
    [former] = service.browsers
    old = {"endpoint": service.base + former, "keys": service.browsers[former].keys}
    endpoint, keys = service.add()
    worker.evaluate(MOVES, [old, {"endpoint": endpoint, "keys": keys.keys}])
    return endpoint


def relay_and_push(market) -> None:
    """What the scheduler does, which this market has none of."""
    manage(
        settings(market.log.parent, market.url), "shell", "--verbosity=0", "--no-imports",
        "--command=from marketflow.core import events; from notifications import tasks; "
        "events.relay(); tasks.send_pushes()",
    )  # fmt: skip


def deliver(page: Page, market, contents: dict) -> None:
    """As the push service of a real browser does."""
    session = page.context.new_cdp_session(page)
    found: list[dict] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated", lambda e: found.extend(e["registrations"])
    )
    session.send("ServiceWorker.enable")
    while not found:
        page.wait_for_timeout(50)
    ours = next(one for one in found if one["scopeURL"].startswith(market.url))
    session.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": market.url,
            "registrationId": ours["registrationId"],
            "data": json.dumps(contents),
        },
    )
    session.detach()


def shown(page: Page, *, least: int = 1) -> list[dict]:
    deadline = time.monotonic() + 10
    while len(found := page.evaluate(SHOWN)) < least and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    return found


def test_a_message_wakes_the_browser_that_was_turned_on(browser, market):
    with (
        push_service() as service,
        somebody(browser, market, "pushed", permissions=["notifications"]) as hers,
        somebody(browser, market, "seller") as theirs,
    ):
        page, shop = hers.new_page(), theirs.new_page()
        turn_on(page, market, service)
        expect(page.get_by_text("This browser", exact=True)).to_be_visible()

        worker = hers.service_workers[0]
        moved = move(worker, service)

        shop.goto(market.url + market.places["talk_pushed"])
        shop.get_by_label("Message", exact=True).fill("It is ready.")
        shop.get_by_role("button", name="Send").click()
        expect(shop.get_by_text("It is ready.")).to_be_visible()
        relay_and_push(market)
        [told] = service.told
        assert service.base + service.asked[-1] == moved
        deliver(page, market, told)
        deliver(page, market, told)

        [note] = shown(page)
        assert note["body"] == told["text"]
        assert "has written to you" in note["body"]
        assert "It is ready." not in json.dumps(told)

        assert worker.evaluate(LEADS, note["data"]) == [f"opened {market.url}{told['url']}"]
        page.goto(market.url + told["path"])
        assert worker.evaluate(LEADS, note["data"]) == [f"focused {page.url}"]
        for address in ("https://elsewhere.example/", "//elsewhere.example/", "javascript:1"):
            assert worker.evaluate(LEADS, note["data"] | {"url": address}) == []


def test_nothing_is_asked_before_the_button_is_pressed(browser, market):
    with somebody(browser, market, "ana") as context:
        page = context.new_page()
        page.add_init_script(
            "Notification.requestPermission = async () => (window.asked = true, 'denied');"
        )
        page.goto(market.url + HERE)
        button = page.get_by_role("button", name=BUTTON)
        expect(button).to_be_visible()
        assert page.evaluate("window.asked") is None

        button.click()

        expect(page.get_by_text("This browser blocks notifications")).to_be_visible()
        assert page.evaluate("window.asked") is True
        assert page.url == market.url + HERE


def test_a_question_of_the_browser_that_is_closed_unanswered_is_said_too(browser, market):
    with somebody(browser, market, "ana") as context:
        page = context.new_page()
        page.add_init_script("Notification.requestPermission = async () => 'default';")
        # Chromium without a screen answers every question with no.
        page.add_init_script(
            "Object.defineProperty(Notification, 'permission', {value: 'default'});"
        )
        page.goto(market.url + HERE)
        status = page.locator("mf-push").get_by_role("status")
        expect(status).to_be_empty()

        page.get_by_role("button", name=BUTTON).click()

        expect(status).to_contain_text("got no answer, so nothing changed. Try again")


def test_without_scripts_there_is_no_such_button(browser, market):
    with somebody(browser, market, "ana", java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(market.url + HERE)

        expect(page.get_by_role("heading", name="What you are told")).to_be_visible()
        expect(page.get_by_text(BUTTON)).to_be_hidden()
        expect(page.get_by_role("heading", name="Browsers that get pushes")).to_be_hidden()
