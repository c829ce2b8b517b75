from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from notifications.models import Habits, Mail, Notification
from notifications.services import delivery, digest, preferences
from notifications.tests.factories import make_notifications, parcel_news

pytestmark = pytest.mark.django_db

EARLY = datetime(2026, 7, 1, 6, 59, tzinfo=UTC)  # 07:59 in Dublin
EIGHT = datetime(2026, 7, 1, 7, 0, tzinfo=UTC)
TOMORROW = datetime(2026, 7, 2, 7, 0, tzinfo=UTC)


@pytest.fixture
def reader(buyer):
    habits = Habits(time_zone="Europe/Dublin", digest_at=time(8))
    preferences.save(user=buyer, choices={}, habits=habits)
    return buyer


def test_what_can_wait_comes_in_one_mail_at_the_chosen_hour(reader):
    make_notifications(reader, 3)
    delivery.tell(user=reader, news=parcel_news(kind="order_paid"))
    assert [mail.kind for mail in Mail.objects.all()] == ["notice"]  # What is essential.

    assert digest.write_due(EARLY) == 0
    assert [digest.write_due(EIGHT), digest.write_due(EIGHT)] == [1, 0]

    mail = Mail.objects.get(kind="digest")
    assert mail.subject == "Your day on MarketFlow: 3 pieces of news"
    assert mail.text.count("Fern & Co has sent a parcel") == 3
    assert Notification.objects.visible_to(reader).count() == 4


def test_the_next_one_comes_the_next_day_and_a_day_without_news_has_none(reader):
    make_notifications(reader, 1)
    digest.write_due(EIGHT)
    delivery.tell(user=reader, news=parcel_news("late"))

    assert digest.write_due(EIGHT) == 0
    assert digest.write_due(TOMORROW) == 1
    assert digest.write_due(TOMORROW) == 0
    assert Mail.objects.filter(kind="digest").count() == 2


def test_what_was_gathered_comes_at_once_when_the_digest_is_given_up(reader):
    make_notifications(reader, 2)
    preferences.save(user=reader, choices={}, habits=Habits())

    assert digest.write_due(EARLY) == 1
    assert not Notification.objects.filter(awaits_digest=True).exists()
