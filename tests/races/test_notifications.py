"""Everybody is told, and nobody twice: a killed process, doubled events, two relays at once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest
from django.conf import settings
from django.core import mail as outgoing
from django.db import connection

from accounts.tests.factories import make_shop, make_user
from catalog.tests.factories import make_variant
from chat.tests.factories import make_message
from marketflow.core import events
from marketflow.core.models import OutboxEvent
from notifications.models import Mail, Notification
from orders.models import Order
from orders.services import fulfilment
from orders.tests.factories import make_order
from tests.races.racing import race

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

ANA, FERN, RITA = "ana@example.test", "fern@example.test", "rita@example.test"
ONCE_EACH = {
    (ANA, "order_placed"): 1,
    (ANA, "order_paid"): 1,
    (ANA, "parcel_sent"): 2,  # One of each shop.
    (ANA, "parcel_delivered"): 2,
    (FERN, "order_to_ship"): 1,
    (RITA, "order_to_ship"): 1,
    (FERN, "message"): 1,
}
NOT_MAILED = {(ANA, "parcel_delivered")}
# A process of its own: it pays, commits, and is gone before anybody is told.
PAY = """
from orders.models import Order
from orders.services import payments
payments.start(order=Order.objects.get(), method="test", details={"card": "4242424242424242"})
"""


@pytest.fixture
def order():
    """Everything happened, and nobody was told of any of it yet."""
    ana = make_user("ana")
    fern, rival = make_shop("Fern & Co", members=["fern"]), make_shop("Rival", members=["rita"])
    with events.held():
        order = make_order(ana, make_variant(fern), make_variant(rival))
        pay_and_be_killed()
        for part in order.seller_orders.order_by("pk"):
            part.refresh_from_db()
            fulfilment.ship(seller_order=part)
            part.refresh_from_db()
            fulfilment.deliver(seller_order=part)
        make_message(ana, fern)
    assert not Notification.objects.exists()
    return order


def pay_and_be_killed() -> None:
    database = connection.settings_dict
    address = f"{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}"
    env = os.environ | {
        "DATABASE_URL": f"postgres://{address}/{database['NAME']}",
        "REDIS_URL": "",
        "MARKETFLOW_TEST": "1",
        "MARKETFLOW_TEST_CRASH": "outbox_waiting",
        "ALLOW_TEST_PAYMENTS": "1",
        "SECRET_KEY": settings.SECRET_KEY,
        "DJANGO_SETTINGS_MODULE": "marketflow.settings",
    }
    process = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", PAY],
        cwd=settings.BASE_DIR,
        env=env,
        capture_output=True,
        timeout=120,
    )
    assert process.returncode == -9, process.stderr.decode()
    assert Order.objects.get().paid_at is not None


def double_every_event() -> None:
    rows = OutboxEvent.objects.order_by("pk").values("name", "payload")
    OutboxEvent.objects.bulk_create(OutboxEvent(**row) for row in list(rows))


def relay_all() -> None:
    while events.relay():
        pass


def told() -> Counter:
    return Counter(Notification.objects.values_list("user__email", "kind"))


def mailed() -> Counter:
    """Which mails left, by their rows."""
    return Counter(Mail.objects.exclude(sent_at=None).values_list("recipient", "dedupe_key"))


def test_after_a_kill_doubled_events_and_two_relays_everybody_is_told_once(order):
    double_every_event()

    answers = race(relay_all, relay_all)

    assert answers == [None, None]
    assert not OutboxEvent.objects.filter(done_at=None).exists()
    assert told() == ONCE_EACH
    expected = sum(number for who, number in ONCE_EACH.items() if who not in NOT_MAILED)
    assert set(mailed().values()) == {1}
    assert len(mailed()) == len(outgoing.outbox) == expected
    sent = Counter(
        (message.to[0], message.extra_headers["Message-ID"]) for message in outgoing.outbox
    )
    assert set(sent.values()) == {1}


def test_without_the_constraint_people_are_told_twice(order):
    """The negative control: it is the unique row that keeps the promise."""
    double_every_event()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE notifications_notification DROP CONSTRAINT told_once")
    try:
        race(relay_all, relay_all)
        twice = told()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM notifications_push")
            cursor.execute("DELETE FROM notifications_notification")
            cursor.execute(
                "ALTER TABLE notifications_notification "
                "ADD CONSTRAINT told_once UNIQUE (user_id, dedupe_key)"
            )

    assert twice[ANA, "order_placed"] == 2
    assert twice != ONCE_EACH
