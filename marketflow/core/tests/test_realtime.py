from __future__ import annotations

import asyncio
import threading
import time

import pytest
import redis
from channels.testing import WebsocketCommunicator
from django.db import OperationalError, transaction

from marketflow.core import realtime
from marketflow.core.errors import Refusal
from marketflow.core.realtime import (
    NOT_SIGNED_IN,
    NOT_YOURS,
    Credential,
    PushConsumer,
    TurnAway,
    apush,
    bus,
    hubs,
    is_heard,
    push,
    push_on_commit,
    redis_wire,
    rounds,
)
from marketflow.core.realtime import consumer as consumers
from marketflow.core.realtime.lines import Line

pytestmark = pytest.mark.django_db(transaction=True)


class Closed(Refusal):
    code = "closed"


class Room(PushConsumer):
    """A room that Sam may not enter, and that is closed at night."""

    COMMANDS = {"say": "say", "knock": "knock", "leave": "go"}
    left: list[int] = []

    async def admit(self):
        if getattr(self.user, "email", "").startswith("sam"):
            raise TurnAway(NOT_YOURS)
        await self.join("room")
        await self.send_json({"type": "welcome"})

    async def say(self, content):
        await apush("room", "said", words=content["words"])

    async def knock(self, content):
        raise Closed

    async def go(self, content):
        await self.leave("room")

    async def disconnect(self, code):
        self.left.append(code)


class Ticket(Credential):
    good = True

    @classmethod
    def holding(cls, asked):
        return {ticket for ticket in asked if ticket.good}


@pytest.fixture(autouse=True)
def nobody_has_left():
    Room.left = []


async def enter(user=None, credential=None, consumer=Room):
    page = WebsocketCommunicator(consumer.as_asgi(), "/ws/room/")
    page.scope |= {"user": user, "credential": credential}
    await page.connect(timeout=10)
    return page


async def enter_and_be_greeted(*args, **fields):
    page = await enter(*args, **fields)
    assert await page.receive_json_from() == {"type": "welcome"}
    return page


async def closing_code(page):
    while True:
        message = await page.receive_output(5)
        if message["type"] == "websocket.close":
            return message["code"]


async def from_a_thread(work, *args, **fields):
    done = threading.Thread(target=work, args=args, kwargs=fields)
    done.start()
    await asyncio.to_thread(done.join)


async def test_everybody_in_the_room_hears_it():
    ana, fern = await enter_and_be_greeted(), await enter_and_be_greeted()

    await ana.send_json_to({"type": "say", "words": "hello"})

    for page in (ana, fern):
        assert await page.receive_json_from() == {"words": "hello", "type": "said"}
        await page.disconnect()


async def test_what_a_thread_pushes_is_heard_at_once():
    page = await enter_and_be_greeted()

    await from_a_thread(push, "room", "said", words="from afar")

    assert (await page.receive_json_from(0.5))["words"] == "from afar"
    await page.disconnect()


async def test_a_group_is_heard_while_somebody_is_in_it():
    assert not await asyncio.to_thread(is_heard, "room")

    page = await enter_and_be_greeted()
    assert await asyncio.to_thread(is_heard, "room")
    assert not await asyncio.to_thread(is_heard, "another room")

    await page.send_json_to({"type": "leave"})
    for _ in range(50):
        if not (heard := await asyncio.to_thread(is_heard, "room")):
            break
        await asyncio.sleep(0.02)
    assert not heard
    await page.disconnect()


async def test_nothing_is_heard_of_what_is_rolled_back():
    page = await enter_and_be_greeted()

    def change_your_mind():
        with transaction.atomic():
            push_on_commit("room", "said", words="no")
            transaction.set_rollback(True)

    await asyncio.to_thread(change_your_mind)

    assert await page.receive_nothing(0.2)
    await page.disconnect()


async def test_who_has_left_hears_no_more():
    page = await enter_and_be_greeted()
    await page.send_json_to({"type": "leave"})
    await page.send_json_to({"type": "knock"})
    assert (await page.receive_json_from())["code"] == "closed"

    await apush("room", "said", words="gossip")

    assert await page.receive_nothing(0.2)
    await page.disconnect()


async def test_who_is_let_in_misses_nothing_from_that_moment_on():
    """A page reads what there is as soon as its socket is open: then it must be told the rest."""
    has_joined, may_go_on = asyncio.Event(), asyncio.Event()

    class Slow(Room):
        async def admit(self):
            await super().admit()
            has_joined.set()
            await may_go_on.wait()

    page = WebsocketCommunicator(Slow.as_asgi(), "/ws/room/")
    page.scope |= {"user": None, "credential": None}
    connecting = asyncio.create_task(page.connect(timeout=10))
    await has_joined.wait()
    await apush("room", "said", words="meanwhile")
    await asyncio.sleep(0.1)

    assert not connecting.done()
    may_go_on.set()
    assert await connecting == (True, None)
    assert await page.receive_json_from() == {"type": "welcome"}
    assert (await page.receive_json_from())["words"] == "meanwhile"
    await page.disconnect()


async def test_a_stranger_is_turned_away_and_never_counted_in(stranger):
    page = await enter(stranger)

    assert await closing_code(page) == NOT_YOURS
    await page.wait()
    assert Room.left == []


async def test_a_refusal_is_answered_and_the_socket_stays_open():
    page = await enter_and_be_greeted()

    for frame in ('{"type": "knock"}', '{"type": "dance"}', "[" * 60_000, "7"):
        await page.send_to(text_data=frame)

    codes = [(await page.receive_json_from())["code"] for _ in range(4)]
    assert codes == ["closed", "invalid", "invalid", "invalid"]
    await page.disconnect(4000)
    assert Room.left == [4000]


@pytest.mark.parametrize(
    ("frame", "code"),
    [({"bytes_data": b"\x00"}, 4400), ({"text_data": '"' + "é" * 32_768 + '"'}, 4413)],
)
async def test_bytes_are_not_understood_and_more_than_64_kib_is_too_large(frame, code):
    page = await enter_and_be_greeted()

    await page.send_to(**frame)

    assert await closing_code(page) == code


async def test_more_than_twenty_frames_in_ten_seconds_are_refused_and_at_last_cut_off(buyer):
    page = await enter_and_be_greeted(buyer)

    for _ in range(40):
        await page.send_json_to({"type": "say", "words": "!"})

    codes = []
    while (message := await page.receive_output())["type"] != "websocket.close":
        if "error" in message["text"]:
            codes.append(message["text"])
    assert codes == ['{"type":"error","code":"rate_limited"}'] * 19
    assert message["code"] == 4429


async def test_a_person_has_ten_sockets(buyer, seller):
    pages = [await enter_and_be_greeted(buyer) for _ in range(10)]

    assert await closing_code(await enter(buyer)) == 4429
    other = await enter_and_be_greeted(seller)
    await pages.pop().disconnect()
    again = await enter_and_be_greeted(buyer)

    for page in (*pages, other, again):
        await page.disconnect()


async def test_an_address_whose_people_are_not_signed_in_has_its_limit_too(settings):
    settings.SOCKETS_PER_ADDRESS = 2
    pages = [await enter_and_be_greeted() for _ in range(2)]

    assert await closing_code(await enter()) == 4429

    for page in pages:
        await page.disconnect()


async def test_who_does_not_read_is_too_slow_and_holds_nothing_back():
    stuck = asyncio.Event()

    class Deaf(Room):
        async def pushed(self, event):
            await stuck.wait()

    slow = await enter_and_be_greeted(consumer=Deaf)
    quick = await enter_and_be_greeted()

    for number in range(102):
        await apush("room", "said", words=number)

    assert await closing_code(slow) == 4408
    assert [(await quick.receive_json_from())["words"] for _ in range(102)] == list(range(102))
    await quick.disconnect()


class Clogged(Line):
    """The connection of a client that does not read, and how many of them were cut."""

    is_full = True
    cuts: list[Line] = []

    def cut(self):
        self.cuts.append(self)


async def test_who_never_reads_why_is_cut_off_and_of_too_many_the_first_one_sooner(monkeypatch):
    monkeypatch.setattr(Clogged, "cuts", [])
    monkeypatch.setattr(hubs, "GRACE", 0.1)
    hub = hubs.Hub(asyncio.get_running_loop())
    first, *others = [Clogged() for _ in range(hubs.MOST_UNREAD + 1)]

    for line in [first, *others]:
        hub.let_go(line)

    assert Clogged.cuts == [first]
    await asyncio.sleep(0.2)
    assert set(Clogged.cuts) == {first, *others}


async def test_who_reads_is_never_cut_off_for_others(monkeypatch):
    monkeypatch.setattr(Clogged, "cuts", [])
    monkeypatch.setattr(Clogged, "is_full", False)
    hub = hubs.Hub(asyncio.get_running_loop())

    for _ in range(hubs.MOST_UNREAD + 1):
        hub.let_go(Clogged())

    assert Clogged.cuts == []


# --- signing out


async def test_a_bad_credential_is_told_so():
    ticket = Ticket()
    ticket.good = False

    assert await closing_code(await enter(credential=ticket)) == NOT_SIGNED_IN


@pytest.mark.parametrize(("session", "closes"), [(None, True), ("one", True), ("two", False)])
async def test_a_sign_out_closes_the_sockets_of_its_session(buyer, session, closes):
    page = await enter_and_be_greeted(credential=Ticket(buyer, "one"))

    await asyncio.to_thread(realtime.revoke, buyer.pk, session=session)

    if closes:
        assert await closing_code(page) == NOT_SIGNED_IN
    else:
        assert await page.receive_nothing(0.2)
        await page.disconnect()


async def test_a_recheck_closes_for_who_may_not_stay(buyer):
    class Guarded(Room):
        open = True

        @classmethod
        def allowed(cls, sockets):
            return set(sockets) if cls.open else set()

    page = await enter_and_be_greeted(buyer, consumer=Guarded)
    await asyncio.to_thread(realtime.recheck, buyer.pk)
    assert await page.receive_nothing(0.2)

    Guarded.open = False
    await asyncio.to_thread(realtime.recheck, buyer.pk)

    assert await closing_code(page) == NOT_YOURS


async def test_everybody_is_asked_again_after_a_while(buyer, monkeypatch):
    monkeypatch.setattr(consumers, "RECHECK_AFTER", 0.1)
    ticket = Ticket(buyer)
    page = await enter_and_be_greeted(credential=ticket)

    ticket.good = False

    assert await closing_code(page) == NOT_SIGNED_IN


async def test_no_command_is_obeyed_for_who_is_signed_out(buyer):
    ticket = Ticket(buyer)
    page = await enter_and_be_greeted(credential=ticket)
    witness = await enter_and_be_greeted()

    ticket.good = False
    await page.send_json_to({"type": "say", "words": "still here"})

    assert await closing_code(page) == NOT_SIGNED_IN
    assert await witness.receive_nothing(0.2)
    await witness.disconnect()


@pytest.mark.logs_errors
async def test_a_bug_in_one_socket_ends_that_one_only():
    class Broken(Room):
        async def pushed(self, event):
            raise ZeroDivisionError

    broken, sound = await enter_and_be_greeted(consumer=Broken), await enter_and_be_greeted()

    await apush("room", "said", words="hello")

    assert await closing_code(broken) == 1011
    assert (await sound.receive_json_from())["words"] == "hello"
    await sound.disconnect()


class Counted(Room):
    """Remembers which sockets were asked together whether they may stay."""

    together: list[int] = []
    trouble: list[Exception] = []

    @classmethod
    def allowed(cls, sockets):
        cls.together.append(len(sockets))
        if cls.trouble:
            raise cls.trouble.pop()
        return super().allowed(sockets)


@pytest.fixture
async def visitors(buyer, seller, monkeypatch):
    """Two sockets of each of them, and the tickets they were opened with."""
    monkeypatch.setattr(rounds, "PACE", 0.05)
    monkeypatch.setattr(Counted, "together", [])
    monkeypatch.setattr(Counted, "trouble", [])
    tickets = [Ticket(person) for person in (buyer, seller) for _page in range(2)]
    pages = [await enter_and_be_greeted(credential=its, consumer=Counted) for its in tickets]
    yield pages, tickets
    for page in pages:
        await page.disconnect()


def ask_everybody_in_the_room():
    for socket in hubs.of_this_loop().rooms["room"]:
        socket.check_soon()


async def questions(number):
    """Wait until so many were asked."""
    async with asyncio.timeout(10):
        while len(Counted.together) < number:
            await asyncio.sleep(0.02)


async def test_many_are_asked_at_once_and_only_who_may_not_stay_goes(visitors):
    pages, tickets = visitors
    tickets[1].good = tickets[2].good = False

    ask_everybody_in_the_room()

    assert [await closing_code(page) for page in pages[1:3]] == [NOT_SIGNED_IN] * 2
    for page in (pages[0], pages[3]):
        assert await page.receive_nothing(0.1)
    # Four together, and then alone whoever must learn why.
    assert Counted.together == [4, 1, 1]


async def test_who_goes_meanwhile_is_not_asked(visitors, monkeypatch):
    monkeypatch.setattr(rounds, "PACE", 2)
    pages, _tickets = visitors

    ask_everybody_in_the_room()
    await pages[0].disconnect()
    await questions(1)

    assert Counted.together == [3]


async def test_while_the_database_is_away_everybody_stays_until_the_next_time(visitors):
    pages, tickets = visitors
    tickets[0].good = False
    Counted.trouble.append(OperationalError("away"))

    ask_everybody_in_the_room()
    await questions(1)

    assert await pages[0].receive_nothing(0.2)
    ask_everybody_in_the_room()
    assert await closing_code(pages[0]) == NOT_SIGNED_IN


@pytest.mark.logs_errors
async def test_where_all_can_not_be_asked_at_once_each_is_asked_alone(visitors):
    pages, tickets = visitors
    tickets[0].good = False
    Counted.trouble.append(ZeroDivisionError())

    ask_everybody_in_the_room()

    assert await closing_code(pages[0]) == NOT_SIGNED_IN
    await questions(5)
    assert await pages[1].receive_nothing(0.1)
    assert Counted.together == [4, 1, 1, 1, 1]


async def test_who_has_just_been_asked_is_not_asked_again(visitors):
    for pause in (5.0, 0.0, 5.0):
        for socket in hubs.of_this_loop().rooms["room"]:
            socket.check(pause)
    await questions(1)
    await asyncio.sleep(0.15)

    assert Counted.together == [4]


class Hanging:
    """A Redis that confirms what was asked for and says nothing any more."""

    def __init__(self):
        self.answers = [(b"subscribe", b"", 1)]

    async def connect(self):
        pass

    async def send_command(self, *words):
        pass

    async def read_response(self, timeout):
        if self.answers:
            return self.answers.pop()
        await asyncio.sleep(timeout)
        return None

    async def disconnect(self, nowait):
        pass


async def test_of_a_redis_that_hangs_it_is_said_when_it_was_heard_last(monkeypatch):
    monkeypatch.setattr(redis_wire, "PING_AFTER", 0.1)
    monkeypatch.setattr(redis_wire, "_new_connection", Hanging)
    monkeypatch.setattr(bus, "channel", str)
    told = asyncio.Queue()

    wire = redis_wire.RedisWire(lambda *heard: None, told.put_nowait, lambda was_lost: None)
    answered = await asyncio.wait_for(told.get(), 5)

    assert time.monotonic() - answered > 0.19
    await wire.close()


async def test_a_wire_that_is_closed_in_the_moment_it_connects_ends_all_the_same(monkeypatch):
    """Else its server never stops: it waits for who waits for this."""
    connected, connects = asyncio.get_running_loop().create_future(), asyncio.Event()

    class Slow(Hanging):
        async def connect(self):
            connects.set()
            await connected

    monkeypatch.setattr(redis_wire, "_new_connection", Slow)
    monkeypatch.setattr(bus, "channel", str)
    wire = redis_wire.RedisWire(lambda *heard: None, lambda moment: None, lambda was_lost: None)
    await connects.wait()

    connected.set_result(None)
    closing = asyncio.ensure_future(wire.close())
    done, _pending = await asyncio.wait({closing}, timeout=1)

    assert done
    wire._task.cancel()


async def test_a_hub_is_deaf_since_it_heard_last():
    hub, moment = hubs.Hub(asyncio.get_running_loop()), time.monotonic() - 7

    hub._lost(moment)
    hub._lost()

    assert hub.deaf_since == moment


class Listener:
    """In place of a socket: whether it was told that it may have missed something."""

    def __init__(self):
        self.is_woken = False

    def hear(self, group, frame):
        pass

    def catch_up(self):
        self.is_woken = True


async def test_after_an_outage_all_are_told_once_no_process_keeps_silent_any_more(monkeypatch):
    """Told at once, they would read again while another process still pushes nothing."""
    monkeypatch.setattr(hubs, "SPREAD", 0)
    monkeypatch.setattr(hubs, "SILENCE", 0.1)
    hub, early, late = hubs.Hub(asyncio.get_running_loop()), Listener(), Listener()
    await hub.join(early, {"room"})

    hub._complete(was_lost=True)
    await asyncio.sleep(0.02)
    await hub.join(late, {"room"})

    assert not early.is_woken
    await asyncio.sleep(0.15)
    assert early.is_woken
    assert late.is_woken


async def test_a_hub_is_deaf_from_the_loss_until_everybody_is_told_again(monkeypatch):
    monkeypatch.setattr(hubs, "SILENCE", 0.05)
    hub, calls = hubs.Hub(asyncio.get_running_loop()), []
    hub.when_deaf(lambda: calls.append(hub.is_deaf))

    hub._lost()
    hub._lost()
    hub._complete(was_lost=True)

    assert calls == [True]
    assert hub.is_deaf
    await asyncio.sleep(0.1)
    assert not hub.is_deaf


async def test_a_hub_that_is_lost_again_stays_deaf(monkeypatch):
    monkeypatch.setattr(hubs, "SILENCE", 0.05)
    monkeypatch.setattr(hubs, "SPREAD", 0)
    hub, inside = hubs.Hub(asyncio.get_running_loop()), Listener()
    await hub.join(inside, {"room"})

    hub._complete(was_lost=True)
    hub._lost()
    await asyncio.sleep(0.1)
    assert (hub.is_deaf, inside.is_woken) == (True, False)

    hub._complete(was_lost=True)
    await asyncio.sleep(0.1)
    assert (hub.is_deaf, inside.is_woken) == (False, True)


@pytest.fixture
def hanging_redis(settings, monkeypatch):
    """Call it, and Redis answers nobody in time, twice; then it tells everybody again."""
    monkeypatch.setattr(hubs, "SPREAD", 0)
    monkeypatch.setattr(hubs, "SILENCE", 0.05)
    told, problems = [], []

    def send(events):
        if problems:
            raise problems.pop()
        told.append(events)
        for group, event in events.items():
            hubs.tell_all(group, event)

    def hang():
        settings.REDIS_URL = "redis://redis"
        monkeypatch.setattr(bus, "_send", send)
        problems.extend([redis.TimeoutError("hangs")] * 2)
        return told

    yield hang
    assert bus._untold is None


async def test_who_was_not_told_while_redis_hung_looks_again_without_the_next_message(
    hanging_redis,
):
    inside = await enter_and_be_greeted()
    told = hanging_redis()

    await apush("room", "said", words="not told")
    await apush("room", "said", words="not even tried")
    await apush("attic", "said", words="to nobody")

    assert await closing_code(inside) == 1012
    assert told == [{"room": {"type": "missed"}, "attic": {"type": "missed"}}]
    await apush("room", "said", words="as always")
    assert told[1:] == [{"room": {"type": "said", "words": "as always"}}]


async def test_while_redis_hangs_every_group_counts_as_heard(hanging_redis):
    inside = await enter_and_be_greeted()
    hanging_redis()
    await apush("room", "said", words="not told")

    assert await asyncio.to_thread(is_heard, "attic")

    assert await closing_code(inside) == 1012


async def test_a_sign_out_that_was_not_told_while_redis_hung_closes_all_the_same(
    buyer, hanging_redis
):
    ticket = Ticket(buyer, "family:1")
    page = await enter_and_be_greeted(credential=ticket)
    hanging_redis()

    ticket.good = False
    await from_a_thread(realtime.revoke, buyer.pk, session="family:1")

    assert await closing_code(page) == 4401
