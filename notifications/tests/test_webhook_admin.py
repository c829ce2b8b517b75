"""Webhooks in both back offices."""

from __future__ import annotations

import re
import socket

import pytest

from accounts.tests.factories import make_user
from marketflow.core import outside
from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.services.webhooks import endpoints
from notifications.tests.receiving import make_endpoint

pytestmark = pytest.mark.django_db

HOOKS = "https://hooks.example/market"
OWN = "/seller/notifications/webhookendpoint/"
LOG = "/seller/notifications/webhookdelivery/"
STAFF = "/admin/notifications/webhookendpoint/"


@pytest.fixture(autouse=True)
def names(monkeypatch):
    """`inside.example` is a private address, every other name a public one."""

    def answer(host, port, **kwargs):
        address = "10.0.0.1" if host == "inside.example" else "1.1.1.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(outside.socket, "getaddrinfo", answer)


@pytest.fixture
def fern(client, seller):
    client.force_login(seller)
    return client


@pytest.fixture
def boss(client):
    client.force_login(make_user("boss", is_staff=True, is_superuser=True))
    return client


def act(client, path, name, rows, **more):
    sent = {"action": name, "_selected_action": [row.pk for row in rows]} | more
    return client.post(path, sent, follow=True).content.decode()


def test_a_seller_adds_an_endpoint_and_sees_its_secret_once(fern, shop):
    sent = {"shop": shop.pk, "url": HOOKS, "description": "ERP", "events": ["order.paid"]}
    page = fern.post(f"{OWN}add/", sent, follow=True).content.decode()

    endpoint = WebhookEndpoint.objects.get()
    (secret,) = re.findall(r"whsec_[\w-]+", page)
    assert (endpoint.shop, endpoint.url, endpoint.events) == (shop, HOOKS, ["order.paid"])
    assert endpoint.secret != secret
    assert "whsec_" not in fern.get(f"{OWN}{endpoint.pk}/change/").content.decode()


@pytest.mark.parametrize("url", ["https://inside.example/", "http://hooks.example/", "ftp://x/"])
def test_an_address_inside_is_refused(fern, shop, url):
    page = fern.post(f"{OWN}add/", {"shop": shop.pk, "url": url, "events": ["*"]})

    assert "public addresses" in page.content.decode()
    assert not WebhookEndpoint.objects.exists()


def test_no_endpoint_is_made_for_a_rival(fern, rival):
    page = fern.post(f"{OWN}add/", {"shop": rival.pk, "url": HOOKS, "events": ["*"]})

    assert page.status_code == 200
    assert not WebhookEndpoint.objects.exists()


def test_a_seller_changes_what_is_told(fern, shop):
    endpoint = make_endpoint(shop, HOOKS)
    fern.post(f"{OWN}{endpoint.pk}/change/", {"url": f"{HOOKS}/2", "events": ["order.placed"]})

    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.events, endpoint.shop) == (f"{HOOKS}/2", ["order.placed"], shop)


def test_a_seller_tries_switches_and_renews(fern, shop):
    endpoint = make_endpoint(shop, HOOKS)
    act(fern, OWN, "send_test", [endpoint])
    assert WebhookDelivery.objects.get().event == "endpoint.test"

    act(fern, OWN, "switch_off", [endpoint])
    assert not WebhookEndpoint.objects.get().is_enabled
    assert "switched off" in act(fern, OWN, "send_test", [endpoint])
    act(fern, OWN, "switch_on", [endpoint])
    assert WebhookEndpoint.objects.get().is_enabled

    asked = act(fern, OWN, "renew_secret", [endpoint])
    assert "whsec_" not in asked
    assert "whsec_" in act(fern, OWN, "renew_secret", [endpoint], confirmed="1")


def test_a_seller_sends_again_one_and_all_since_an_hour(fern, shop):
    endpoint = make_endpoint(shop, HOOKS)
    delivery = endpoints.send_test(endpoint=endpoint)
    WebhookDelivery.objects.update(state="failed")
    act(fern, LOG, "send_again", [delivery])
    assert WebhookDelivery.objects.get().state == "waiting"

    WebhookDelivery.objects.update(state="delivered")
    hour = {"since_0": "2026-01-01", "since_1": "14:00", "confirmed": "1"}
    act(fern, OWN, "send_again_since", [endpoint], **hour)
    assert WebhookDelivery.objects.get().state == "waiting"


def test_the_log_shows_body_and_answers(fern, shop):
    delivery = endpoints.send_test(endpoint=make_endpoint(shop, HOOKS))
    delivery.tries.create(url=HOOKS, status=500, response_body="<b>no</b>", error="Answered 500.")

    page = fern.get(f"{LOG}{delivery.pk}/change/").content.decode()

    assert "Answered 500." in page
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert "It works." in page


def test_staff_make_the_marketplaces_own_and_only_look_at_those_of_shops(boss, shop):
    boss.post(f"{STAFF}add/", {"url": HOOKS, "events": ["order.paid"]})
    own = WebhookEndpoint.objects.get()
    assert own.shop is None

    foreign = make_endpoint(shop, f"{HOOKS}/fern")
    boss.post(f"{STAFF}{foreign.pk}/change/", {"url": "https://thief.example/", "events": ["*"]})
    page = act(boss, STAFF, "renew_secret", [foreign], confirmed="1")
    foreign.refresh_from_db()
    assert foreign.url == f"{HOOKS}/fern"
    assert "whsec_" not in page


def test_lists_cost_the_same_for_one_and_for_five(fern, shop, django_assert_max_num_queries):
    counts = {}
    for number in (1, 4):
        for _ in range(number):
            endpoints.send_test(endpoint=make_endpoint(shop, HOOKS))
        for path in (OWN, LOG):
            with django_assert_max_num_queries(20) as captured:
                assert fern.get(path).status_code == 200
            counts.setdefault(path, []).append(len(captured))

    assert all(len(set(numbers)) == 1 for numbers in counts.values()), counts
