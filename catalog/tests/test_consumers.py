from __future__ import annotations

import time
from types import SimpleNamespace
from uuid import uuid4

import pytest
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.db import transaction
from django.utils.timezone import localdate

from accounts.models import Shop
from accounts.tests.factories import make_shop
from catalog import live, watching
from catalog.models import StockItem
from catalog.routing import websocket_urlpatterns
from catalog.services import inventory, listing
from catalog.tests.factories import make_variant
from marketflow.core.realtime import apush

pytestmark = pytest.mark.django_db(transaction=True)


@database_sync_to_async
def shelve(**fields):
    return make_variant(make_shop(), **({"stock": 7} | fields))


async def subscribe(*variants):
    page = WebsocketCommunicator(URLRouter(websocket_urlpatterns), "/ws/inventory/")
    await page.connect(timeout=10)
    await page.send_json_to({"type": "subscribe", "variants": [str(v.uuid) for v in variants]})
    return page


async def test_a_page_hears_the_level_and_then_its_fall():
    bowl = await shelve()
    page = await subscribe(bowl)
    told = {"type": "stock", "variant": str(bowl.uuid)}
    assert await page.receive_json_from(5) == told | {"level": "in"}

    await database_sync_to_async(inventory.reserve)({bowl.stock.pk: 4})

    assert await page.receive_json_from(5) == told | {"level": "low", "available": 3}
    await page.disconnect()


async def test_what_is_not_counted_is_in_stock():
    page = await subscribe(await shelve(stock=None))

    assert (await page.receive_json_from(5))["level"] == "in"
    await page.disconnect()


async def test_a_draft_answers_like_what_does_not_exist():
    draft, nothing = await shelve(state="draft"), SimpleNamespace(uuid=uuid4())
    page = await subscribe(draft, nothing)

    for variant in (draft, nothing):
        told = {"type": "stock", "variant": str(variant.uuid), "level": "out", "for_sale": False}
        assert await page.receive_json_from(5) == told
    await page.disconnect()


async def test_nothing_is_told_of_what_is_rolled_back():
    bowl = await shelve()
    page = await subscribe(bowl)
    await page.receive_json_from(5)

    @database_sync_to_async
    def change_your_mind():
        with transaction.atomic():
            inventory.reserve({bowl.stock.pk: 7})
            transaction.set_rollback(True)

    await change_your_mind()

    assert await page.receive_nothing(0.5)
    await page.disconnect()


async def test_many_changes_are_told_as_few_and_the_last_gets_through():
    bowl = await shelve(stock=30)
    page = await subscribe(bowl)
    await page.receive_json_from(5)

    began, frames = time.monotonic(), []
    for _ in range(30):
        await database_sync_to_async(inventory.reserve)({bowl.stock.pk: 1})
    while not frames or frames[-1]["level"] != "out":
        frames.append(await page.receive_json_from(5))

    assert len(frames) <= 4 * (time.monotonic() - began) + 2
    assert all(frame.get("available", 1) <= 5 for frame in frames)
    assert await page.receive_nothing(0.5)
    await page.disconnect()


async def test_every_way_in_and_out_is_told():
    bowl = await shelve(stock=6)
    page = await subscribe(bowl)
    await page.receive_json_from(5)
    item, line = bowl.stock, 1

    for move, level in (
        (lambda: inventory.reserve({item.pk: 6}), "out"),
        (lambda: inventory.release({item.pk: 1}), "low"),
        (lambda: inventory.sell([inventory.Sold(item.pk, 5, line, "p")]), "low"),
        (lambda: inventory.put_back([inventory.Sold(item.pk, 5, line, "r")]), "in"),
        (lambda: inventory.change(item, -6, key="a"), "out"),
        (lambda: inventory.receive(item, 3, key="b"), "low"),
        (lambda: inventory.count(item, 9, key="c"), "in"),
        (lambda: listing.archive_product(bowl.product), "out"),
        (lambda: listing.publish_product(bowl.product), "in"),
    ):
        await database_sync_to_async(move)()
        assert (await page.receive_json_from(5))["level"] == level
    await page.disconnect()


async def test_what_begins_to_be_counted_with_none_is_sold_out():
    bowl = await shelve(stock=None)
    page = await subscribe(bowl)
    assert (await page.receive_json_from(5))["level"] == "in"

    await database_sync_to_async(inventory.track)(bowl)

    assert (await page.receive_json_from(5))["level"] == "out"
    await page.disconnect()


async def test_a_change_that_could_not_be_told_is_read_and_the_socket_stays():
    bowl = await shelve()
    page = await subscribe(bowl)
    await page.receive_json_from(5)

    await database_sync_to_async(StockItem.objects.filter(variant=bowl).update)(on_hand=0)
    await apush(live.group_of(bowl.pk), "missed")

    assert (await page.receive_json_from(5))["level"] == "out"
    assert await page.receive_nothing(0.2)
    await page.disconnect()


async def test_what_is_no_longer_asked_for_is_not_told():
    bowl = await shelve()
    mug = await database_sync_to_async(make_variant)(bowl.product.shop, "Mug", stock=7)
    page = await subscribe(bowl, mug)
    await page.receive_json_from(5), await page.receive_json_from(5)

    await page.send_json_to({"type": "unsubscribe", "variants": [str(bowl.uuid)]})
    await page.send_json_to({"type": "subscribe", "variants": []})
    for variant in (bowl, mug):
        await database_sync_to_async(inventory.reserve)({variant.stock.pk: 7})

    assert (await page.receive_json_from(5))["variant"] == str(mug.uuid)
    assert await page.receive_nothing(0.5)
    await page.disconnect()


async def test_holidays_are_noticed_without_a_change(monkeypatch):
    monkeypatch.setattr(watching, "SWEEP", 0.2)
    bowl = await shelve()
    page = await subscribe(bowl)
    assert (await page.receive_json_from(5))["level"] == "in"

    await Shop.objects.aupdate(away_from=localdate())

    assert (await page.receive_json_from(5))["level"] == "out"
    assert await page.receive_nothing(0.5)
    await page.disconnect()


def test_a_list_costs_the_same_for_one_and_for_five(django_assert_num_queries, shop):
    for variants in ([make_variant(shop)], [make_variant(shop, f"Bowl {n}") for n in range(5)]):
        with django_assert_num_queries(1):
            live.states(pk__in=[variant.pk for variant in variants])


@pytest.mark.parametrize(
    "frame",
    ["not json", "[1]", '{"type": ["subscribe"]}', '{"type": "subscribe", "variants": [7, "x"]}'],
)
async def test_nonsense_is_refused_in_place(frame):
    page = await subscribe()

    await page.send_to(text_data=frame)

    assert (await page.receive_json_from(5))["type"] == "error"
    await page.disconnect()


async def test_at_most_a_hundred_are_watched():
    page = await subscribe()

    await page.send_json_to({"type": "subscribe", "variants": ["x"] * 101})

    assert await page.receive_json_from(5) == {"type": "error", "code": "invalid"}
    await page.disconnect()
