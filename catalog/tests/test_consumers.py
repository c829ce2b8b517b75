from __future__ import annotations

import pytest
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator

from accounts.tests.factories import make_shop
from catalog.routing import websocket_urlpatterns
from catalog.services import inventory
from catalog.tests.factories import make_variant

pytestmark = pytest.mark.django_db(transaction=True)


@database_sync_to_async
def shelve(**fields):
    return make_variant(make_shop(), **({"stock": 7} | fields))


async def subscribe(*variants):
    page = WebsocketCommunicator(URLRouter(websocket_urlpatterns), "/ws/inventory/")
    await page.connect()
    await page.send_json_to({"type": "subscribe", "variants": [str(v.uuid) for v in variants]})
    return page


async def test_a_page_hears_the_level_and_then_its_fall():
    bowl = await shelve()
    page = await subscribe(bowl)
    told = {"type": "stock", "variant": str(bowl.uuid)}
    assert await page.receive_json_from() == told | {"level": "in"}

    await database_sync_to_async(inventory.reserve)({bowl.stock.pk: 4})

    assert await page.receive_json_from() == told | {"level": "low", "available": 3}
    await page.disconnect()


async def test_what_is_not_counted_is_in_stock():
    page = await subscribe(await shelve(stock=None))

    assert (await page.receive_json_from())["level"] == "in"
    await page.disconnect()


async def test_drafts_can_not_be_watched():
    page = await subscribe(await shelve(state="draft"))

    assert await page.receive_nothing()
    await page.disconnect()


@pytest.mark.parametrize(
    "frame",
    ["not json", "[1]", '{"type": ["subscribe"]}', '{"type": "subscribe", "variants": [7, "x"]}'],
)
async def test_nonsense_is_refused_in_place(frame):
    page = await subscribe()

    await page.send_to(text_data=frame)

    assert (await page.receive_json_from())["type"] == "error"
    await page.disconnect()


async def test_at_most_a_hundred_are_watched():
    page = await subscribe()

    await page.send_json_to({"type": "subscribe", "variants": ["x"] * 101})

    assert await page.receive_json_from() == {"type": "error", "code": "invalid"}
    await page.disconnect()
