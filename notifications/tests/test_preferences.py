"""What somebody wants to be told: by the page and by the API."""

from __future__ import annotations

import pytest

from marketflow.core.tests.clients import api_for
from marketflow.core.tests.pages import Visitor
from notifications.kinds import Channel
from notifications.models import Habits, Preference
from notifications.services import preferences
from notifications.tests.vapid_keys import KEY, SUBJECT

pytestmark = pytest.mark.django_db

API = "/api/v1/notifications/preferences/"


def test_what_the_api_shows_it_takes_back_unchanged(buyer, api):
    document = api.get(API).json()

    answer = api.put(API, document)

    assert (answer.status_code, answer.json()) == (200, document)
    assert not Preference.objects.exists()
    assert document["kinds"]["parcel_sent"] == {"in_app": True, "email": True, "push": True}
    assert document["quiet_hours"] is None


def test_what_differs_is_kept_and_what_is_left_out_is_as_by_default(buyer, api):
    document = api.get(API).json() | {
        "quiet_hours": {"from": "22:00", "until": "07:00"},
        "digest_at": "08:00",
        "time_zone": "Europe/Dublin",
    }
    document["kinds"]["parcel_sent"]["email"] = False
    saved = api.put(API, document).json()

    assert saved == document
    assert not preferences.wishes_of(buyer, "parcel_sent").channels & {Channel.EMAIL}

    again = api.put(API, {"kinds": {}}).json()
    assert again["kinds"]["parcel_sent"]["email"] is True
    assert (again["quiet_hours"], again["digest_at"]) == (None, None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kinds": {"order_paid": {"in_app": True, "email": False, "push": False}}}, "order_paid"),
        ({"kinds": {"no_such": {"in_app": True, "email": True, "push": True}}}, "no_such"),
        ({"kinds": {"payout_sent": {"in_app": True, "email": True, "push": True}}}, "payout"),
        ({"kinds": {"parcel_sent": {"in_app": True}}}, "kinds"),
        ({"kinds": {}, "quiet_hours": {"from": "22:00"}}, "quiet_hours"),
        ({"kinds": {}, "time_zone": "Mars/Olympus"}, "time_zone"),
        ({"kinds": {}, "digest_at": "25:00"}, "digest_at"),
        ({"kinds": {}, "is_staff": True}, "is_staff"),
        ({}, "kinds"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(buyer, api, change, field):
    preferences.switch_off(user=buyer, kind="parcel_sent", channel=Channel.EMAIL)

    answer = api.put(API, change)

    assert answer.status_code == 400
    assert any(field in name for name in answer.json()["fields"])
    assert Preference.objects.count() == 1
    assert not Habits.objects.exists()


def test_sellers_choose_among_more_kinds_than_buyers_and_staff_among_their_own(
    buyer, seller, shop
):
    kinds = {who.email: set(api_for(who).get(API).json()["kinds"]) for who in (buyer, seller)}

    assert "order_to_ship" in kinds[seller.email] - kinds[buyer.email]
    assert "shop_to_approve" not in kinds[seller.email]


@pytest.fixture
def ana(buyer, client):
    client.force_login(buyer)
    return Visitor(client)


def test_the_page_saves_boxes_and_hours_without_scripts(buyer, ana):
    page = ana.open("/account/notifications/")
    form = page.form("/account/notifications/")
    assert form.fields["parcel_sent.email"] == "on"
    del form.fields["parcel_sent.email"]
    form.fields |= {"quiet_from": "22:00", "quiet_until": "06:30", "time_zone": "Europe/Dublin"}

    page = ana.press("Save")

    assert "Your preferences are saved." in page.text
    wishes = preferences.wishes_of(buyer, "parcel_sent")
    assert Channel.EMAIL not in wishes.channels
    assert Channel.EMAIL in preferences.wishes_of(buyer, "order_paid").channels
    assert (str(wishes.habits.zone), wishes.habits.quiet_until.minute) == ("Europe/Dublin", 30)


def test_push_is_asked_about_only_where_the_market_can_push(buyer, ana, settings):
    preferences.switch_off(user=buyer, kind="parcel_sent", channel=Channel.PUSH)
    page = ana.open("/account/notifications/")
    assert "parcel_sent.push" not in page.form("/account/notifications/").fields
    assert "Push" not in page.text

    ana.press("Save")

    assert Channel.PUSH not in preferences.wishes_of(buyer, "parcel_sent").channels
    assert Channel.PUSH in preferences.wishes_of(buyer, "back_in_stock").channels

    settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT = KEY, SUBJECT
    fields = ana.open("/account/notifications/").form("/account/notifications/").fields
    assert "parcel_sent.push" not in fields
    assert fields["back_in_stock.push"] == "on"


def test_half_of_the_quiet_hours_is_asked_for(ana):
    page = ana.open("/account/notifications/")
    page.form("/account/notifications/").fields["quiet_from"] = "22:00"

    page = ana.press("Save")

    assert page.status == 422
    assert "Enter both hours, or neither." in page.text
    assert not Habits.objects.exists()
