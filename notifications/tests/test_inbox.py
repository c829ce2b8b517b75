"""The list on the site and by the API: one's own, unread ones, and reading them."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketflow.core.tests.clients import api_for
from marketflow.core.tests.pages import Visitor
from notifications.models import Notification
from notifications.services import inbox
from notifications.tests.factories import make_notifications

pytestmark = pytest.mark.django_db

API = "/api/v1/notifications/"


def unread(user) -> int:
    return Notification.objects.visible_to(user).unread().count()


def queries(call) -> int:
    with CaptureQueriesContext(connection) as caught:
        call()
    return len(caught)


@pytest.fixture
def ana(buyer, client):
    client.force_login(buyer)
    return Visitor(client)


def test_the_list_is_grouped_by_day_and_says_what_is_new(buyer, ana):
    old, _new = make_notifications(buyer, 2)
    inbox.mark_read(user=buyer, ids=[old.uuid])
    page = ana.open("/notifications/")

    assert page.status == 200
    assert "Today" in page.text
    assert page.text.count("Fern & Co has sent a parcel of order MF-1.") == 2
    assert page.text.count("New ") == 1
    assert "Notifications , 1 new" in page.text


def test_opening_one_leads_on_and_marks_it_as_read(buyer, client):
    (notification,) = make_notifications(buyer)
    client.force_login(buyer)

    answer = client.get(notification.get_absolute_url())

    assert (answer.status_code, answer["Location"]) == (303, "/orders/MF-1/")
    assert unread(buyer) == 0


def test_all_are_marked_as_read_by_a_button(buyer, ana):
    make_notifications(buyer, 3)

    ana.open("/notifications/")
    page = ana.press("Mark all as read")

    assert "All are marked as read." in page.text
    assert unread(buyer) == 0
    assert "You are up to date" in ana.open("/notifications/?unread=1").text


def test_an_empty_list_says_so(ana):
    assert "You are up to date" in ana.open("/notifications/").text


def test_somebody_elses_is_unknown(buyer, stranger, client):
    (notification,) = make_notifications(buyer)
    client.force_login(stranger)

    foreign = client.get(notification.get_absolute_url())
    unknown = client.get(f"/notifications/{uuid.uuid4()}/")

    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert unread(buyer) == 1


def test_nobody_is_sent_to_the_entrance(client):
    for path in ("/notifications/", "/account/notifications/"):
        assert client.get(path)["Location"].startswith("/account/login/")
    assert client.get(API).status_code == 401


# --- by the API


def test_the_api_lists_ones_own_and_the_unread_ones(buyer, stranger, api):
    old, new = make_notifications(buyer, 2)
    make_notifications(stranger)
    inbox.mark_read(user=buyer, ids=[old.uuid])

    everything, unread_ones = api.get(API).json(), api.get(API, {"unread": "1"}).json()

    assert [row["id"] for row in everything["results"]] == [str(new.uuid), str(old.uuid)]
    assert [row["id"] for row in unread_ones["results"]] == [str(new.uuid)]
    row = unread_ones["results"][0]
    assert row.pop("created_at").endswith("Z")
    assert row == {
        "id": str(new.uuid),
        "kind": "parcel_sent",
        "text": "Fern & Co has sent a parcel of order MF-1.",
        "url": "/orders/MF-1/",
        "read_at": None,
    }


@pytest.mark.parametrize("choose", ["ids", "until", "all"])
def test_reading_by_the_api(buyer, api, choose):
    old, new = make_notifications(buyer, 2)
    body = {
        "ids": {"ids": [str(old.uuid)]},
        "until": {"until": old.created_at.isoformat()},
        "all": {"all": True},
    }[choose]

    answer = api.post(f"{API}read/", body)

    left = 0 if choose == "all" else 1
    assert (answer.status_code, answer.json()) == (200, {"notifications": left, "messages": 0})
    new.refresh_from_db()
    assert (new.read_at is None) == bool(left)


@pytest.mark.parametrize(
    "body",
    [{}, {"all": False}, {"all": True, "ids": []}, {"ids": ["1"]}, {"every": True}, {"ids": None}],
)
def test_what_is_not_understood_reads_nothing(buyer, api, body):
    make_notifications(buyer)

    answer = api.post(f"{API}read/", body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert unread(buyer) == 1


def test_somebody_elses_are_passed_over(buyer, stranger):
    (notification,) = make_notifications(buyer)

    answer = api_for(stranger).post(f"{API}read/", {"ids": [str(notification.uuid)]})

    assert answer.status_code == 200
    assert unread(buyer) == 1


def test_a_list_costs_the_same_for_one_and_for_five(buyer, api, client):
    client.force_login(buyer)
    make_notifications(buyer, 1)
    client.get("/notifications/")  # The shell's own cache is filled.
    once = [queries(lambda: api.get(API)), queries(lambda: client.get("/notifications/"))]
    make_notifications(buyer, 6)

    assert [queries(lambda: api.get(API)), queries(lambda: client.get("/notifications/"))] == once
