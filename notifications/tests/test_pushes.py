"""Pushes through a real push service: told once, at the right time, and to nobody else."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from email.utils import format_datetime

import pytest
import time_machine
from django.utils.timezone import now

from accounts.models import BrowserSession
from accounts.services import privacy, sessions
from notifications import tasks
from notifications.kinds import Channel
from notifications.models import Habits, Notification, Push, PushSubscription
from notifications.services import delivery, inbox, preferences
from notifications.services.pushing import browsers, sending
from notifications.services.webhooks.wire import Answer
from notifications.tests.factories import make_notifications, parcel_news
from notifications.tests.vapid_keys import KEY, SUBJECT
from notifications.tests.waking import make_browser, push_service

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def market_that_pushes(settings):
    settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT = KEY, SUBJECT
    settings.WEBHOOK_ALLOWED_NETWORKS = ["127.0.0.0/8"]


@pytest.fixture
def service():
    with push_service() as service:
        yield service


def waits() -> float:
    """How long until the only push is tried again, in minutes."""
    return (Push.objects.get().due_at - now()).total_seconds() / 60


def all_due() -> None:
    Push.objects.update(due_at=now() - timedelta(seconds=1))


# --- what is said


def test_a_browser_reads_what_the_list_says_and_where_it_leads(buyer, service):
    make_browser(buyer, service)
    [told] = make_notifications(buyer)

    assert tasks.send_pushes() == 1

    [read] = service.told
    assert read["text"] == told.text == "Fern & Co has sent a parcel of order MF-1."
    assert (read["url"], read["path"]) == (told.get_absolute_url(), "/orders/MF-1/")
    assert set(read) == {"id", "title", "text", "url", "path", "topic"}
    [headers] = service.headers
    assert (headers["TTL"], headers["Urgency"]) == ("86400", "normal")
    assert headers["Content-Encoding"] == "aes128gcm"
    assert headers["Topic"] == read["topic"]
    assert len(read["topic"]) == 32


def test_every_browser_of_a_person_is_told_and_nobody_elses(buyer, stranger, service):
    mine = {make_browser(buyer, service).endpoint for _ in range(2)}
    make_browser(stranger, service)
    make_notifications(buyer)

    assert sending.send_due() == 2

    assert {service.base + path for path in service.asked} == mine


def test_what_is_heard_twice_wakes_once(buyer, service):
    make_browser(buyer, service)
    for _ in range(2):
        delivery.tell(user=buyer, news=parcel_news())

    assert (sending.send_due(), sending.send_due()) == (1, 0)

    assert len(service.asked) == 1


def test_the_same_words_about_the_same_page_take_one_place(buyer, service):
    make_browser(buyer, service)
    rival = {"number": "MF-1", "shop": "Rival Goods"}
    for news in (parcel_news("1"), parcel_news("2"), parcel_news("3", facts=rival)):
        delivery.tell(user=buyer, news=news)

    sending.send_due()

    topics = {read["text"][:4]: read["topic"] for read in service.told}
    assert len(service.told) == 3
    assert topics["Fern"] != topics["Riva"]
    assert len({read["topic"] for read in service.told}) == 2


def test_long_names_stay_within_what_push_services_take(buyer, service):
    make_browser(buyer, service)
    facts = {"number": "MF-1", "shop": "“𝕱𝖊𝖗𝖓”" * 400}
    delivery.tell(user=buyer, news=parcel_news(facts=facts))

    assert sending.send_due() == 1

    assert service.told[0]["text"].endswith("…")
    assert int(service.headers[0]["Content-Length"]) < 3072


def test_what_is_not_in_the_list_leads_straight_to_its_page(buyer, service):
    make_browser(buyer, service)
    preferences.switch_off(user=buyer, kind="parcel_sent", channel=Channel.IN_APP)
    make_notifications(buyer)

    sending.send_due()

    assert service.told[0]["url"] == "/orders/MF-1/"


def test_what_was_switched_on_by_oneself_is_less_urgent(buyer, service):
    make_browser(buyer, service)
    preferences.save(user=buyer, choices={"order_paid": {"push": True}}, habits=Habits())
    delivery.tell(user=buyer, news=parcel_news(kind="order_paid"))

    sending.send_due()

    assert service.headers[0]["Urgency"] == "low"


# --- when nothing is sent


def test_without_keys_nothing_is_written_or_sent(buyer, service, settings):
    make_browser(buyer, service)
    settings.VAPID_PRIVATE_KEY = ""
    make_notifications(buyer)

    assert (sending.send_due(), Push.objects.count(), service.asked) == (0, 0, [])


def test_who_has_read_it_meanwhile_is_not_woken(buyer, service):
    make_browser(buyer, service)
    make_notifications(buyer)
    inbox.mark_read(user=buyer)

    assert (sending.send_due(), service.asked) == (0, [])
    assert not Push.objects.exists()


def test_who_has_switched_it_off_meanwhile_is_not_woken(buyer, service):
    make_browser(buyer, service)
    make_notifications(buyer)
    preferences.switch_off(user=buyer, kind="parcel_sent", channel=Channel.PUSH)

    assert (sending.send_due(), service.asked) == (0, [])


def test_old_news_wakes_nobody(buyer, service):
    make_browser(buyer, service)
    make_notifications(buyer)
    Notification.objects.update(created_at=now() - timedelta(days=3))

    assert (sending.send_due(), service.asked) == (0, [])


def test_signing_out_of_a_browser_ends_its_pushes(buyer, service, client):
    here, there = make_browser(buyer, service), make_browser(buyer, service)
    client.force_login(buyer)
    session = BrowserSession.objects.get(session_key=client.session.session_key)
    PushSubscription.objects.filter(pk=here.pk).update(session=session)
    make_notifications(buyer)

    client.post("/account/logout/")
    sending.send_due()

    assert [service.base + path for path in service.asked] == [there.endpoint]
    assert list(PushSubscription.objects.all()) == [there]


def test_a_sign_in_that_is_ended_from_elsewhere_or_runs_out_ends_them_too(buyer, service):
    ended, run_out = make_browser(buyer, service), make_browser(buyer, service)
    make_notifications(buyer)
    sessions.end(user=buyer, id=ended.session.uuid)
    BrowserSession.objects.filter(pk=run_out.session_id).update(seen_at=now() - timedelta(days=60))

    assert (sending.send_due(), service.asked) == (0, [])

    make_notifications(buyer, 2)
    assert not Push.objects.exists()
    assert browsers.forget_old() == 1
    assert not PushSubscription.objects.exists()


def test_signing_out_everywhere_else_leaves_this_browser_on(buyer, service, client):
    here = make_browser(buyer, service)
    make_browser(buyer, service)
    client.force_login(buyer)
    session = BrowserSession.objects.get(session_key=client.session.session_key)
    PushSubscription.objects.filter(pk=here.pk).update(session=session)

    client.post("/account/security/sign-out-others/")

    assert list(PushSubscription.objects.all()) == [here]
    assert list(browsers.of(buyer)) == [here]


def test_who_leaves_is_forgotten_with_their_browsers(buyer, service):
    make_browser(buyer, service)
    make_notifications(buyer)
    privacy.delete_account(user=buyer)

    assert not PushSubscription.objects.exists()
    assert (sending.send_due(), service.asked) == (0, [])


def test_a_browser_of_a_former_key_is_not_asked(buyer, service):
    make_browser(buyer, service, server_key="former")
    make_notifications(buyer)

    assert not Push.objects.exists()
    assert browsers.forget_old() == 1


# --- quiet hours

DUBLIN = {"time_zone": "Europe/Dublin", "quiet_from": time(22), "quiet_until": time(7)}


def test_nothing_buzzes_in_quiet_hours_and_it_comes_after_them(buyer, service):
    preferences.save(user=buyer, choices={}, habits=Habits(**DUBLIN))
    make_browser(buyer, service)
    with time_machine.travel(datetime(2026, 7, 1, 23, tzinfo=UTC), tick=False):
        make_notifications(buyer)

    assert Push.objects.get().due_at == datetime(2026, 7, 2, 6, tzinfo=UTC)


def test_a_second_try_waits_for_the_end_of_quiet_hours_as_well(buyer, service):
    make_browser(buyer, service)
    make_notifications(buyer)
    there = now()
    quiet = {
        "quiet_from": (there - timedelta(hours=1)).time(),
        "quiet_until": (there + timedelta(hours=1)).time(),
    }
    preferences.save(user=buyer, choices={}, habits=Habits(time_zone="UTC", **quiet))

    assert (sending.send_due(), service.asked) == (0, [])

    assert 59 < waits() <= 60
    assert Push.objects.get().attempts == 0


@pytest.mark.parametrize(
    ("moment", "begins"),
    [
        ("2026-07-01T20:00:00Z", "2026-07-01T21:00:00Z"),
        ("2026-07-01T21:00:00Z", "2026-07-02T21:00:00Z"),
        # The clocks go back in that night.
        ("2026-10-24T21:30:00Z", "2026-10-25T22:00:00Z"),
    ],
)
def test_quiet_hours_begin_on_the_persons_own_clock(moment, begins):
    begins_at = Habits(**DUBLIN).quiet_begins(datetime.fromisoformat(moment))

    assert begins_at == datetime.fromisoformat(begins)
    assert Habits().quiet_begins(datetime.fromisoformat(moment)) is None


def test_a_push_service_keeps_it_no_longer_than_until_quiet_hours(buyer, service):
    make_browser(buyer, service)
    make_notifications(buyer)
    there = now()
    quiet = {
        "quiet_from": (there + timedelta(hours=2)).time(),
        "quiet_until": (there + timedelta(hours=3)).time(),
    }
    preferences.save(user=buyer, choices={}, habits=Habits(time_zone="UTC", **quiet))

    sending.send_due()

    assert 7190 <= int(service.headers[0]["TTL"]) <= 7200


# --- when it fails


@pytest.mark.parametrize("status", ["404", "410"])
def test_a_browser_that_is_gone_is_forgotten(buyer, service, status):
    make_browser(buyer, service)
    make_notifications(buyer, 2)
    service.mode = status

    assert sending.send_due() == 0

    assert not PushSubscription.objects.exists()
    assert not Push.objects.exists()


@pytest.mark.parametrize(
    ("answer", "minutes"),
    [
        ("500", 5),
        ("503", 5),
        ("429", 5),
        ("429 Retry-After: 30", 5),
        ("429 Retry-After: 3600", 60),
        ("503 retry-after: 999999999", 24 * 60),
        ("503 Retry-After: soon", 5),
        ("503 Retry-After: -5", 5),
    ],
)
def test_a_push_service_that_is_busy_is_asked_later(buyer, service, answer, minutes):
    make_browser(buyer, service)
    make_notifications(buyer)
    service.mode = answer

    assert (sending.send_due(), sending.send_due()) == (0, 0)

    assert len(service.asked) == 1
    assert minutes - 1 < waits() <= minutes
    service.mode = "201"
    all_due()
    assert sending.send_due() == 1
    assert len(service.told) == 1


def test_a_date_to_wait_for_is_understood(buyer, service):
    make_browser(buyer, service)
    make_notifications(buyer)
    until = format_datetime(now() + timedelta(hours=2), usegmt=True)
    service.mode = f"429 Retry-After: {until}"

    sending.send_due()

    assert 118 < waits() <= 120


def test_what_else_waits_for_a_busy_browser_waits_too(buyer, service, monkeypatch):
    monkeypatch.setattr("notifications.services.threads.SLOTS", 1)
    make_browser(buyer, service)
    make_notifications(buyer, 3)
    service.mode = "429"

    sending.send_due()

    assert len(service.asked) == 1
    assert not Push.objects.waiting().exists()
    assert sorted(Push.objects.values_list("attempts", flat=True)) == [0, 0, 1]


def test_after_five_tries_it_is_given_up(buyer, service):
    make_browser(buyer, service)
    make_notifications(buyer)
    service.mode = "503"
    for _ in range(7):
        all_due()
        sending.send_due()

    assert len(service.asked) == 5
    assert Push.objects.get().is_given_up
    assert PushSubscription.objects.exists()


@pytest.mark.parametrize("status", ["400", "401", "403", "413", "301 Location: http://10.0.0.1/"])
def test_a_refusal_that_time_does_not_heal_is_tried_once(buyer, service, status):
    make_browser(buyer, service)
    make_notifications(buyer)
    service.mode = status

    sending.send_due()
    all_due()
    sending.send_due()

    assert len(service.asked) == 1
    assert Push.objects.get().is_given_up
    assert PushSubscription.objects.exists()


def test_a_push_service_that_is_not_there_is_asked_later(buyer):
    with push_service() as gone:
        make_browser(buyer, gone)
    make_notifications(buyer)

    assert sending.send_due() == 0

    assert 4 < waits() <= 5
    assert Push.objects.get().last_error


def test_a_private_address_is_never_asked(buyer, service, settings):
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    make_browser(buyer, service)
    make_notifications(buyer)

    assert (sending.send_due(), service.asked) == (0, [])
    assert Push.objects.get().last_error == "The address is not a public one."


def test_two_workers_send_one_push_once(buyer, service):
    make_browser(buyer, service)
    make_notifications(buyer)

    first, second = sending.take(), sending.take()

    assert (first.push.pk, second) == (Push.objects.get().pk, None)
    assert sending.record(first, sending.say(first))
    assert (sending.send_due(), len(service.told)) == (0, 1)


def test_who_signs_out_while_it_is_sent_breaks_nothing(buyer, service):
    make_browser(buyer, service)
    make_notifications(buyer)
    job = sending.take()
    sessions.end_all(buyer)

    for status in (201, 410, 503, 400):
        sending.record(job, Answer(status=status))

    assert not Push.objects.exists()


def test_old_pushes_are_forgotten(buyer, service):
    make_browser(buyer, service)
    make_notifications(buyer, 2)
    sending.send_due()
    assert tasks.forget_old_pushes() == 0
    oldest = Push.objects.order_by("pk").first()
    Push.objects.filter(pk=oldest.pk).update(created_at=now() - timedelta(days=31))

    assert tasks.forget_old_pushes() == 1
    assert Push.objects.count() == 1
