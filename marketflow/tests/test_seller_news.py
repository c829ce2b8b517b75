"""What Fern's back office says of the messages that wait for her."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_shop, make_user
from chat.services import reading
from chat.tests.factories import answer, make_message

BADGE = re.compile(r'href="/messages/"(?:(?!</a>).)*mf-badge--menu">([^<]*)<', re.S)
HEADER = re.compile(r'id="messages-link".*?class="count"[^>]*>([^<]*)<', re.S)


def badge(client) -> str:
    """What stands beside "Conversations" in the sidebar, "" for nothing."""
    found = BADGE.search(client.get("/seller/catalog/product/").content.decode())
    return found.group(1) if found else ""


@pytest.fixture
def fern(client, seller):
    client.force_login(seller)
    return client


def test_the_sidebar_counts_what_waits_as_the_header_of_the_market_does(
    fern, seller, buyer, shop, rival
):
    assert badge(fern) == ""

    for body in ("Is it oak?", "And oiled?"):
        make_message(buyer, shop, body)
    make_message(buyer, rival, "For Rita alone")
    answer(make_message(seller, make_shop("Potter", members=["pat"])), make_user("pat"))

    header = HEADER.search(fern.get("/messages/").content.decode()).group(1)
    assert (badge(fern), header) == ("3 new", "3")

    conversation = shop.conversations.get()
    reading.read(conversation=conversation, reader=seller, seq=conversation.last_seq)
    assert badge(fern) == "1 new"


def test_the_badge_counts_to_nine_and_costs_the_same_for_one_message_and_for_many(fern, shop):
    costs = []
    for people in (1, 5):
        for number in range(people):
            for body in ("Hello", "Are you there?"):
                make_message(make_user(f"buyer{number}"), shop, body)
        with CaptureQueriesContext(connection) as queries:
            fern.get("/seller/catalog/product/")
        costs.append(len(queries))

    assert badge(fern) == "9+ new"
    assert costs[0] == costs[1]


def test_messages_of_buyers_are_among_what_to_do_first(fern, seller, buyer, shop, rival):
    assert "Messages waiting" not in fern.get("/seller/").content.decode()

    make_message(buyer, shop)
    make_message(buyer, rival)
    answer(make_message(seller, rival), make_user("rita"))

    page = fern.get("/seller/")
    [task] = [task for task in page.context["tasks"] if task["title"] == "Messages waiting"]
    assert (task["count"], task["since"]) == (1, shop.conversations.get().last_message_at)
    assert "only=unread" in page.content.decode()
    assert fern.get(task["url"]).status_code == 200
