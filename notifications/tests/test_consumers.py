from __future__ import annotations

import pytest
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser

from accounts.tests.factories import make_shop, make_user
from chat.services import reading
from chat.tests.factories import make_message
from marketflow.core import events
from notifications.routing import websocket_urlpatterns
from notifications.services import counts as counting
from notifications.services import inbox
from notifications.tests.factories import make_notifications

pytestmark = pytest.mark.django_db(transaction=True)


async def open_page(user) -> WebsocketCommunicator:
    page = WebsocketCommunicator(URLRouter(websocket_urlpatterns), "/ws/notifications/")
    page.scope["user"] = user
    await page.connect(timeout=10)
    return page


@pytest.fixture
async def ana():
    return await database_sync_to_async(make_user)("ana")


def counts(notifications: int) -> dict:
    return {"type": "counts", "notifications": notifications, "messages": 0}


async def test_a_page_hears_of_news_and_of_how_much_there_is(ana):
    await database_sync_to_async(make_notifications)(ana)
    page = await open_page(ana)
    assert await page.receive_json_from() == counts(1)

    await database_sync_to_async(make_notifications)(ana, 2)  # One of them is known already.

    frame = await page.receive_json_from()
    assert (frame["type"], frame["kind"]) == ("notification", "parcel_sent")
    assert frame["text"] == "Fern & Co has sent a parcel of order MF-1."
    assert frame["url"] == f"/notifications/{frame['id']}/"
    assert await page.receive_json_from() == counts(2)

    await database_sync_to_async(inbox.mark_read)(user=ana)
    assert await page.receive_json_from() == counts(0)
    await page.disconnect()


async def test_counts_are_worked_out_for_open_pages_alone(ana, monkeypatch):
    asked = []
    monkeypatch.setattr(counting, "counts_of", lambda user: asked.append(user) or {})

    await database_sync_to_async(make_notifications)(ana)
    assert asked == []

    page = await open_page(ana)
    await page.receive_json_from()
    await database_sync_to_async(make_notifications)(ana, 2)
    await page.receive_json_from()
    assert await page.receive_json_from() == {"type": "counts"}
    assert asked == [ana]
    await page.disconnect()


async def test_what_piles_up_unread_counts_on_an_open_page(ana):
    fern = await database_sync_to_async(make_user)("fern")
    shop = await database_sync_to_async(make_shop)("Fern & Co", members=["fern"])
    await database_sync_to_async(make_message)(ana, shop)
    await database_sync_to_async(events.relay)()
    page = await open_page(fern)
    await page.receive_json_from()

    await database_sync_to_async(make_message)(ana, shop, "And how wide?")
    await database_sync_to_async(events.relay)()

    assert await page.receive_json_from() == {"type": "counts", "notifications": 1, "messages": 2}
    await page.disconnect()


async def test_what_is_read_in_a_conversation_counts_no_more_on_another_page(ana):
    fern = await database_sync_to_async(make_user)("fern")
    shop = await database_sync_to_async(make_shop)("Fern & Co", members=["fern"])
    message = await database_sync_to_async(make_message)(ana, shop)
    await database_sync_to_async(events.relay)()
    page = await open_page(fern)
    counted = await page.receive_json_from()
    assert counted == {"type": "counts", "notifications": 1, "messages": 1}

    await database_sync_to_async(reading.read)(
        conversation=message.conversation, reader=fern, seq=1
    )
    await database_sync_to_async(events.relay)()

    assert await page.receive_json_from() == {"type": "counts", "notifications": 0, "messages": 0}
    await page.disconnect()


async def test_somebody_elses_news_stays_theirs(ana):
    sam = await database_sync_to_async(make_user)("sam")
    page = await open_page(sam)
    await page.receive_json_from()

    await database_sync_to_async(make_notifications)(ana)

    assert await page.receive_nothing()
    await page.disconnect()


async def test_nobody_is_turned_away():
    page = await open_page(AnonymousUser())

    assert await page.receive_output() == {"type": "websocket.close", "code": 4401}


async def test_commands_are_refused_in_place(ana):
    page = await open_page(ana)
    await page.receive_json_from()

    await page.send_json_to({"type": "read"})

    assert await page.receive_json_from() == {"type": "error", "code": "invalid"}
    await page.disconnect()
