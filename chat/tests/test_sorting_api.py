"""Putting away, muting and assigning, as programs do it."""

from __future__ import annotations

import uuid

import pytest
from rest_framework.test import APIClient

from accounts.models import ShopMember
from accounts.services import api_keys
from accounts.tests.factories import make_user
from catalog.tests.factories import make_variant
from chat.models import Conversation, Seat
from chat.services import sorting
from chat.tests.factories import make_message
from marketflow.core.tests.clients import api_for
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db

CONVERSATIONS = "/api/v1/conversations/"


@pytest.fixture
def fern(seller):
    return api_for(seller)


@pytest.fixture
def talk(buyer, shop, seller) -> Conversation:
    return make_message(buyer, shop).conversation


@pytest.fixture
def pat(shop):
    pat = make_user("pat")
    ShopMember.objects.create(shop=shop, user=pat, role=ShopMember.Role.SUPPORT)
    return pat


def here(talk, tail: str = "") -> str:
    return f"{CONVERSATIONS}{talk.uuid}/{tail}"


def listed(client, only: str = "") -> list[str]:
    answer = client.get(CONVERSATIONS + (f"?only={only}" if only else ""))
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_what_is_put_away_comes_back_with_the_next_message(fern, api, buyer, shop, talk):
    answer = fern.put(here(talk, "archive/"))

    assert (answer.status_code, answer.json()["is_archived"]) == (200, True)
    assert answer.json()["unread"] == 0
    assert (listed(fern, "in_use"), listed(fern, "archived")) == ([], [str(talk.uuid)])
    assert listed(api, "in_use") == [str(talk.uuid)]
    make_message(buyer, shop, "And how wide?")
    assert (listed(fern, "in_use"), listed(fern, "archived")) == ([str(talk.uuid)], [])


def test_it_is_taken_out_again_and_twice_does_no_harm(fern, talk):
    fern.put(here(talk, "archive/"))

    for _ in range(2):
        assert fern.delete(here(talk, "archive/")).status_code == 204
    assert fern.get(here(talk)).json()["is_archived"] is False


def test_the_list_without_a_word_has_all_of_them(fern, talk):
    fern.put(here(talk, "archive/"))

    assert listed(fern) == [str(talk.uuid)]
    assert fern.get(f"{CONVERSATIONS}?only=").status_code == 400
    wrong = fern.get(f"{CONVERSATIONS}?only=lost")
    assert (wrong.status_code, list(wrong.json()["fields"])) == (400, ["only"])


def test_the_list_shows_what_is_new_and_what_is_about_orders(api, fern, buyer, rival, talk):
    part = make_order(buyer, make_variant(rival), paid=True).seller_orders.get()
    about = make_message(buyer, rival, "When does it come?", part=part).conversation

    assert listed(api, "orders") == [str(about.uuid)]
    assert listed(fern, "unread") == [str(talk.uuid)]
    assert listed(api, "unread") == []


def test_muted_is_until_unmuted_and_for_oneself(api, fern, talk, buyer):
    answer = api.put(here(talk, "mute/"))

    assert (answer.status_code, answer.json()["is_muted"]) == (200, True)
    assert fern.get(here(talk)).json()["is_muted"] is False
    assert api.delete(here(talk, "mute/")).status_code == 204
    assert not talk.seats.get(user=buyer).is_muted


def test_a_shop_says_who_answers(fern, api, pat, talk):
    before = fern.get(here(talk, "assignment/")).json()
    assert before["member"] is None
    assert [member["name"] for member in before["members"]] == ["Fern", "Pat"]

    answer = fern.put(here(talk, "assignment/"), {"member": str(pat.uuid)})

    assert (answer.status_code, answer.json()["member"]["id"]) == (200, str(pat.uuid))
    assert listed(api_for(pat), "mine") == [str(talk.uuid)]
    assert listed(fern, "mine") == []
    assert fern.get(here(talk)).json()["assigned_to"] == {"id": str(pat.uuid), "name": "Pat"}
    assert "assigned_to" not in api.get(here(talk)).json()
    assert fern.delete(here(talk, "assignment/")).status_code == 204
    talk.refresh_from_db()
    assert talk.assigned_to is None


def test_only_colleagues_are_assigned(fern, buyer, stranger, talk):
    for who in (buyer.uuid, stranger.uuid, uuid.uuid4()):
        answer = fern.put(here(talk, "assignment/"), {"member": str(who)})
        assert (answer.status_code, answer.json()["fields"]) == (
            400,
            {"member": ["No such member of the shop."]},
        )
    assert fern.put(here(talk, "assignment/"), {}).status_code == 400
    talk.refresh_from_db()
    assert talk.assigned_to is None


def test_the_buyer_does_not_read_who_answers(api, seller, talk):
    sorting.assign(conversation=talk, member=seller)

    for ask in (api.get, api.put, api.delete):
        assert ask(here(talk, "assignment/")).status_code == 404
    talk.refresh_from_db()
    assert talk.assigned_to == seller


@pytest.mark.parametrize("tail", ["archive/", "mute/", "assignment/"])
def test_strangers_find_nothing_to_sort(stranger, talk, tail):
    sam, nobody = api_for(stranger), APIClient()

    for method in ("put", "delete"):
        foreign = getattr(sam, method)(here(talk, tail))
        unknown = getattr(sam, method)(f"{CONVERSATIONS}{uuid.uuid4()}/{tail}")
        assert (foreign.status_code, foreign.content) == (404, unknown.content)
        assert getattr(nobody, method)(here(talk, tail)).status_code == 401
    assert not Seat.objects.filter(user=stranger).exists()


@pytest.mark.parametrize("tail", ["archive/", "mute/"])
def test_there_is_nothing_to_send_with_it(api, buyer, talk, tail):
    answer = api.put(here(talk, tail), {"user": 1})

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["user"])
    assert not Seat.objects.filter(user=buyer, is_muted=True).exists()
    assert listed(api, "archived") == []


def test_a_key_sorts_by_the_scope_for_messages(shop, seller, talk):
    def program(*scopes: str) -> APIClient:
        _, text = api_keys.make(by=seller, shop=shop, name="Desk", scopes=list(scopes))
        return APIClient(headers={"Authorization": f"Bearer {text}"})

    reader, writer = program("messages:read"), program("messages:read", "messages:write")

    refused = reader.put(here(talk, "assignment/"), {"member": str(seller.uuid)})
    assert (refused.status_code, refused.json()["code"]) == (403, "missing_scope")
    assert reader.get(here(talk, "assignment/")).status_code == 200
    assert writer.put(here(talk, "assignment/"), {"member": str(seller.uuid)}).status_code == 200
