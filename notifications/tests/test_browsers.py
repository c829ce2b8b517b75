"""Browsers that may be woken: whose they are, what is refused, and the page about them."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import BrowserSession
from accounts.services.exports import _sources
from marketflow.core.tests.pages import Visitor
from notifications.models import PushSubscription
from notifications.services.pushing import browsers, vapid
from notifications.tests.factories import make_notifications
from notifications.tests.vapid_keys import KEY, SUBJECT
from notifications.tests.waking import Browser, make_browser

pytestmark = pytest.mark.django_db

PAGE = "/account/notifications/"
HERE = f"{PAGE}browsers/"
MOVE = f"{HERE}move/"
# A public address, written so that nobody has to be asked about it.
ENDPOINT = "https://1.1.1.1/push/ana"


@pytest.fixture(autouse=True)
def market_that_pushes(settings):
    settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT = KEY, SUBJECT


@pytest.fixture
def ana(buyer, client):
    client.force_login(buyer)
    return Visitor(client)


def subscription(browser: Browser | None = None, **other) -> dict[str, str]:
    return {"endpoint": ENDPOINT} | (browser or Browser()).keys | other


def test_the_button_adds_this_browser_once(buyer, ana):
    made = subscription()
    for _ in range(2):
        page = ana.post(HERE, **made)

    [browser] = PushSubscription.objects.all()
    assert (browser.user, browser.endpoint) == (buyer, ENDPOINT)
    assert browser.session == BrowserSession.objects.get()
    assert browser.server_key == vapid.public_key()
    assert "Pushes are on in this browser." in page.text
    assert "This browser" in page.text


def test_a_browser_that_subscribes_anew_replaces_itself(buyer, ana):
    ana.post(HERE, **subscription())
    ana.post(HERE, **subscription(endpoint="https://1.1.1.1/push/new"))

    assert [one.endpoint for one in browsers.of(buyer)] == ["https://1.1.1.1/push/new"]


def test_who_uses_the_browser_next_takes_it_over(buyer, stranger, ana, client):
    browser = Browser()
    ana.post(HERE, **subscription(browser))
    make_notifications(buyer)
    client.force_login(stranger)

    Visitor(client).post(HERE, **subscription(browser))

    assert PushSubscription.objects.get().user == stranger
    assert not PushSubscription.objects.get().pushes.exists()


def former(browser: Browser, **other) -> dict[str, str]:
    return {"former_endpoint": ENDPOINT, "former_auth": browser.keys["auth"]} | other


def test_a_browser_that_moves_by_itself_is_followed_with_what_waits_for_it(buyer, ana):
    old, new = Browser(), Browser()
    ana.post(HERE, **subscription(old))
    make_notifications(buyer)

    moved = Client(enforce_csrf_checks=True).post(
        MOVE, subscription(new, endpoint=f"{ENDPOINT}/new") | former(old)
    )

    assert moved.status_code == 204
    [browser] = PushSubscription.objects.all()
    assert (browser.user, browser.endpoint) == (buyer, f"{ENDPOINT}/new")
    assert browser.auth == new.keys["auth"]
    assert browser.pushes.count() == 1


def test_only_who_knows_the_former_secret_moves_a_browser(buyer, ana, client):
    old = Browser()
    ana.post(HERE, **subscription(old))
    new = subscription(endpoint=f"{ENDPOINT}/thief")

    for wrong in (former(Browser()), former(old, former_endpoint=f"{ENDPOINT}/no"), {}):
        assert client.post(MOVE, new | wrong).status_code == 404
    # Nor to where nothing can be sent, nor after its sign-in has ended.
    for bad in ({"endpoint": "http://127.0.0.1/"}, {"p256dh": "no"}):
        assert client.post(MOVE, new | former(old) | bad).status_code == 422
    client.logout()
    assert client.post(MOVE, new | former(old)).status_code == 404

    assert not PushSubscription.objects.exclude(endpoint=ENDPOINT).exists()


def test_nobody_moves_to_where_another_is(buyer, ana):
    make_browser(buyer, endpoint=f"{ENDPOINT}/other")
    old = Browser()
    ana.post(HERE, **subscription(old))

    moved = Client().post(MOVE, subscription(endpoint=f"{ENDPOINT}/other") | former(old))

    assert moved.status_code == 422
    assert PushSubscription.objects.count() == 2


def test_who_knows_only_its_address_takes_over_nothing(buyer, stranger, ana, client):
    ana.post(HERE, **subscription())
    client.force_login(stranger)

    page = Visitor(client).post(HERE, **subscription(Browser()))

    assert PushSubscription.objects.get().user == buyer
    assert "can’t be reached" in page.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": ""},
        {"endpoint": "http://1.1.1.1/push"},
        {"endpoint": "https://127.0.0.1/push"},
        {"endpoint": "https://10.0.0.1/push"},
        {"endpoint": "https://[::1]/push"},
        {"endpoint": "https://169.254.169.254/latest/"},
        {"endpoint": "https://ana:secret@1.1.1.1/push"},
        {"endpoint": "https://1.1.1.1:22/push"},
        {"endpoint": "ftp://1.1.1.1/push"},
        {"endpoint": "javascript:alert(1)"},
        {"endpoint": "https://1.1.1.1/" + "x" * 500},
        {"endpoint": "https://1.1.1.1/\x00"},
        {"p256dh": "AAAA"},
        {"auth": ""},
        {"auth": "A" * 60},
    ],
)
def test_what_cannot_be_pushed_to_is_refused_and_nothing_changes(ana, wrong):
    page = ana.post(HERE, **subscription(**wrong))

    assert page.status == 200
    assert "can’t be reached" in page.text
    assert not PushSubscription.objects.exists()


def test_there_are_as_many_browsers_as_there_can_be(buyer, ana):
    for _ in range(browsers.MOST_BROWSERS):
        make_browser(buyer)

    page = ana.post(HERE, **subscription())

    assert "Remove one first" in page.text
    assert PushSubscription.objects.count() == browsers.MOST_BROWSERS


def test_asking_too_often_is_refused(ana, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"webhook_address": "1/60"}
    ana.post(HERE, **subscription())

    answer = ana.client.post(HERE, subscription(endpoint="https://1.1.1.1/push/other"))

    assert answer.status_code == 429
    assert PushSubscription.objects.count() == 1


def test_without_keys_there_is_nothing_to_turn_on(ana, settings):
    settings.VAPID_PRIVATE_KEY = ""

    page = ana.post(HERE, **subscription())

    assert "sends no pushes" in page.text
    assert "mf-push" not in ana.client.get(PAGE).content.decode()
    assert not PushSubscription.objects.exists()


def test_who_is_not_signed_in_adds_nothing(client):
    answer = client.post(HERE, subscription())

    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/login/")
    assert not PushSubscription.objects.exists()


def test_the_page_lists_browsers_and_removes_one_without_scripts(buyer, ana):
    make_browser(buyer)
    page = ana.open(PAGE)
    assert "Firefox on Windows" in page.text
    assert "This browser" not in page.text

    page = ana.press("Remove – Firefox on Windows")

    assert "That browser gets no more pushes." in page.text
    assert not PushSubscription.objects.exists()


def test_nobody_sees_or_removes_anybody_elses(stranger, ana):
    foreign = make_browser(stranger)

    assert "Firefox on Windows" not in ana.open(PAGE).text
    assert ana.client.post(f"{HERE}{foreign.uuid}/remove/").status_code == 404
    assert ana.client.get(f"{HERE}{foreign.uuid}/remove/").status_code == 405
    assert PushSubscription.objects.exists()


def test_the_page_costs_the_same_for_one_browser_and_five(buyer, ana):
    counts = []
    ana.open(PAGE)
    for number in (1, 5):
        while PushSubscription.objects.count() < number:
            make_browser(buyer)
        with CaptureQueriesContext(connection) as queries:
            ana.client.get(PAGE)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_the_page_tells_the_market_key_and_no_browser_keys(buyer, ana):
    browser = make_browser(buyer)

    html = ana.client.get(PAGE).content.decode()

    assert f'server-key="{vapid.public_key()}"' in html
    assert KEY not in html
    for secret in (browser.endpoint, browser.auth, browser.p256dh):
        assert secret not in html


def test_the_export_names_browsers_without_their_keys(buyer, stranger):
    browser = make_browser(buyer)
    make_browser(stranger)

    [row] = _sources["push_browsers"](buyer)

    assert (row["browser"], row["push_service"]) == ("Firefox on Windows", "push.example.test")
    for secret in (browser.endpoint, browser.auth, browser.p256dh):
        assert secret not in json.dumps(row, default=str)
