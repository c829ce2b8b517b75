"""A nightly job that asks what changed misses nothing that was committed late."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils.timezone import now

from accounts.tests.factories import make_shop, make_user
from catalog.services import stock_sync
from catalog.services.stock_sync import Change
from catalog.tests.factories import make_variant
from marketflow.core.api import changes
from marketflow.core.tests.clients import api_for

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

URL = "/api/v1/shops/fern-co/stock/"


@pytest.fixture
def fern():
    shop = make_shop("Fern & Co", members=["fern"])
    for sku in ("LATE", "SOON"):
        make_variant(shop, sku, sku=sku, stock=5)
    return shop


def changed_and_committed_late(shop, stamped, commit):
    """Stamp a row, and commit only when told to."""

    def work():
        with transaction.atomic():
            stock_sync.sync(shop=shop, entries=[Change("LATE", 1, "late")])
            stamped.set()
            commit.wait(30)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert stamped.wait(30)
    return thread


def ask(client, since: str) -> tuple[set[str], str]:
    answer = client.get(URL, {"changed_since": since}).json()
    return {row["sku"] for row in answer["results"]}, answer["changed_until"]


def run(shop) -> set[str]:
    """What the second run of a job reads, where a change of before the first committed since."""
    client = api_for(make_user("fern"))
    stamped, commit = threading.Event(), threading.Event()
    thread = changed_and_committed_late(shop, stamped, commit)
    time.sleep(0.2)
    # Something newer is committed and read: going on from the newest row would lose the other.
    stock_sync.sync(shop=shop, entries=[Change("SOON", 1, "soon")])
    first, until = ask(client, (now() - timedelta(hours=1)).isoformat())
    commit.set()
    thread.join()
    second, _ = ask(client, until)
    assert "SOON" in first
    return second


def test_what_was_committed_late_is_read_the_next_time(fern, monkeypatch):
    monkeypatch.setattr(changes, "SKEW", timedelta(0))

    assert "LATE" in run(fern)


def test_going_on_from_the_present_would_lose_it(fern, monkeypatch):
    """The negative control: the same without a look at what is still open."""
    monkeypatch.setattr(changes, "changed_until", now)

    assert "LATE" not in run(fern)
