"""Each person is told each thing once, where and when they want it."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest
import time_machine

from accounts.services import privacy
from marketflow.core import events
from notifications.kinds import KINDS, Channel
from notifications.models import Habits, Mail, Notification, Preference
from notifications.services import delivery, preferences
from notifications.tests.factories import make_notifications, parcel_news

pytestmark = pytest.mark.django_db


def switch(user, kind: str, channel: Channel, is_on: bool) -> None:
    Preference.objects.create(user=user, kind=kind, channel=channel, is_on=is_on)


def test_what_is_heard_twice_is_told_once(buyer):
    first, second = (delivery.tell(user=buyer, news=parcel_news()) for _ in range(2))

    assert (first.text, second) == ("Fern & Co has sent a parcel of order MF-1.", None)
    assert first.path == "/orders/MF-1/"
    assert Notification.objects.count() == Mail.objects.count() == 1


def test_two_people_and_two_parcels_are_four_notifications(buyer, stranger):
    for person in (buyer, stranger):
        make_notifications(person, 2)

    assert Notification.objects.count() == Mail.objects.count() == 4


def test_what_is_switched_off_on_one_channel_comes_on_the_other(buyer):
    switch(buyer, "parcel_sent", Channel.EMAIL, False)
    switch(buyer, "parcel_delivered", Channel.IN_APP, False)
    switch(buyer, "parcel_delivered", Channel.EMAIL, True)

    delivery.tell(user=buyer, news=parcel_news())
    delivery.tell(user=buyer, news=parcel_news(kind="parcel_delivered", template=""))

    (shown,) = Notification.objects.visible_to(buyer)
    (mail,) = Mail.objects.all()
    assert (shown.kind, mail.kind) == ("parcel_sent", "parcel_delivered")
    assert mail.subject == "What you ordered from Fern & Co is there: order MF-1."


def test_what_is_essential_comes_whatever_was_chosen(buyer):
    for channel in (Channel.IN_APP, Channel.EMAIL):
        switch(buyer, "order_paid", channel, False)

    delivery.tell(user=buyer, news=parcel_news(kind="order_paid"))

    assert Notification.objects.visible_to(buyer).count() == Mail.objects.count() == 1


def test_who_looks_at_it_finds_it_read_and_gets_no_mail(buyer):
    delivery.tell(user=buyer, news=parcel_news(), is_looking=True)

    assert Notification.objects.get().read_at is not None
    assert not Mail.objects.exists()


def test_who_left_is_told_nothing_and_what_they_were_told_is_forgotten(buyer):
    make_notifications(buyer, 2)
    preferences.save(user=buyer, choices={}, habits=Habits(time_zone="Europe/Dublin"))
    privacy.delete_account(user=buyer)
    while events.relay():
        pass
    buyer.refresh_from_db()

    assert delivery.tell(user=buyer, news=parcel_news()) is None
    assert not Notification.objects.exists()
    assert not Habits.objects.exists()


# --- quiet hours

DUBLIN = {"time_zone": "Europe/Dublin", "quiet_from": time(22), "quiet_until": time(7)}


@pytest.mark.parametrize(
    ("moment", "ends"),
    [
        ("2026-07-01T20:59:00Z", None),  # 21:59 in Dublin
        ("2026-07-01T21:00:00Z", "2026-07-02T06:00:00Z"),
        ("2026-07-02T05:59:00Z", "2026-07-02T06:00:00Z"),
        ("2026-07-02T06:00:00Z", None),
        # The clocks go back in that night: 07:00 is an hour later than it was.
        ("2026-10-24T22:00:00Z", "2026-10-25T07:00:00Z"),
    ],
)
def test_quiet_hours_are_of_the_persons_own_zone(moment, ends):
    quiet = Habits(**DUBLIN).quiet_ends(datetime.fromisoformat(moment))

    assert quiet == (datetime.fromisoformat(ends) if ends else None)


def test_quiet_hours_within_a_day_and_none_at_all():
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)

    assert Habits(quiet_from=time(11), quiet_until=time(13)).quiet_ends(noon).hour == 13
    assert Habits(quiet_from=time(13), quiet_until=time(14)).quiet_ends(noon) is None
    assert Habits(quiet_from=time(12), quiet_until=time(12)).quiet_ends(noon) is None
    assert Habits().quiet_ends(noon) is None


def test_in_quiet_hours_a_mail_waits_and_an_essential_one_does_not(buyer):
    preferences.save(user=buyer, choices={}, habits=Habits(**DUBLIN))
    with time_machine.travel(datetime(2026, 7, 1, 23, tzinfo=UTC), tick=False):
        delivery.tell(user=buyer, news=parcel_news())
        delivery.tell(user=buyer, news=parcel_news(kind="order_paid"))

    waits, comes = Mail.objects.order_by("pk")
    assert waits.due_at == datetime(2026, 7, 2, 6, tzinfo=UTC)
    assert comes.due_at != waits.due_at
    assert Notification.objects.visible_to(buyer).count() == 2


# --- the table


NAMED = ("number", "shop", "place", "title", "name", "file", "left", "rating", "codes", "titles")


def test_every_kind_has_words_and_a_page():
    arguments = {
        "orders:order": ["MF-1"],
        "sell_status": [],
        "seller:index": [],
        "admin:index": [],
    }
    facts = {"amount": {"amount": 1999, "currency": "EUR"}}
    facts |= dict.fromkeys(NAMED, "Here")
    for kind in KINDS.values():
        assert kind.in_words(facts).endswith(".")
        assert kind.path(*arguments.get(kind.page, [1])).startswith("/")
        assert not kind.is_essential or {Channel.IN_APP, Channel.EMAIL} <= kind.channels
