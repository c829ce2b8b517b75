"""Where somebody is signed in, and ending it one by one or all at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils.timezone import now
from rest_framework.test import APIClient

from accounts.models import BrowserSession, RefreshFamily
from accounts.services import sessions, tokens
from accounts.tests.factories import PASSWORD
from accounts.tests.forms import fill_in

pytestmark = pytest.mark.django_db

HERE = "/api/v1/users/me/sessions/"


def browser(agent: str = "Firefox", **headers) -> Client:
    client = Client(headers={"User-Agent": agent} | headers)
    fill_in(client, "/account/login/", login="ana@example.test", password=PASSWORD)
    return client


def program(user, agent: str = "ERP") -> APIClient:
    client = APIClient()
    pair = tokens.sign_in(user, address="192.0.2.9", agent=agent)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair.access}")
    return client


def is_in(client) -> bool:
    return client.get("/api/v1/users/me/").status_code == 200


def test_browsers_and_programs_are_listed_and_this_one_is_marked(buyer):
    firefox, erp = browser(), program(buyer)
    browser("Safari")

    of_browser = firefox.get(HERE).json()
    of_program = erp.get(HERE).json()

    assert {row["agent"] for row in of_browser} == {"Firefox", "Safari", "ERP"}
    assert [row["agent"] for row in of_browser if row["is_current"]] == ["Firefox"]
    assert [row["agent"] for row in of_program if row["is_current"]] == ["ERP"]
    assert of_browser[0]["is_current"] and of_browser[0]["address"] == "127.0.0.1"


def test_one_is_ended_and_the_others_go_on(buyer):
    firefox, safari, erp = browser(), browser("Safari"), program(buyer)
    ids = {row["agent"]: row["id"] for row in firefox.get(HERE).json()}
    ana = program(buyer, "mine")

    assert ana.delete(f"{HERE}{ids['Safari']}/").status_code == 204
    assert ana.delete(f"{HERE}{ids['ERP']}/").status_code == 204

    assert [is_in(one) for one in (firefox, safari, erp, ana)] == [True, False, False, True]
    assert {row["agent"] for row in firefox.get(HERE).json()} == {"Firefox", "mine"}
    assert ana.delete(f"{HERE}{ids['ERP']}/").status_code == 404


def test_nobody_ends_what_is_not_theirs(buyer, stranger):
    firefox, erp = browser(), program(buyer)
    ids = [row["id"] for row in firefox.get(HERE).json()]
    sam = program(stranger)

    answers = {sam.delete(f"{HERE}{one}/").status_code for one in ids}

    assert answers == {404}
    assert is_in(firefox) and is_in(erp)


def test_signing_out_everywhere_ends_this_one_too(buyer):
    firefox, erp = browser(), program(buyer)

    assert erp.delete(HERE).status_code == 204

    assert not is_in(firefox) and not is_in(erp)
    assert not BrowserSession.objects.exists()
    assert not RefreshFamily.objects.filter(revoked_at=None).exists()


def test_signing_out_takes_the_browser_off_the_list(buyer):
    firefox = browser()
    assert BrowserSession.objects.count() == 1

    firefox.post("/account/logout/")

    assert not BrowserSession.objects.exists()


def test_a_session_keeps_its_place_when_its_key_changes(buyer):
    firefox = browser()
    before = BrowserSession.objects.get()

    firefox.post("/account/security/sign-out-others/")

    after = BrowserSession.objects.get()
    assert (after.uuid, is_in(firefox)) == (before.uuid, True)
    assert after.session_key != before.session_key == before.session_key


def test_being_seen_is_written_once_in_a_while(buyer, django_assert_num_queries):
    firefox = browser()
    long_ago = now() - timedelta(days=1)
    BrowserSession.objects.update(seen_at=long_ago)
    firefox.get("/account/security/")
    assert BrowserSession.objects.get().seen_at == long_ago

    cache.clear()
    firefox.get("/account/security/")

    assert BrowserSession.objects.get().seen_at > long_ago


def test_sessions_that_are_over_are_forgotten_at_the_next(buyer):
    browser()
    BrowserSession.objects.update(seen_at=now() - timedelta(days=30))
    assert sessions.devices(buyer) == []

    browser("Safari")

    assert [row.agent for row in BrowserSession.objects.all()] == ["Safari"]


def test_the_list_costs_the_same_for_one_and_five(buyer, django_assert_num_queries):
    firefox = browser()
    for count in (1, 5):
        while RefreshFamily.objects.count() < count:
            program(buyer)
        with django_assert_num_queries(3):
            assert len(firefox.get(HERE).json()) == count + 1


def test_the_page_shows_them_and_ends_one(buyer):
    firefox, safari = browser(), browser("Safari")
    page = firefox.get("/account/security/").content.decode()
    assert "Safari" in page and "This browser" in page
    other = BrowserSession.objects.get(agent="Safari")

    answer = firefox.post(f"/account/security/devices/{other.uuid}/end/")

    assert (answer.status_code, answer["Location"]) == (303, "/account/security/")
    assert not is_in(safari) and is_in(firefox)
    assert firefox.post(f"/account/security/devices/{other.uuid}/end/").status_code == 404


def test_pages_that_need_no_session_stay_the_same_for_everybody(client):
    answer = client.get("/robots.txt")

    assert "Cookie" not in answer.headers.get("Vary", "")
