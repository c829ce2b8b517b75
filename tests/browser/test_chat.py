"""Two people, two browsers, one conversation: what arrives, in which order, and how often."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

# How long somebody is offline. The promise is for half a minute; the same holds for three seconds.
OFFLINE_SECONDS = int(os.environ.get("CHAT_OFFLINE_SECONDS", "3"))


@contextmanager
def reading(browser: Browser, market, who: str, talk: str, **options) -> Iterator[Page]:
    context = browser.new_context(**options)
    context.set_default_timeout(20_000)
    context.add_cookies(market.cookies_of(who))
    page = context.new_page()
    page.goto(market.url + market.places[talk])
    try:
        yield page
    finally:
        context.close()


def bodies(page: Page) -> list[str]:
    return [text.strip() for text in page.locator(".log .msg__text").all_text_contents()]


def say(page: Page, text: str) -> None:
    page.get_by_label("Message", exact=True).fill(text)
    page.get_by_role("button", name="Send").click()


def test_two_people_see_each_other_write_and_read(browser, market):
    with (
        reading(browser, market, "live", "talk_live") as buyer,
        reading(browser, market, "seller", "talk_live") as shop,
    ):
        expect(buyer.locator("[data-presence]")).to_have_text("Here now", timeout=20_000)

        buyer.get_by_label("Message", exact=True).press_sequentially("Is it")
        expect(shop.locator("span[data-typing]")).to_contain_text("is typing", timeout=20_000)
        say(buyer, "Is it oak?")

        expect(shop.locator("#m2 .msg__text")).to_have_text("Is it oak?", timeout=20_000)
        expect(buyer.locator("#m2 .msg__state")).to_have_text("Read", timeout=20_000)
        say(shop, "Yes, oak.")
        expect(buyer.locator("#m3 .msg__text")).to_have_text("Yes, oak.", timeout=20_000)
        assert bodies(buyer) == bodies(shop) == ["Hello?", "Is it oak?", "Yes, oak."]


def test_who_was_offline_has_every_message_in_order_and_once(browser, market):
    with (
        reading(browser, market, "offline", "talk_offline") as buyer,
        reading(browser, market, "seller", "talk_offline") as shop,
    ):
        buyer.context.set_offline(True)
        for text in ("One", "Two", "Three"):
            say(shop, text)
        expect(shop.locator("#m4")).to_be_visible(timeout=20_000)
        say(buyer, "Four")
        say(buyer, "Five")
        expect(buyer.locator(".msg:not([data-seq])")).to_have_count(2)
        buyer.wait_for_timeout(OFFLINE_SECONDS * 1000)

        buyer.context.set_offline(False)

        expect(buyer.locator("#m6")).to_be_visible(timeout=40_000)
        expect(shop.locator("#m6")).to_be_visible(timeout=40_000)
        expect(buyer.locator(".msg:not([data-seq])")).to_have_count(0)
        said = ["Hello?", "One", "Two", "Three", "Four", "Five"]
        assert bodies(buyer) == bodies(shop) == said


def test_messages_go_both_ways_without_javascript(browser, market):
    with reading(browser, market, "plain", "talk_plain", java_script_enabled=False) as buyer:
        say(buyer, "Is it oak?")

        expect(buyer.locator("#m2 .msg__text")).to_have_text("Is it oak?")
        with reading(browser, market, "seller", "talk_plain", java_script_enabled=False) as shop:
            say(shop, "Yes, oak.")
        buyer.get_by_role("link", name="Check for new messages").click()
        expect(buyer.locator("#m3 .msg__text")).to_have_text("Yes, oak.")
        expect(buyer.locator("#m2 .msg__state")).to_have_text("Read")


def test_the_keyboard_is_enough(browser, market):
    with reading(browser, market, "keys", "talk_keys") as page:
        field = page.get_by_label("Message", exact=True)
        for _ in range(60):
            page.keyboard.press("Tab")
            if field.evaluate("field => field === document.activeElement"):
                break
        page.keyboard.type("Is it oak?")
        page.keyboard.press("Shift+Enter")
        page.keyboard.type("Or ash?")
        page.keyboard.press("Enter")

        expect(page.locator("#m2 .msg__text")).to_contain_text("Or ash?", timeout=20_000)
        expect(field).to_be_focused()
        expect(field).to_have_value("")
        page.keyboard.press("Control+ArrowUp")
        expect(page.get_by_role("heading", name="Edit message")).to_be_visible()


def rows(page: Page) -> list[int]:
    """The numbers of the messages in the log, as they stand there."""
    return page.locator(".log .msg").evaluate_all("rows => rows.map((row) => +row.dataset.seq)")


def top_of(page: Page, seq: int) -> float:
    return page.locator(f"#m{seq}").evaluate("row => row.getBoundingClientRect().top")


def test_older_messages_come_above_those_that_are_read_and_move_none_of_them(browser, market):
    with reading(browser, market, "long", "talk_long") as page:
        first, *_, last = rows(page)
        assert last - first == 49
        older, log = page.get_by_role("link", name="Older messages"), page.locator(".log")
        log.evaluate("log => log.scrollTop = 600")
        read = first + 10
        where = top_of(page, read)

        older.focus()
        page.keyboard.press("Enter")

        expect(page.locator(f"#m{first - 50}")).to_be_attached()
        expect(log).to_have_attribute("aria-busy", "false")
        assert top_of(page, read) == pytest.approx(where, abs=2)
        expect(older).to_be_focused()
        # To the start by scrolling alone: every message, in order, once.
        log.evaluate("log => log.scrollTop = 0")
        expect(page.locator("#m1")).to_be_attached()
        expect(older).to_have_count(0)
        assert rows(page) == list(range(1, last + 1))
        headings = page.locator(".log__day").evaluate_all("days => days.map((d) => d.dataset.day)")
        assert len(headings) == len(set(headings))


@pytest.mark.parametrize("scripts", [False, True])
def test_the_page_of_older_messages_begins_where_one_was_and_leads_back(browser, market, scripts):
    with reading(browser, market, "long", "talk_long", java_script_enabled=scripts) as page:
        first, *_, last = rows(page)
        link = page.get_by_role("link", name="Older messages").get_attribute("href")
        page.goto(page.url + link)

        assert rows(page) == list(range(first - 50, first))
        expect(page.locator(f"#m{first - 1}")).to_be_in_viewport()
        if scripts:
            # What is said meanwhile leaves no gap behind what is shown.
            with reading(browser, market, "seller", "talk_long") as shop:
                say(shop, "And on")
                expect(page.locator("#messages-link")).to_contain_text("1 new")
            assert rows(page) == list(range(first - 50, first))

        page.get_by_role("link", name="Newest messages").click()
        expect(page.locator(f"#m{last}")).to_be_in_viewport()


def test_what_is_said_while_one_reads_further_up_waits_behind_a_button(browser, market):
    with (
        reading(browser, market, "scrolled", "talk_scrolled") as page,
        reading(browser, market, "seller", "talk_scrolled") as shop,
    ):
        *_, last = rows(page)
        page.locator(".log").evaluate("log => log.scrollTop = 0")
        where = top_of(page, 1)
        for text in ("And on", "And on"):
            say(shop, text)

        newest = page.get_by_role("button", name="2 new, go to the newest")
        expect(newest).to_be_visible(timeout=20_000)
        assert top_of(page, 1) == where
        newest.focus()
        page.keyboard.press("Enter")

        expect(page.locator(f"#m{last + 2}")).to_be_in_viewport()
        expect(page.locator("[data-newest]")).to_be_hidden()
        # Nobody who uses the keyboard is thrown back to the top of the page.
        expect(page.get_by_role("log")).to_be_focused()
        expect(shop.locator(f"#m{last + 2} .msg__state")).to_have_text("Read", timeout=20_000)


# Chromium's own notifications, written down. Without a screen it has no window out of sight.
def test_what_is_too_long_is_counted_and_kept_until_it_is_short_enough(browser, market):
    with reading(browser, market, "keys", "talk_keys") as page:
        before = len(bodies(page))
        field, room = page.get_by_label("Message", exact=True), page.locator("mf-count")
        field.fill("🌾" * 1799)
        expect(room).to_be_hidden()
        field.fill("🌾" * 1900 + "  ")
        expect(room).to_have_text("Characters left: 100")
        expect(page.locator("#live")).to_have_text("Characters left: 100")
        expect(field).to_have_accessible_description("Characters left: 100")

        long = "🌾" * 2003
        field.fill(long)
        expect(room).to_have_text("Shorten it to send it. Characters too many: 3")
        for send in (lambda: field.press("Enter"), page.get_by_role("button", name="Send").click):
            send()
            expect(field).to_have_value(long)
            expect(field).to_be_focused()
        assert len(bodies(page)) == before
        page.reload()
        expect(field).to_have_value(long)
        expect(room).to_have_text("Shorten it to send it. Characters too many: 3")

        field.fill(long[:2000])
        expect(room).to_have_text("Characters left: 0")
        page.get_by_role("button", name="Send").click()
        expect(page.locator(".log .msg[data-seq]")).to_have_count(before + 1)
        expect(room).to_be_hidden()
        assert bodies(page)[-1] == long[:2000]


NOTES = """
  globalThis.notes = [];
  globalThis.Notification = class extends Notification {
    constructor(title, options) {
      super(title, options);
      notes.push({ title, ...options });
    }
  };
  Object.defineProperty(document, "hidden", { get: () => globalThis.isAway === true });
"""
LOOKS_AWAY = """(isAway) => {
  globalThis.isAway = isAway;
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_browser_that_does_not_allow_notes_says_what_to_do(browser, market):
    with reading(browser, market, "wishing", "talk_wishing") as page:
        page.add_init_script("Notification.requestPermission = async () => globalThis.answer;")
        page.reload()
        wish = page.get_by_role("button", name="Notify me on this device")
        status = page.locator(".chat__after").get_by_role("status")
        expect(status).to_be_empty()

        for answer, words in (
            ("default", "got no answer, so nothing changed. Try again"),
            ("denied", "blocks notifications of the site. Allow them in its settings"),
        ):
            page.evaluate("(answer) => { globalThis.answer = answer; }", answer)
            wish.click()
            expect(status).to_contain_text(words)
            expect(wish).to_be_visible()

        page.evaluate("() => { globalThis.answer = 'granted'; }")
        wish.click()
        expect(status).to_contain_text("You are notified on this device")
        expect(wish).to_be_hidden()


def test_a_note_on_the_desktop_for_who_wished_it_and_looks_away(browser, market):
    with (
        reading(browser, market, "wishing", "talk_wishing", permissions=["notifications"]) as page,
        reading(browser, market, "seller", "talk_wishing") as shop,
    ):
        page.add_init_script(NOTES)
        page.reload()
        heading = page.title()
        page.evaluate(LOOKS_AWAY, True)
        say(shop, "Before it was wished")
        expect(page).to_have_title(f"(1) {heading}", timeout=20_000)
        assert page.evaluate("notes") == []
        page.evaluate(LOOKS_AWAY, False)
        expect(page).to_have_title(heading)

        wish = page.get_by_role("button", name="Notify me on this device")
        wish.click()
        expect(wish).to_be_hidden()
        say(shop, "While it is looked at")
        expect(page.locator("#m3")).to_be_visible(timeout=20_000)
        assert page.evaluate("notes") == []

        page.evaluate(LOOKS_AWAY, True)
        say(shop, "A secret")
        expect(page).to_have_title(f"(1) {heading}", timeout=20_000)
        # Whose it is, and not what it says: a screen is seen by others too.
        note = {"title": "Message from Fernhouse", "tag": market.places["talk_wishing"]}
        assert page.evaluate("notes") == [note]

        page.reload()
        expect(page.get_by_role("button", name="Notify me on this device")).to_be_hidden()
