"""Many who write at the same moment: every message gets a number, and none gets two."""

from __future__ import annotations

import uuid

import pytest
from django.core.management import call_command
from django.db import IntegrityError

from accounts.tests.factories import make_shop, make_user
from catalog.tests.factories import make_variant
from chat.models import Conversation, Message
from chat.services import messaging, proposals, reading
from chat.tests.factories import make_message
from orders.models import Refund
from orders.services import fulfilment, refunds
from orders.services.shares import Wanted
from orders.tests.factories import make_order
from tests.races.racing import race

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]


def conversation_of_two() -> tuple[Conversation, list]:
    shop = make_shop("Fern & Co", members=["fern"])
    ana = make_user("ana")
    return make_message(ana, shop).conversation, [ana, make_user("fern")]


def sending(conversation, author, client_id=None):
    return lambda: messaging.post(
        conversation=conversation, author=author, body="Hello", client_id=client_id
    )


def test_two_senders_at_once_leave_no_gap():
    conversation, people = conversation_of_two()

    results = race(*[sending(conversation, people[n % 2], uuid.uuid4()) for n in range(20)])

    assert not [result for result in results if isinstance(result, Exception)], results
    seqs = conversation.messages.order_by("seq").values_list("seq", flat=True)
    assert list(seqs) == list(range(1, 22))
    call_command("audit")


def test_what_is_sent_twenty_times_is_said_once():
    conversation, (ana, _) = conversation_of_two()
    key = uuid.uuid4()

    results = race(*[sending(conversation, ana, key) for _ in range(20)])

    assert len({result.pk for result in results}) == 1
    assert conversation.messages.count() == 2
    call_command("audit")


def test_a_conversation_that_begins_ten_times_at_once_is_one():
    shop, ana = make_shop("Fern & Co", members=["fern"]), make_user("ana")

    results = race(*[lambda: make_message(ana, shop)] * 10)

    assert not [result for result in results if isinstance(result, Exception)], results
    assert Conversation.objects.get().last_seq == 10
    call_command("audit")


def test_a_read_mark_never_falls_back():
    conversation, (ana, fern) = conversation_of_two()
    for _ in range(9):
        make_message(ana, conversation.shop)

    race(
        *[
            lambda seq=seq: reading.read(conversation=conversation, reader=fern, seq=seq)
            for seq in range(10, 0, -1)
        ]
    )

    assert conversation.seats.get(user=fern).read_seq == 10


def an_open_offer():
    shop, ana = make_shop("Fern & Co", members=["fern"]), make_user("ana")
    bowl = make_variant(shop, "Bowl", price=1000, stock=9)
    part = make_order(ana, bowl, quantity=3, paid=True).seller_orders.get()
    conversation = make_message(ana, shop, part=part).conversation
    offer = proposals.offer_refund(
        conversation=conversation,
        part=part,
        amount_minor=500,
        reason="Late",
        author=make_user("fern"),
    )
    return conversation, part, offer, ana


def test_an_offer_accepted_ten_times_at_once_is_paid_once():
    conversation, _, offer, ana = an_open_offer()

    results = race(*[lambda: proposals.accept(proposal=offer, actor=ana)] * 10)

    lost = [result for result in results if isinstance(result, Exception)]
    assert len(lost) == 9
    assert all(isinstance(result, proposals.AlreadyDecided) for result in lost), lost
    assert Refund.objects.get().amount_minor == 500
    assert conversation.messages.count() == 3
    call_command("audit")


def test_agreeing_writing_and_the_pages_of_the_order_meet_without_a_deadlock():
    """The conversation is locked before the order, whoever comes from which side."""
    conversation, part, offer, ana = an_open_offer()

    results = race(
        lambda: proposals.accept(proposal=offer, actor=ana),
        *[lambda: make_message(ana, conversation.shop, part=part)] * 6,
        lambda: fulfilment.ship(seller_order=part),
        lambda: refunds.decide(
            part=part, lines={part.lines.get().pk: Wanted(units=1)}, kind="goodwill"
        ),
    )

    assert not [result for result in results if isinstance(result, Exception)], results
    call_command("audit")


def test_without_the_lock_numbers_collide(settings):
    """The control: it is the lock that numbers, and the index behind it that holds."""
    settings.DISABLED_GUARDS = ["conversation_lock"]
    conversation, people = conversation_of_two()

    results = race(*[sending(conversation, people[n % 2], uuid.uuid4()) for n in range(20)])

    assert any(isinstance(result, IntegrityError) for result in results), results
    stored = Message.objects.filter(conversation=conversation).count()
    assert stored == 1 + sum(isinstance(result, Message) for result in results)
