from __future__ import annotations

import uuid

import pytest
from rest_framework.test import APIClient

from accounts.models import ShopMember
from accounts.services import tokens
from accounts.tests.factories import make_user
from catalog.tests.factories import make_variant
from chat.models import Conversation, Message, Seat
from chat.services import manners, messaging
from chat.tests.factories import answer, make_message
from marketflow.core.tests.clients import api_for
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db

CONVERSATIONS = "/api/v1/conversations/"


@pytest.fixture
def fern(seller):
    return api_for(seller)


@pytest.fixture
def asked(buyer, shop):
    return make_message(buyer, shop)


def of(conversation: Conversation, tail: str = "") -> str:
    return f"{CONVERSATIONS}{conversation.uuid}/{tail}"


def say(client, conversation, body="Hello", **more):
    sent = {"client_id": str(uuid.uuid4()), "body": body} | more
    return client.post(of(conversation, "messages/"), sent)


def test_a_buyer_starts_from_a_product(api, shop):
    bowl = make_variant(shop, "Oak bowl")

    sent = {"shop": "fern-co", "product": "oak-bowl", "body": "Is it oak?"}
    got = api.post(CONVERSATIONS, sent)

    assert got.status_code == 201, got.content
    told = got.json()
    assert (told["shop"], told["buyer"], told["side"]) == (
        {"slug": "fern-co", "name": "Fern & Co"},
        "Ana",
        "buyer",
    )
    assert (told["last_seq"], told["unread"], told["last_message"]["body"]) == (
        1,
        0,
        "Is it oak?",
    )
    assert Message.objects.get().product == bowl.product


def test_a_shop_starts_from_an_order_and_so_does_a_buyer(api, fern, buyer, shop):
    order = make_order(buyer, make_variant(shop))
    part = order.seller_orders.get()

    first = fern.post(CONVERSATIONS, {"order": part.number, "body": "Which colour?"})
    second = api.post(CONVERSATIONS, {"order": order.number, "shop": "fern-co", "body": "Red."})

    assert (first.status_code, second.status_code) == (201, 201), first.content + second.content
    assert first.json()["id"] == second.json()["id"]
    assert (first.json()["side"], second.json()["side"]) == ("shop", "buyer")
    assert second.json()["unread"] == 1
    assert [m.part for m in Message.objects.all()] == [part, part]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"body": "Hello"}, "shop"),
        ({"shop": "fern-co"}, "body"),
        ({"shop": "fern-co", "body": " "}, "body"),
        ({"shop": "fern-co", "body": "x" * 2001}, "body"),
        ({"shop": "no-such", "body": "Hello"}, "shop"),
        ({"shop": "fern-co", "product": "no-such", "body": "Hello"}, "product"),
        ({"product": "oak-bowl", "order": "MF-1", "body": "Hello"}, "product"),
        ({"order": "MF-NOBODYS", "body": "Hello"}, "order"),
        ({"shop": "fern-co", "body": "Hello", "buyer": 1}, "buyer"),
        ({"shop": "fern-co", "body": "Hello", "client_id": "one"}, "client_id"),
    ],
)
def test_what_makes_no_sense_begins_nothing(body, field, api, shop):
    got = api.post(CONVERSATIONS, body)

    assert (got.status_code, got.json()["code"]) == (400, "invalid")
    assert field in got.json()["fields"]
    assert not Conversation.objects.exists()


def test_an_order_of_somebody_else_is_unknown(api, shop, stranger, rival):
    part = make_order(stranger, make_variant(shop)).seller_orders.get()

    for client in (api, api_for(make_user("rita"))):
        got = client.post(CONVERSATIONS, {"order": part.number, "body": "Hello"})
        assert (got.status_code, list(got.json()["fields"])) == (400, ["order"])
    assert not Conversation.objects.exists()


@pytest.mark.parametrize("side", ["buyer", "shop"])
def test_saying_something_costs_nine_statements(
    side, buyer, seller, shop, asked, django_assert_num_queries
):
    ShopMember.objects.create(user=make_user("pat"), shop=shop, role="support")
    client = APIClient()
    access = tokens.sign_in(buyer if side == "buyer" else seller).access
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    say(client, asked.conversation, "First")

    # Who asks, where and its lock, whether it was said before, number, message, who is away,
    # event; and a transaction's beginning and end.
    with django_assert_num_queries(9):
        got = say(client, asked.conversation)

    assert (got.status_code, got.json()["seq"]) == (201, 3)


def test_what_was_missed_costs_the_same_for_one_message_and_for_five(
    api, seller, asked, django_assert_num_queries
):
    for number in (1, 5):
        for _ in range(number):
            answer(asked, seller)

        # Where, how many, the messages, their files.
        with django_assert_num_queries(4):
            got = api.get(of(asked.conversation, "messages/?after=1"))

    assert [message["seq"] for message in got.json()["results"]] == [2, 3, 4, 5, 6, 7]


def test_the_answer_to_a_message_is_what_is_read_afterwards(api, fern, asked):
    for client in (api, fern):
        answered = say(client, asked.conversation).json()

        read = client.get(of(asked.conversation, "messages/?page_size=100")).json()

        assert read["results"][-1] == answered


def test_messages_come_in_order_and_after_what_is_known(api, seller, asked):
    for number in range(2, 6):
        answer(asked, seller, f"Answer {number}")

    everything = api.get(of(asked.conversation, "messages/")).json()
    rest = api.get(of(asked.conversation, "messages/?after=3")).json()
    paged = api.get(of(asked.conversation, "messages/?after=1&page_size=2")).json()

    assert everything["count"] == 5
    assert [message["seq"] for message in everything["results"]] == [1, 2, 3, 4, 5]
    assert [message["body"] for message in rest["results"]] == ["Answer 4", "Answer 5"]
    assert "after=1" in paged["next"]
    wrong = api.get(of(asked.conversation, "messages/?after=x"))
    assert (wrong.status_code, list(wrong.json()["fields"])) == (400, ["after"])


def test_a_message_has_the_contracts_shape(api, asked):
    (message,) = api.get(of(asked.conversation, "messages/")).json()["results"]

    assert message["author"] == "Ana"
    assert message["created_at"].endswith("Z")
    assert {"seq", "id", "client_id", "author", "body", "created_at"} <= set(message)
    assert uuid.UUID(message["id"]) == asked.uuid


def test_only_colleagues_read_who_of_the_shop_wrote(api, fern, seller, asked):
    answer(asked, seller)

    for client, sees in ((api, False), (fern, True)):
        message = client.get(of(asked.conversation, "messages/?after=1")).json()["results"][0]
        assert message["author"] == "Fern & Co"
        assert message.get("member") == ("Fern" if sees else None)


def test_sent_twice_is_said_once(api, asked):
    key = str(uuid.uuid4())

    first, second = (say(api, asked.conversation, client_id=key) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert asked.conversation.messages.count() == 2


def test_an_idempotency_key_replays_the_answer(api, asked):
    sent = {"client_id": str(uuid.uuid4()), "body": "Hello"}
    headers = {"Idempotency-Key": "k1"}
    address = of(asked.conversation, "messages/")

    api.post(address, sent, headers=headers)
    again = api.post(address, sent, headers=headers)
    other = api.post(address, sent | {"body": "Bye"}, headers=headers)

    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert asked.conversation.messages.count() == 2


def test_a_message_without_a_client_id_is_refused(api, asked):
    got = api.post(of(asked.conversation, "messages/"), {"body": "Hello"})

    assert (got.status_code, list(got.json()["fields"])) == (400, ["client_id"])
    assert asked.conversation.messages.count() == 1


@pytest.mark.parametrize("body", ["\u200b", "\u200d\u200c", " \ufe0f\ufeff "])
def test_what_nobody_can_see_is_no_message(body, api, asked):
    got = say(api, asked.conversation, body)

    assert (got.status_code, got.json()["code"]) == (409, "blank_message")
    assert asked.conversation.messages.count() == 1


def test_a_blocked_buyer_reads_that_they_are(api, seller, asked):
    manners.block(conversation=asked.conversation, person=seller)

    got = say(api, asked.conversation)

    assert (got.status_code, got.json()["code"]) == (409, "blocked")
    assert asked.conversation.messages.count() == 1


def test_too_many_messages_have_to_wait(api, asked, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"message": "2/10"}

    answers = [say(api, asked.conversation) for _ in range(3)]

    assert [got.status_code for got in answers] == [201, 201, 429]
    assert answers[-1].headers["Retry-After"]
    assert asked.conversation.messages.count() == 3


def test_reading_moves_the_mark_and_the_count(api, fern, seller, asked):
    for body in ("Yes.", "And ash."):
        answer(asked, seller, body)

    assert api.get(CONVERSATIONS).json()["results"][0]["unread"] == 2
    got = api.post(of(asked.conversation, "read/"), {"seq": 2})
    assert (got.status_code, got.json()) == (200, {"seq": 2, "unread": 1})
    assert api.post(of(asked.conversation, "read/"), {"seq": 1}).json()["seq"] == 2
    assert api.post(of(asked.conversation, "read/"), {"seq": 99}).json() == {"seq": 3, "unread": 0}
    for wrong in (-1, "1", 1.5, True, None, 2**63):
        assert api.post(of(asked.conversation, "read/"), {"seq": wrong}).status_code == 400
    assert Seat.objects.get().read_seq == 3


@pytest.mark.parametrize("address", ["1", "not-a-uuid", "%00", "é"])
def test_an_id_that_is_none_is_unknown(address, api, asked):
    for body in ({"client_id": str(uuid.uuid4()), "body": "Hello"}, {"body": ""}):
        got = api.post(f"{CONVERSATIONS}{address}/messages/", body)
        assert (got.status_code, got.json()["code"]) == (404, "not_found")
    assert asked.conversation.messages.count() == 1


def test_who_says_too_much_is_told_so_whatever_else_is_wrong(api, asked, shop, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"message": "1/60"}
    assert say(api, asked.conversation).status_code == 201

    for body in ({}, {"client_id": str(uuid.uuid4()), "body": "x" * 2001}):
        got = api.post(of(asked.conversation, "messages/"), body)
        assert (got.status_code, "Retry-After" in got.headers) == (429, True)
    assert api.post(CONVERSATIONS, {"shop": shop.slug}).status_code == 429


@pytest.mark.parametrize("who", ["sam", "rita", "nobody", "vera"])
def test_what_is_foreign_is_unknown(who, asked, rival):
    make_user("vera", is_staff=True, is_superuser=True)
    client = APIClient() if who == "nobody" else api_for(make_user(who))
    unknown = f"{CONVERSATIONS}{uuid.uuid4()}/"
    expected = 401 if who == "nobody" else 404

    for tail in ("", "messages/"):
        foreign, nothing = client.get(of(asked.conversation, tail)), client.get(unknown + tail)
        assert (foreign.status_code, nothing.status_code) == (expected, expected)
        assert foreign.content == nothing.content
    assert say(client, asked.conversation).status_code == expected
    # Before anything is said of what was sent.
    for body in ({"body": ""}, {"client_id": str(uuid.uuid4()), "body": "\N{ZERO WIDTH SPACE}"}):
        foreign = client.post(of(asked.conversation, "messages/"), body)
        nothing = client.post(unknown + "messages/", body)
        assert (foreign.status_code, nothing.status_code) == (expected, expected)
        assert foreign.content == nothing.content
    assert client.post(of(asked.conversation, "read/"), {"seq": 1}).status_code == expected
    assert asked.conversation.messages.count() == 1
    assert not Seat.objects.exists()


def test_who_lost_the_seat_in_the_shop_sees_nothing_more(fern, asked):
    ShopMember.objects.all().delete()

    assert fern.get(of(asked.conversation)).status_code == 404
    assert fern.get(CONVERSATIONS).json()["count"] == 0


def test_the_list_costs_the_same_for_one_and_for_five(
    fern, seller, shop, django_assert_max_num_queries
):
    for name in ("ana", "sam", "kim", "bob", "joe"):
        message = make_message(make_user(name), shop)
        answer(message, seller)
        with django_assert_max_num_queries(4):
            assert fern.get(CONVERSATIONS).status_code == 200


def test_messages_cost_the_same_for_one_and_for_many(
    api, seller, buyer, shop, asked, django_assert_max_num_queries
):
    part = make_order(buyer, make_variant(shop, "Oak bowl")).seller_orders.get()
    for number in range(5):
        answer(asked, seller, f"Answer {number}")
        make_message(buyer, shop, "And?", part=part)
        make_message(buyer, shop, "And?", product=make_variant(shop, f"Bowl {number}").product)
        with django_assert_max_num_queries(6):
            assert api.get(of(asked.conversation, "messages/")).status_code == 200


def test_a_taken_back_message_is_an_empty_row(api, buyer, asked):
    messaging.delete(message=asked, author=buyer)

    (message,) = api.get(of(asked.conversation, "messages/")).json()["results"]

    assert (message["seq"], message["body"], message["is_deleted"]) == (1, "", True)
