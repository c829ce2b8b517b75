from __future__ import annotations

import asyncio
import json
import math
import uuid
from datetime import timedelta

import pytest
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from accounts.models import ShopMember
from accounts.tests.factories import make_shop, make_user
from chat import consumers, open_pages
from chat.models import Conversation, Message, Seat
from chat.routing import websocket_urlpatterns
from chat.services import manners, messaging, reading
from chat.tests.factories import answer, make_message
from marketflow.core.models import OutboxEvent
from marketflow.core.realtime import MISSED, bus, hubs

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


async def hear_only(page, kinds: set[str], *, until: str, times: int) -> None:
    """Nothing but frames of `kinds`, up to the one of kind `until` that comes last."""
    while times:
        frame = await page.receive_json_from(timeout=5)
        assert frame["type"] in kinds
        times -= frame["type"] == until


async def closing_code(page) -> int:
    """With what the socket is closed, whatever it is told before."""
    while (frame := await page.receive_output(timeout=5))["type"] != "websocket.close":
        pass
    return frame["code"]


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
        (say("\u200d \ufe0f"), "blank_message"),
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

    # Which it was, where it has a name.
    name = {"client_id": frame["client_id"]} if frame.get("client_id", 7) != 7 else {}
    assert await hear(ana, "error") == {"type": "error", "code": code, **name}
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


async def shop_is_here(page) -> bool:
    """What `page` is told next of the shop's presence."""
    while (frame := await hear(page, "presence"))["side"] != "shop":
        pass
    return frame["is_here"]


async def test_who_closes_one_of_two_pages_is_still_there_with_the_other():
    conversation = await begin()
    ana = await open_page(conversation, "ana")
    assert not await shop_is_here(ana)
    first, second = await open_page(conversation, "fern"), await open_page(conversation, "fern")
    assert await shop_is_here(ana)

    await second.disconnect()

    assert await database_sync_to_async(reading.is_here)(conversation, "shop")
    # The page opened last said last that they look: that must not keep them here.
    await first.send_json_to({"type": "gone"})
    assert not await shop_is_here(ana)
    await first.send_json_to({"type": "here"})
    assert await shop_is_here(ana)
    await first.disconnect()
    assert not await shop_is_here(ana)
    # In between they never went and came back.
    assert await ana.receive_nothing()
    await ana.disconnect()


@pytest.fixture
async def outage(monkeypatch):
    """Begin it, and what is pushed is held. End it: some of it is let go, the rest was missed."""
    monkeypatch.setattr(hubs, "SPREAD", 0)
    publish = bus.publish

    class Outage:
        def begin(self) -> list:
            held = []
            monkeypatch.setattr(bus, "publish", lambda *pushed: held.append(pushed))
            return held

        def end(self, conversation, first=()):
            monkeypatch.setattr(bus, "publish", publish)
            for group, event in [*first, (conversation.group, {"type": MISSED})]:
                publish(group, event)

    yield Outage()
    for task in asyncio.all_tasks():
        if task.get_coro().__qualname__ == "OpenConversations._tell":
            await asyncio.wait_for(task, 10)


async def test_what_was_missed_is_told_to_all_and_nobody_must_come_back(outage, monkeypatch):
    monkeypatch.setattr(open_pages, "CLOCKS", timedelta(0))
    conversation = await begin()
    pages = [await open_page(conversation, name) for name in ("ana", "ana", "fern")]
    question = await conversation.messages.afirst()
    outage.begin()
    for words in ("Yes.", "And wide."):
        await database_sync_to_async(answer)(question, await person("fern"), words)
    await database_sync_to_async(messaging.edit)(
        message=question, author=await person("ana"), body="Is it ash?"
    )
    await database_sync_to_async(reading.read)(
        conversation=conversation, reader=await person("fern"), seq=1
    )

    outage.end(conversation)

    for page in pages:
        assert [(await hear(page, "message"))["body"] for _ in range(2)] == ["Yes.", "And wide."]
        assert (await hear(page, "changed"))["body"] == "Is it ash?"
        marks = [await hear(page, "read") for _ in range(2)]
        assert {mark["side"]: mark["seq"] for mark in marks} == {"buyer": 0, "shop": 1}
    # What is told is told: neither is it again after the next outage.
    outage.end(conversation)
    for page in pages:
        await hear_only(page, {"presence", "read", "left"}, until="read", times=2)
    await pages[0].send_json_to(say("Thanks."))
    for page in pages:
        assert (await hear(page, "message"))["seq"] == 4
        await page.disconnect()


async def test_what_was_told_is_not_told_again_even_where_one_overtook_another(outage):
    conversation = await begin()
    ana = await open_page(conversation, "ana")
    question = await conversation.messages.afirst()
    held = outage.begin()
    for words in ("Yes.", "And wide."):
        await database_sync_to_async(answer)(question, await person("fern"), words)
    outage.end(conversation, first=reversed(held))
    assert [(await hear(ana, "message"))["seq"] for _ in range(2)] == [3, 2]

    await hear_only(ana, {"presence", "read", "left"}, until="read", times=2)
    await ana.disconnect()


async def test_whoever_missed_more_than_a_socket_holds_comes_back_and_reads(outage, monkeypatch):
    monkeypatch.setattr(open_pages, "MOST_TOLD", 6)
    conversation = await begin()
    ana = await open_page(conversation, "ana")
    outage.begin()
    question = await conversation.messages.afirst()
    for number in range(7):
        await database_sync_to_async(answer)(question, await person("fern"), f"{number}")

    outage.end(conversation)

    while (frame := await ana.receive_output(timeout=5))["type"] != "websocket.close":
        assert json.loads(frame["text"])["type"] != "message"
    assert frame["code"] == 1012
    # Its connection has not ended yet, and must not stand in the way of the next.
    again = await open_page(conversation, "ana")
    outage.begin()
    await database_sync_to_async(answer)(question, await person("fern"), "Well?")
    outage.end(conversation)
    assert (await hear(again, "message"))["seq"] == 9
    await ana.disconnect()
    await again.disconnect()


@database_sync_to_async
def leave_elsewhere(conversation, user) -> None:
    """A page of `user` in another process is left, which said last that they look."""
    reading.leave(conversation=conversation, person=user, seen_at=now())
    assert not reading.is_here(conversation, "shop")


async def until_the_shop_is_here(conversation) -> None:
    async with asyncio.timeout(5):
        while not await database_sync_to_async(reading.is_here)(conversation, "shop"):
            await asyncio.sleep(0.01)


async def test_a_page_that_is_still_looked_at_says_so_again(outage):
    conversation = await begin()
    page = await open_page(conversation, "fern")
    outage.begin()
    await leave_elsewhere(conversation, await person("fern"))

    outage.end(conversation)

    await until_the_shop_is_here(conversation)
    await page.disconnect()


async def test_one_page_says_for_all_pages_of_a_person_that_they_look(monkeypatch):
    conversation = await begin()
    fern = [await open_page(conversation, "fern") for _ in range(2)]
    ana = await open_page(conversation, "ana")
    looks = []
    look = reading.look
    monkeypatch.setattr(
        reading, "look", lambda **asked: looks.append(asked["person"].name) or look(**asked)
    )
    monkeypatch.setattr(consumers, "REFRESHED_AFTER", 0.0)
    await check(fern[0])
    monkeypatch.setattr(consumers, "REFRESHED_AFTER", 30.0)
    assert looks == ["Fern"]

    for page in [*fern, ana]:
        await check(page)

    assert looks == ["Fern"]
    for page in [*fern, ana]:
        await page.disconnect()


async def check(page) -> None:
    """Have the socket ask whether it may stay, as it does before each command."""
    await page.send_json_to({"type": "send"})
    await hear(page, "error")


async def test_who_lost_the_seat_while_nothing_was_heard_is_put_out(outage, monkeypatch):
    monkeypatch.setattr(hubs, "SILENCE", 0)
    conversation = await begin()
    ana, fern = await open_page(conversation, "ana"), await open_page(conversation, "fern")
    await ShopMember.objects.all().adelete()

    hubs.of_this_loop()._complete(was_lost=True)

    assert await closing_code(fern) == 4403
    await ana.send_json_to(say("Are you there?"))
    assert (await hear(ana, "message"))["seq"] == 2
    await ana.disconnect()


async def test_who_lost_the_seat_is_put_out_also_where_messages_come_from_the_database(
    outage, monkeypatch
):
    monkeypatch.setattr(hubs, "SILENCE", 0)
    monkeypatch.setattr(open_pages, "PATIENCE", 0)
    conversation = await begin()
    fern = await open_page(conversation, "fern")
    hubs.of_this_loop()._lost()
    outage.begin()
    await ShopMember.objects.all().adelete()

    await database_sync_to_async(answer)(
        await conversation.messages.afirst(), await person("ana"), "Are you there?"
    )

    assert await closing_code(fern) == 4403
    await fern.disconnect()


def pages_here(conversation) -> set[consumers.ChatConsumer]:
    return hubs.of_this_loop().companion(open_pages.OpenConversations).of(conversation).sockets


@pytest.mark.parametrize(("seconds", "is_asked"), [(1, False), (6, True)])
async def test_nobody_is_asked_anew_in_an_outage_before_what_was_known_is_five_seconds_old(
    outage, monkeypatch, seconds, is_asked
):
    monkeypatch.setattr(hubs, "SILENCE", 0)
    conversation = await begin()
    fern = await open_page(conversation, "fern")
    (its,) = pages_here(conversation)
    its._checked, asked = -math.inf, []
    monkeypatch.setattr(its, "check_soon", lambda: asked.append(its))
    hub = hubs.of_this_loop()
    hub._lost()
    hub.deaf_since -= seconds
    outage.begin()

    await database_sync_to_async(answer)(
        await conversation.messages.afirst(), await person("ana"), "Are you there?"
    )

    await hear(fern, "message")
    assert bool(asked) == is_asked
    hub._complete(was_lost=False)
    await fern.disconnect()


async def test_many_pages_are_asked_about_in_one_statement_for_each_person():
    conversation = await begin()
    pages = [await open_page(conversation, name) for name in ("ana", "fern") for _page in range(3)]
    here = pages_here(conversation)

    @database_sync_to_async
    def ask() -> tuple[set[consumers.ChatConsumer], int]:
        with CaptureQueriesContext(connection) as queries:
            return consumers.ChatConsumer.allowed(list(here)), len(queries)

    assert await ask() == (here, 2)
    await ShopMember.objects.all().adelete()
    staying, _queries = await ask()
    assert {socket.user.name for socket in staying} == {"Ana"}
    assert len(staying) == 3
    for page in pages:
        await page.disconnect()


@pytest.mark.logs_errors
async def test_a_bug_lets_nobody_miss_anything(outage, monkeypatch):
    conversation = await begin()
    ana = await open_page(conversation, "ana")
    monkeypatch.setattr(open_pages, "_where_both_stand", lambda pages: 1 / 0)

    outage.end(conversation)

    assert await closing_code(ana) == 1012
    await ana.disconnect()


async def test_the_database_being_away_only_puts_it_off(outage, monkeypatch):
    monkeypatch.setattr(open_pages, "RETRY", 0)
    conversation = await begin()
    ana = await open_page(conversation, "ana")
    question = await conversation.messages.afirst()
    outage.begin()
    await database_sync_to_async(answer)(question, await person("fern"), "Yes.")
    problems, read = [OperationalError("away")], open_pages._new_messages

    def read_when_it_is_back(pages):
        if problems:
            raise problems.pop()
        return read(pages)

    monkeypatch.setattr(open_pages, "_new_messages", read_when_it_is_back)

    outage.end(conversation)

    assert (await hear(ana, "message"))["body"] == "Yes."
    await ana.disconnect()


async def test_while_nothing_is_heard_messages_come_from_the_database(outage, monkeypatch):
    monkeypatch.setattr(hubs, "SILENCE", 0)
    conversation = await begin()
    ana = await open_page(conversation, "ana")
    question = await conversation.messages.afirst()
    hubs.of_this_loop()._lost()
    held = outage.begin()

    for words in ("Yes.", "And wide."):
        await database_sync_to_async(answer)(question, await person("fern"), words)
        assert (await hear(ana, "message"))["body"] == words

    # Pushed all the same, only late.
    outage.end(conversation, first=held)
    hubs.of_this_loop()._complete(was_lost=True)
    await hear_only(ana, {"presence", "read", "left"}, until="read", times=2)
    await ana.disconnect()


async def test_a_page_opened_while_nothing_is_heard_is_told_all_the_same(outage):
    conversation = await begin()
    first = await open_page(conversation, "fern")
    hubs.of_this_loop()._lost()
    await first.disconnect()
    hubs.of_this_loop()._lost()
    ana = await open_page(conversation, "ana")
    outage.begin()

    await database_sync_to_async(answer)(
        await conversation.messages.afirst(), await person("fern"), "Yes."
    )

    assert (await hear(ana, "message"))["body"] == "Yes."
    await ana.disconnect()


@pytest.mark.parametrize(("others", "told"), [(set(), 2), ({"somebody who has read"}, 1)])
async def test_who_opens_first_need_not_hear_what_came_before(outage, others, told):
    conversation = await begin()
    outage.begin()
    question = await conversation.messages.afirst()
    await database_sync_to_async(answer)(question, await person("fern"), "Yes.")
    page = open_pages.OpenConversations(hubs.of_this_loop()).of(conversation)
    page.sockets |= others

    await page.enter("ana's")

    assert page.told == told


async def test_what_a_dying_process_did_not_push_comes_with_what_was_said_later(outage):
    conversation = await begin()
    ana = await open_page(conversation, "ana")
    question, held = await conversation.messages.afirst(), outage.begin()
    for number in range(open_pages.MOST_EARLY + 1):
        await database_sync_to_async(answer)(question, await person("fern"), f"{number}")

    outage.end(conversation, first=held[1:])

    seqs = [(await hear(ana, "message"))["seq"] for _ in range(open_pages.MOST_EARLY + 1)]
    assert seqs == [*range(3, open_pages.MOST_EARLY + 3), 2]
    await ana.disconnect()
