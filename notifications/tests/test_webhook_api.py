"""Endpoints of a shop, by the API."""

from __future__ import annotations

import socket

import pytest
from rest_framework.test import APIClient

from accounts.models import ShopMember
from accounts.tests.factories import make_user
from marketflow.core import outside
from marketflow.core.models import IdempotentRequest
from marketflow.core.tests.clients import api_for
from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.services.webhooks import endpoints, sending
from notifications.tests.receiving import make_endpoint, receiving

pytestmark = pytest.mark.django_db

URL = "/api/v1/webhook-endpoints/"
HOOKS = "https://hooks.example/market"


@pytest.fixture(autouse=True)
def names_are_public(monkeypatch):
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", 443))]
    monkeypatch.setattr(outside.socket, "getaddrinfo", lambda *args, **kwargs: answer)


@pytest.fixture
def fern(seller):
    return api_for(seller)


def body(**changes) -> dict:
    return {"shop": "fern-co", "url": HOOKS, "events": ["order.paid"]} | changes


def test_an_endpoint_is_made_and_its_secret_shown_once(fern):
    answer = fern.post(URL, body(), headers={"Idempotency-Key": "k"})

    made = answer.json()
    assert answer.status_code == 201
    assert made["secret"].startswith("whsec_")
    assert (made["shop"], made["url"], made["events"], made["state"]) == (
        "fern-co",
        HOOKS,
        ["order.paid"],
        "on",
    )
    assert "secret" not in fern.get(f"{URL}{made['id']}/").json()
    assert "secret" not in fern.get(URL).json()["results"][0]


def test_the_same_key_gives_the_same_secret_which_is_kept_sealed(fern):
    first = fern.post(URL, body(), headers={"Idempotency-Key": "k"})
    again = fern.post(URL, body(), headers={"Idempotency-Key": "k"})

    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert WebhookEndpoint.objects.count() == 1
    assert first.json()["secret"] not in IdempotentRequest.objects.get().body


def test_an_address_needs_no_path(fern):
    answer = fern.post(URL, body(url="https://erp.example"))

    assert (answer.status_code, answer.json()["url"]) == (201, "https://erp.example")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "http://hooks.example/"}, "url"),
        ({"url": ""}, "url"),
        ({"events": []}, "events"),
        ({"events": ["order.eaten"]}, "events"),
        ({"secret": "mine"}, "secret"),
        ({"is_enabled": True}, "is_enabled"),
    ],
)
def test_what_makes_no_sense_is_named(fern, change, field, monkeypatch):
    if "10.0" in change.get("url", ""):
        inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 443))]
        monkeypatch.setattr(outside.socket, "getaddrinfo", lambda *args, **kwargs: inside)
    answer = fern.post(URL, body(**change))

    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert not WebhookEndpoint.objects.exists()


def test_who_may_not_has_no_endpoints(fern, shop, rival):
    endpoint = make_endpoint(shop, HOOKS)
    delivery = endpoints.send_test(endpoint=endpoint)
    sue = make_user("sue")
    ShopMember.objects.create(shop=shop, user=sue, role=ShopMember.Role.SUPPORT)
    for user in (make_user("rita"), make_user("sam"), sue):
        client = api_for(user)
        assert client.get(URL).json()["count"] == 0
        for method, path, sent in [
            ("get", f"{URL}{endpoint.uuid}/", None),
            ("patch", f"{URL}{endpoint.uuid}/", {"description": "x"}),
            ("delete", f"{URL}{endpoint.uuid}/", None),
            ("get", f"{URL}{endpoint.uuid}/deliveries/", None),
            ("post", f"{URL}{endpoint.uuid}/secret/", {}),
            ("post", f"{URL}{endpoint.uuid}/test/", {}),
            ("post", f"{URL}{endpoint.uuid}/redelivery/", {"since": "2026-01-01T00:00:00Z"}),
            ("get", f"/api/v1/webhook-deliveries/{delivery.uuid}/", None),
            ("post", f"/api/v1/webhook-deliveries/{delivery.uuid}/redelivery/", {}),
            ("post", URL, body()),
        ]:
            assert getattr(client, method)(path, sent).status_code == 404, path
    assert APIClient().get(URL).status_code == 401
    assert WebhookEndpoint.objects.count() == 1
    assert WebhookDelivery.objects.get().state == "waiting"


def test_the_marketplaces_own_are_no_shops(fern):
    make_endpoint(None, HOOKS)

    assert fern.get(URL).json()["count"] == 0


def test_it_is_changed_switched_off_and_on_and_removed(fern, shop):
    endpoint = make_endpoint(shop, HOOKS)
    path = f"{URL}{endpoint.uuid}/"

    changed = fern.patch(path, {"events": ["*"], "description": "ERP", "is_enabled": False})
    assert (changed.json()["events"], changed.json()["state"]) == (["*"], "off")
    assert changed.json()["off_reason"] == "by_hand"
    assert fern.post(f"{path}test/").json()["code"] == "endpoint_off"
    assert fern.patch(path, {"is_enabled": True}).json()["state"] == "on"
    assert fern.delete(path).status_code == 204
    assert fern.get(path).status_code == 404


def test_there_is_an_end_to_endpoints(fern, shop):
    for _ in range(endpoints.MOST_ENDPOINTS):
        make_endpoint(shop, HOOKS)

    answer = fern.post(URL, body())

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_endpoints")
    assert WebhookEndpoint.objects.count() == endpoints.MOST_ENDPOINTS


def test_a_new_secret_is_shown_once_and_the_former_one_lasts_a_day(fern, shop):
    endpoint = make_endpoint(shop, HOOKS)

    answer = fern.post(f"{URL}{endpoint.uuid}/secret/", headers={"Idempotency-Key": "k"})

    assert answer.status_code == 201
    assert answer.json()["secret"].startswith("whsec_")
    assert answer.json()["former_until"]
    again = fern.post(f"{URL}{endpoint.uuid}/secret/", headers={"Idempotency-Key": "k"})
    assert again.content == answer.content


def test_the_log_is_read_and_sent_again_from(fern, shop, settings, monkeypatch):
    monkeypatch.undo()
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with receiving() as receiver:
        endpoint = make_endpoint(shop, receiver.url)
        sent = fern.post(f"{URL}{endpoint.uuid}/test/").json()
        assert (sent["event"], sent["state"]) == ("endpoint.test", "waiting")
        sending.send_due()

        (row,) = fern.get(f"{URL}{endpoint.uuid}/deliveries/?state=delivered").json()["results"]
        assert (row["id"], row["attempts"], row["last_status"]) == (sent["id"], 1, 200)
        whole = fern.get(f"/api/v1/webhook-deliveries/{row['id']}/").json()
        assert whole["tries"][0]["status"] == 200
        assert whole["event_id"] in whole["body"]

        again = fern.post(f"/api/v1/webhook-deliveries/{row['id']}/redelivery/")
        assert (again.status_code, again.json()["state"]) == (201, "waiting")
        span = fern.post(f"{URL}{endpoint.uuid}/redelivery/", {"since": "2026-01-01T00:00:00Z"})
        assert span.json() == {"count": 1}
        sending.send_due()
        assert receiver.ids() == [row["event_id"]] * 2
    assert fern.get(f"{URL}{endpoint.uuid}/deliveries/?state=lost").status_code == 400


def test_lists_cost_the_same_for_one_and_for_five(
    fern, shop, django_assert_num_queries, django_assert_max_num_queries
):
    endpoint = make_endpoint(shop, HOOKS)
    endpoints.send_test(endpoint=endpoint)
    paths = [URL, f"{URL}{endpoint.uuid}/deliveries/"]
    counts = []
    for path in paths:
        with django_assert_max_num_queries(9) as captured:
            fern.get(path)
        counts.append(len(captured))
    for _ in range(4):
        make_endpoint(shop, HOOKS)
        endpoints.send_test(endpoint=endpoint)
    for path, count in zip(paths, counts, strict=True):
        with django_assert_num_queries(count):
            assert fern.get(path).json()["count"] == 5
