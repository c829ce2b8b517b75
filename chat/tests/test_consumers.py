from __future__ import annotations

import uuid

import pytest
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser

from accounts.models import ShopMember
from accounts.tests.factories import make_shop, make_user
from chat.models import Conversation, Message, Seat
from chat.routing import websocket_urlpatterns
from chat.services import manners, reading
from chat.tests.factories import answer, make_message
from marketflow.core.models import OutboxEvent

pytestmark = pytest.mark.django_db(transaction=True)


@database_sync_to_async
def begin() -> Conversation:
    ana, shop = make_user("ana"), make_shop("Fern & Co", members=["fern"])
    return make_message(ana, shop).conversation


async def person(name: str):
    return await database_sync_to_async(make_user)(name)


def socket(conversation, user):
    page = WebsocketCommunicator(
        URLRouter(websocket_urlpatterns), f"/ws/chat/{conversation.uuid}/"
    )
    page.scope["user"] = user
    return page


async def open_page(conversation, name: str):
    page = socket(conversation, await person(name))
    assert (await page.connect(timeout=10))[0]
    return page


async def hear(page, kind: str) -> dict:
    """The next frame of `kind`, whatever comes before it."""
    while True:
        frame = await page.receive_json_from(timeout=5)
        if frame["type"] == kind:
            return frame


def say(body: str, client_id=None) -> dict:
    return {"type": "send", "client_id": str(client_id or uuid.uuid4()), "body": body}


async def test_both_sides_hear_a_message_with_its_number():
    conversation = await begin()
    ana, fern = await open_page(conversation, "ana"), await open_page(conversation, "fern")
    sent = say(" Is it wide? ")

    await ana.send_json_to(sent)

    for page in (ana, fern):
        frame = await hear(page, "message")
        assert (frame["seq"], frame["body"], frame["author"]) == (2, "Is it wide?", "Ana")
        assert frame["client_id"] == sent["client_id"]
        assert {"id", "created_at"} <= set(frame)
        await page.disconnect()


async def test_the_buyer_never_hears_who_of_the_shop_wrote():
    conversation = await begin()
    ana, fern = await open_page(conversation, "ana"), await open_page(conversation, "fern")

    await fern.send_json_to(say("Yes."))

    told = await hear(ana, "message")
    assert (told["author"], "member" in told) == ("Fern & Co", False)
    assert (await hear(fern, "message"))["member"] == "Fern"
    await ana.disconnect()
    await fern.disconnect()


async def test_sent_twice_it_is_stored_once_and_answered_twice():
    conversation = await begin()
    ana = await open_page(conversation, "ana")
    sent = say("Is it wide?")

    await ana.send_json_to(sent)
    first = await hear(ana, "message")
    await ana.send_json_to(sent)

    assert await hear(ana, "message") == first
    assert await Message.objects.acount() == 2
    await ana.disconnect()


@pytest.mark.parametrize(("name", "code"), [("sam", 4403), ("vera", 4403), (None, 4401)])
async def test_strangers_are_told_why_and_turned_away(name, code):
    conversation = await begin()
    user = await person(name) if name else AnonymousUser()
    stranger = socket(conversation, user)

    await stranger.connect(timeout=10)

    assert await stranger.receive_output() == {"type": "websocket.close", "code": code}
    assert not await Seat.objects.aexists()


async def test_an_unknown_conversation_is_a_foreign_one():
    await begin()
    nowhere = socket(Conversation(uuid=uuid.uuid4()), await person("ana"))

    await nowhere.connect(timeout=10)

    assert (await nowhere.receive_output())["code"] == 4403


async def test_who_lost_the_seat_says_nothing_more():
    conversation = await begin()
    fern = await open_page(conversation, "fern")
    await hear(fern, "read")
    await ShopMember.objects.all().adelete()

    await fern.send_json_to(say("Yes."))

    while (frame := await fern.receive_output())["type"] != "websocket.close":
        assert "message" not in frame["text"]
    assert frame["code"] == 4403
    assert await Message.objects.acount() == 1


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (say("   "), "blank_message"),
        (say("x" * 2001), "message_too_long"),
        ({"type": "send", "client_id": 7, "body": "Hi"}, "invalid"),
        ({"type": "send", "client_id": str(uuid.uuid4()), "body": ["Hi"]}, "invalid"),
        ({"type": "read", "seq": "1"}, "invalid"),
        ({"type": "read", "seq": -1}, "invalid"),
        ({"type": "close"}, "invalid"),
    ],
)
async def test_a_refusal_is_told_in_place(frame, code):
    conversation = await begin()
    ana = await open_page(conversation, "ana")

    await ana.send_json_to(frame)

    assert await hear(ana, "error") == {"type": "error", "code": code}
    assert await Message.objects.acount() == 1
    await ana.disconnect()


async def test_a_blocked_buyer_is_refused_in_place():
    conversation = await begin()
    ana = await open_page(conversation, "ana")
    block = database_sync_to_async(manners.block)
    await block(conversation=conversation, person=await person("fern"))

    await ana.send_json_to(say("Hello?"))

    assert (await hear(ana, "error"))["code"] == "blocked"
    await ana.disconnect()


async def test_typing_is_heard_by_the_others_alone():
    conversation = await begin()
    ana, fern = await open_page(conversation, "ana"), await open_page(conversation, "fern")

    await fern.send_json_to({"type": "typing"})
    await fern.send_json_to({"type": "read", "seq": 1})

    assert await hear(ana, "typing") == {"type": "typing", "author": "Fern & Co", "side": "shop"}
    while (frame := await fern.receive_json_from())["type"] != "read" or frame["side"] != "shop":
        assert frame["type"] != "typing"
    await ana.disconnect()
    await fern.disconnect()


async def test_a_read_mark_is_told_and_told_again_to_who_comes():
    conversation = await begin()
    ana = await open_page(conversation, "ana")
    assert (await hear(ana, "read"))["seq"] == 0
    fern = await open_page(conversation, "fern")

    await fern.send_json_to({"type": "read", "seq": 1})

    assert await hear(ana, "read") == {"type": "read", "side": "shop", "seq": 1}
    again = await open_page(conversation, "ana")
    assert (await hear(again, "read"))["seq"] == 1
    for page in (ana, fern, again):
        await page.disconnect()


async def test_an_open_page_is_presence_and_a_closed_one_is_not():
    conversation = await begin()
    ana = await open_page(conversation, "ana")
    assert await hear(ana, "presence") == {"type": "presence", "side": "shop", "is_here": False}
    await hear(ana, "presence")  # her own

    fern = await open_page(conversation, "fern")
    assert (await hear(ana, "presence"))["is_here"] is True
    await database_sync_to_async(answer)(
        await conversation.messages.afirst(), await person("fern")
    )
    told = await OutboxEvent.objects.filter(name="chat.MessagePosted").alast()
    assert told.payload["recipient_ids"] == []

    await fern.send_json_to({"type": "gone"})
    assert await hear(ana, "presence") == {"type": "presence", "side": "shop", "is_here": False}
    assert not await database_sync_to_async(reading.is_here)(conversation, "shop")
    await fern.disconnect()
    await ana.disconnect()


async def test_who_closes_one_of_two_pages_is_still_there_with_the_other():
    """The page opened last is the one whose closing could take the other's word back."""
    conversation = await begin()
    first = await open_page(conversation, "fern")
    for _ in range(2):
        await hear(first, "presence")  # the buyer's, and her own
    second = await open_page(conversation, "fern")

    await second.disconnect()

    assert (await hear(first, "presence"))["is_here"] is False
    assert await hear(first, "presence") == {"type": "presence", "side": "shop", "is_here": True}
    assert await database_sync_to_async(reading.is_here)(conversation, "shop")
    await first.disconnect()
    assert not await database_sync_to_async(reading.is_here)(conversation, "shop")
