from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.utils.timezone import now
from kombu.exceptions import OperationalError as KombuError

from marketflow.core import events, tasks
from marketflow.core.events import Event, publish, relay, subscribe
from marketflow.core.models import EventReceipt, OutboxEvent

pytestmark = pytest.mark.django_db


@dataclass(frozen=True, kw_only=True)
class BellRang(Event):
    times: int


@pytest.fixture(autouse=True)
def only_these_receivers(monkeypatch):
    monkeypatch.setitem(events._receivers, BellRang, [])


@pytest.fixture
def heard():
    heard = []

    @subscribe(BellRang)
    def listen(event):
        heard.append(event)

    return heard


@pytest.fixture
def deaf():
    """A receiver that starts its work and fails, until it is cured."""
    deaf = SimpleNamespace(cured=False, heard=[])

    @subscribe(BellRang)
    def miss(event):
        get_user_model().objects.create(email="half@done.test")
        if not deaf.cured:
            raise RuntimeError("deaf")
        deaf.heard.append(event)

    return deaf


def make_due() -> None:
    OutboxEvent.objects.update(due_at=now() - timedelta(seconds=1))


def test_receivers_hear_once_the_transaction_commits(heard, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        publish(BellRang(times=3))
        assert heard == []

    assert heard == [BellRang(times=3)]
    assert OutboxEvent.objects.get().done_at


def test_what_never_happened_is_never_told(heard):
    with pytest.raises(RuntimeError), transaction.atomic():
        publish(BellRang(times=3))
        raise RuntimeError

    relay()

    assert heard == []


def test_the_sweep_tells_what_the_nudge_missed(heard):
    publish(BellRang(times=3))  # The process dies here: no commit hook runs.

    assert relay() == 1

    assert heard == [BellRang(times=3)]
    assert relay() == 0


@pytest.mark.logs_errors
def test_a_receiver_hears_only_what_concerns_it():
    loud = []
    subscribe(BellRang, when=lambda event: 9 // event.times < 3)(loud.append)
    for times in (1, 4, 0):
        publish(BellRang(times=times))

    relay()

    assert loud == [BellRang(times=4)]
    assert [row.payload for row in OutboxEvent.objects.filter(done_at=None)] == [{"times": 0}]


@pytest.mark.logs_errors
def test_one_failing_receiver_silences_nobody_and_loses_nothing(deaf, heard):
    publish(BellRang(times=3))

    relay()

    waiting = OutboxEvent.objects.get()
    assert heard == [BellRang(times=3)]
    assert (waiting.done_at, waiting.attempts) == (None, 1)
    assert waiting.due_at > now()
    assert get_user_model().objects.exists() is False  # Its half-done work is undone.


@pytest.mark.logs_errors
def test_a_retry_tells_only_those_who_have_not_heard(deaf, heard):
    publish(BellRang(times=3))
    relay()
    deaf.cured = True

    relay()
    assert deaf.heard == []  # Not before its time.
    make_due()
    relay()

    assert deaf.heard == heard == [BellRang(times=3)]
    assert OutboxEvent.objects.get().done_at


@pytest.mark.logs_errors
def test_an_event_nobody_can_read_waits_and_holds_up_no_other(heard):
    OutboxEvent.objects.create(name="orders.Forgotten", payload={})
    publish(BellRang(times=3))

    relay()

    assert heard == [BellRang(times=3)]
    assert OutboxEvent.objects.get(done_at=None).attempts == 1


@pytest.mark.logs_errors
def test_waiting_grows_but_never_ends(deaf):
    publish(BellRang(times=3))
    OutboxEvent.objects.update(attempts=1000)

    relay()

    waiting = OutboxEvent.objects.stuck().get()
    assert waiting.due_at < now() + timedelta(hours=1)


@pytest.mark.django_db(transaction=True)
def test_publishing_outside_a_transaction_is_a_bug():
    with pytest.raises(RuntimeError, match="transaction"):
        publish(BellRang(times=3))


@pytest.mark.logs_errors
@pytest.mark.django_db(transaction=True)
def test_a_failing_nudge_does_not_fail_the_commit(heard, monkeypatch):
    monkeypatch.setattr(events, "relay", lambda: 1 / 0)

    with transaction.atomic():
        publish(BellRang(times=3))

    assert OutboxEvent.objects.due().count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="needs row locks")
def test_two_relays_share_the_work_and_tell_each_event_once(heard, monkeypatch):
    monkeypatch.setattr(events, "nudge", lambda: None)
    with transaction.atomic():
        for n in range(40):
            publish(BellRang(times=n))

    def work(_):
        try:
            return relay()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(work, range(4)))

    assert sum(taken) == 40
    assert sorted(event.times for event in heard) == list(range(40))


@pytest.mark.django_db(transaction=True)
def test_who_holds_the_telling_relays_when_it_suits(heard):
    with events.held(), transaction.atomic():
        publish(BellRang(times=3))
    assert heard == []

    relay()

    assert heard == [BellRang(times=3)]


@pytest.mark.django_db(transaction=True)
def test_the_relay_is_woken_once_for_a_transaction(monkeypatch):
    woken = []
    monkeypatch.setattr(events, "nudge", lambda: woken.append("now"))

    with transaction.atomic():
        events.publish(BellRang(times=1))
        with transaction.atomic():
            events.publish(BellRang(times=2))

    assert woken == ["now"]


@pytest.mark.django_db(transaction=True)
def test_one_relay_is_woken_for_all_who_commit_while_it_gathers(heard, monkeypatch, settings):
    settings.CELERY_TASK_ALWAYS_EAGER = False
    settings.REDIS_URL = "redis://redis"
    woken = []
    monkeypatch.setattr(tasks.relay_outbox, "apply_async", lambda **_: woken.append("now"))

    def ring(times):
        with transaction.atomic():
            events.publish(BellRang(times=times))

    monkeypatch.setattr(tasks.time, "sleep", lambda seconds: ring(2))
    ring(1)
    assert tasks.relay_outbox() == 2
    assert (woken, heard) == (["now"], [BellRang(times=1), BellRang(times=2)])

    ring(3)
    assert woken == ["now", "now"]


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_is_left_alone_for_a_second(heard, monkeypatch, settings):
    settings.CELERY_TASK_ALWAYS_EAGER = False
    settings.REDIS_URL = ""  # Nobody but the broker is asked.
    monkeypatch.setattr(events, "_broker", events._Broker())
    tried = []

    def refuse(**_):
        tried.append("now")
        raise KombuError("Connection refused.")

    monkeypatch.setattr(tasks.relay_outbox, "apply_async", refuse)
    for times in range(2):
        with transaction.atomic():
            publish(BellRang(times=times))
    assert tried == ["now"]

    monkeypatch.setattr(events, "BROKER_RESTS", 0)
    events._broker.rests_until = 0.0
    for times in range(2):
        with transaction.atomic():
            publish(BellRang(times=times))
    assert tried == ["now"] * 3
    assert OutboxEvent.objects.due().count() == 4


@pytest.mark.django_db(transaction=True)
def test_it_is_woken_too_where_the_first_to_publish_was_undone(monkeypatch):
    woken = []
    monkeypatch.setattr(events, "nudge", lambda: woken.append("now"))

    with transaction.atomic():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            events.publish(BellRang(times=1))
            raise ZeroDivisionError
        events.publish(BellRang(times=2))

    assert woken == ["now"]


def test_what_was_told_long_ago_costs_no_later_relay_anything():
    """Also while PostgreSQL still believes that most of it waits."""
    OutboxEvent.objects.bulk_create(
        OutboxEvent(name=BellRang.name, payload={"times": 1}) for _ in range(2_000)
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE core_outboxevent")
    OutboxEvent.objects.update(done_at=now())
    publish(BellRang(times=3))

    plan = OutboxEvent.objects.due()[:1].explain()

    assert "outbox_waiting" in plan
    assert "Sort" not in plan and "TEMP B-TREE" not in plan


def test_receipts_are_kept_only_where_somebody_failed_to_hear(heard):
    publish(BellRang(times=3))

    relay()

    assert heard
    assert EventReceipt.objects.exists() is False
