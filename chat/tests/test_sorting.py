"""Putting conversations away, muting them, and who of a shop answers."""

from __future__ import annotations

import pytest

from accounts.models import ShopMember
from accounts.tests.factories import make_user
from catalog.tests.factories import make_variant
from chat.models import Conversation
from chat.services import sorting
from chat.tests.factories import answer, make_message
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(buyer, shop, seller):
    return make_message(buyer, shop)


@pytest.fixture
def talk(asked) -> Conversation:
    return asked.conversation


@pytest.fixture
def pat(shop):
    pat = make_user("pat")
    ShopMember.objects.create(shop=shop, user=pat, role=ShopMember.Role.SUPPORT)
    return pat


def shown(client, only: str = "") -> str:
    page = client.get(f"/messages/?only={only}")
    assert page.status_code == 200
    return page.content.decode()


def here(talk, tail: str = "") -> str:
    return f"/messages/{talk.uuid}/{tail}"


def test_what_is_put_away_leaves_the_list_until_the_next_message(client, buyer, seller, talk):
    client.force_login(seller)
    assert str(talk.uuid) in shown(client)

    client.post(here(talk, "archive/"))
    assert str(talk.uuid) not in shown(client)
    assert str(talk.uuid) in shown(client, "archived")
    assert Conversation.objects.unread_count(seller) == 0

    make_message(buyer, talk.shop, "And how wide?")
    assert str(talk.uuid) in shown(client)
    assert str(talk.uuid) not in shown(client, "archived")


def test_one_puts_away_for_oneself_alone_and_takes_out_again(client, buyer, seller, pat, talk):
    sorting.archive(conversation=talk, person=seller)
    for other in (buyer, pat):
        client.force_login(other)
        assert str(talk.uuid) in shown(client)

    client.force_login(seller)
    assert "Take out of the archive" in client.get(here(talk)).content.decode()
    client.post(here(talk, "unarchive/"))
    assert str(talk.uuid) in shown(client)


def test_the_list_shows_those_about_orders_alone(client, buyer, shop, rival, talk):
    part = make_order(buyer, make_variant(rival), paid=True).seller_orders.get()
    about = make_message(buyer, rival, "When does it come?", part=part).conversation
    client.force_login(buyer)

    page = shown(client, "orders")

    assert str(about.uuid) in page
    assert str(talk.uuid) not in page
    assert str(talk.uuid) in shown(client, "nonsense")


def test_mute_is_a_button_and_its_opposite(client, buyer, talk):
    client.force_login(buyer)

    client.post(here(talk, "mute/"))
    assert "Unmute" in client.get(here(talk)).content.decode()
    client.post(here(talk, "unmute/"))

    assert not talk.seats.get(user=buyer).is_muted


def test_a_shop_says_who_answers(client, seller, pat, talk):
    client.force_login(seller)

    client.post(here(talk, "assign/"), {"member": pat.pk})
    assert "Pat answers" in shown(client)
    assert str(talk.uuid) not in shown(client, "mine")
    client.force_login(pat)
    assert str(talk.uuid) in shown(client, "mine")

    client.post(here(talk, "assign/"), {"member": ""})
    talk.refresh_from_db()
    assert talk.assigned_to is None


def test_only_colleagues_are_assigned_and_only_by_the_shop(client, buyer, seller, talk):
    client.force_login(seller)
    for who in (buyer.pk, "nobody", "9" * 30):
        assert client.post(here(talk, "assign/"), {"member": who}).status_code == 404
    client.force_login(buyer)
    assert client.post(here(talk, "assign/"), {"member": seller.pk}).status_code == 404
    with pytest.raises(sorting.NotAColleague):
        sorting.assign(conversation=talk, member=buyer)

    talk.refresh_from_db()
    assert talk.assigned_to is None
    assert "Who answers" not in client.get(here(talk)).content.decode()


@pytest.mark.parametrize("what", ["archive", "unarchive", "mute", "unmute", "assign"])
def test_strangers_find_nothing_to_sort(client, stranger, talk, what):
    client.force_login(stranger)

    assert client.post(here(talk, f"{what}/")).status_code == 404


def test_both_sides_keep_the_conversation_as_they_like(buyer, seller, talk, asked):
    sorting.archive(conversation=talk, person=buyer)
    answer(asked, seller)
    sorting.archive(conversation=talk, person=seller)

    assert list(Conversation.objects.archived(buyer)) == []
    assert list(Conversation.objects.archived(seller)) == [talk]
