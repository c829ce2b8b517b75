from __future__ import annotations

import time
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.utils.timezone import now

from accounts.models import ShopMember
from accounts.tests.factories import make_shop, make_user
from carts.tests.factories import fill_cart
from catalog.tests.factories import make_variant
from chat.models import ContactRule, Conversation, Desk, Message
from chat.services import manners, messaging, reading, writing
from chat.tests.factories import answer, make_message, make_rules
from marketflow.core.models import OutboxEvent
from orders.tests.factories import make_order, place

pytestmark = pytest.mark.django_db


def told() -> list[dict]:
    events = OutboxEvent.objects.filter(name="chat.MessagePosted").order_by("pk")
    return list(events.values_list("payload", flat=True))


def bodies(conversation: Conversation) -> list[tuple[int, str]]:
    return list(conversation.messages.order_by("seq").values_list("seq", "body"))


def test_a_buyer_and_a_shop_have_one_conversation_however_often_it_begins(buyer, shop, seller):
    bowl = make_variant(shop).product

    asked = make_message(buyer, shop, product=bowl)
    again = make_message(buyer, shop, "And how wide?")
    answer(asked, seller)

    conversation = Conversation.objects.get()
    assert bodies(conversation) == [(1, "Is it oak?"), (2, "And how wide?"), (3, "Yes, oak.")]
    assert [asked.product, again.product] == [bowl, None]
    assert list(conversation.messages.values_list("side", flat=True)) == ["buyer", "buyer", "shop"]


def test_a_shop_writes_first_about_an_order(buyer, shop, seller):
    part = make_order(buyer, make_variant(shop)).seller_orders.get()

    message = messaging.start_as_shop(part=part, author=seller, body="Which colour?")

    assert (message.side, message.part, message.conversation.buyer) == ("shop", part, buyer)


def test_a_guests_order_has_nobody_to_write_to(shop, seller):
    order = place(fill_cart(None, make_variant(shop)), email="guest@example.test")

    with pytest.raises(messaging.GuestOrder):
        messaging.start_as_shop(part=order.seller_orders.get(), author=seller, body="Hello")

    assert not Conversation.objects.exists()


def test_nobody_asks_their_own_shop(shop, seller):
    with pytest.raises(messaging.OwnShop):
        make_message(seller, shop)

    assert not Conversation.objects.exists()


def test_a_closed_shop_is_asked_about_orders_only(buyer, shop):
    part = make_order(buyer, make_variant(shop)).seller_orders.get()
    shop.state = "suspended"
    shop.save(update_fields=["state"])

    with pytest.raises(messaging.ShopClosed):
        make_message(buyer, shop)
    assert not Conversation.objects.exists()

    assert make_message(buyer, shop, part=part).part == part


def test_the_same_client_id_is_the_same_message(buyer, shop):
    conversation = make_message(buyer, shop).conversation
    key = uuid.uuid4()

    first, second = (
        messaging.post(conversation=conversation, author=buyer, body=body, client_id=key)
        for body in ("How wide?", "How wide is it?")
    )

    assert first == second
    assert bodies(conversation) == [(1, "Is it oak?"), (2, "How wide?")]
    assert len(told()) == 2


def test_a_client_id_of_somebody_else_is_another_message(buyer, shop, seller):
    key = uuid.uuid4()
    asked = make_message(buyer, shop, client_id=key)

    answer(asked, seller, client_id=key)

    assert asked.conversation.messages.count() == 2


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ("  \n\t ", messaging.BlankMessage),
        ("\u200b\u202e", messaging.BlankMessage),
        (" \u200d\u200c \n\ufe0f", messaging.BlankMessage),
        ("\u3164\u2800\u00ad\u034f", messaging.BlankMessage),
        ("\U000e0061\U000e0100", messaging.BlankMessage),
        ("x" * 2001, messaging.MessageTooLong),
    ],
)
def test_nothing_and_too_much_are_refused(body, refusal, buyer, shop):
    with pytest.raises(refusal):
        make_message(buyer, shop, body)

    assert not Conversation.objects.exists()
    assert not told()


@pytest.mark.parametrize("body", ["👩‍🌾", "❤️", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "می‌خواهم", "0"])
def test_what_shows_something_is_said_as_it_was_written(body, buyer, shop):
    assert make_message(buyer, shop, body).body == body


def test_what_can_hide_in_a_text_is_taken_out(buyer, shop):
    message = make_message(buyer, shop, "  One\r\nTwo\x00\u202e three 👩‍🌾 <b>four</b> ")

    assert message.body == "One\nTwo three 👩‍🌾 <b>four</b>"


def test_who_is_looking_is_told_nothing(buyer, shop, seller):
    kim = make_user("kim")
    ShopMember.objects.create(shop=shop, user=kim, role="support")
    asked = make_message(buyer, shop)
    reading.look(conversation=asked.conversation, person=seller)

    make_message(buyer, shop, "And how wide?")

    assert [event["recipient_ids"] for event in told()] == [[seller.pk, kim.pk], [kim.pk]]
    assert "body" not in told()[0]


def test_presence_ends_with_its_time(buyer, shop, seller, settings):
    settings.PRESENCE_SECONDS = 60
    asked = make_message(buyer, shop)
    reading.look(conversation=asked.conversation, person=buyer)
    assert reading.is_here(asked.conversation, "buyer")

    asked.conversation.seats.update(seen_at=now() - timedelta(seconds=61))

    assert not reading.is_here(asked.conversation, "buyer")
    answer(asked, seller)
    assert told()[-1]["recipient_ids"] == [buyer.pk]


def test_who_leaves_is_not_here(buyer, shop):
    conversation = make_message(buyer, shop).conversation
    first = reading.look(conversation=conversation, person=buyer)
    second = reading.look(conversation=conversation, person=buyer)

    if first != second:  # the clock of SQLite may not have moved on
        reading.leave(conversation=conversation, person=buyer, seen_at=first)
        assert reading.is_here(conversation, "buyer")
    reading.leave(conversation=conversation, person=buyer, seen_at=second)
    assert not reading.is_here(conversation, "buyer")


def unread(user) -> int:
    return Conversation.objects.unread_count(user)


def test_unread_counts_what_the_other_side_wrote_and_nobody_here_has_read(buyer, shop, seller):
    kim = make_user("kim")
    ShopMember.objects.create(shop=shop, user=kim, role="support")
    asked = make_message(buyer, shop)
    make_message(buyer, shop, "And how wide?")
    answer(asked, seller)
    assert (unread(buyer), unread(seller), unread(kim)) == (1, 2, 2)

    reading.read(conversation=asked.conversation, reader=kim, seq=1)
    assert (unread(buyer), unread(seller), unread(kim)) == (1, 1, 1)

    reading.read(conversation=asked.conversation, reader=seller, seq=3)
    reading.read(conversation=asked.conversation, reader=buyer, seq=3)
    assert (unread(buyer), unread(seller), unread(kim)) == (0, 0, 0)


def test_unread_counts_all_conversations_of_a_person(buyer, shop, seller, rival):
    asked = make_message(buyer, shop)
    make_message(seller, rival)
    for person in ("sam", "kim"):
        make_message(make_user(person), shop)
    answer(asked, seller)

    assert unread(seller) == 3
    assert unread(buyer) == 1
    assert unread(make_user("rita")) == 1
    assert list(Conversation.objects.unread(buyer)) == [asked.conversation]


def test_a_read_mark_only_moves_on_and_never_past_the_end(buyer, shop, seller):
    asked = make_message(buyer, shop)
    answer(asked, seller)

    marks = [
        reading.read(conversation=asked.conversation, reader=seller, seq=seq) for seq in (1, 99, 1)
    ]

    assert marks == [1, 2, 2]
    assert asked.conversation.seats.get().read_seq == 2


def test_a_message_is_changed_and_taken_back_within_minutes(buyer, shop):
    message = make_message(buyer, shop)

    messaging.edit(message=message, author=buyer, body="Is it ash?")
    assert (message.body, message.edited_at is None) == ("Is it ash?", False)

    messaging.delete(message=message, author=buyer)
    assert (message.body, message.deleted_at is None, message.seq) == ("", False, 1)
    assert unread(make_user("fern")) == 0


@pytest.mark.parametrize("change", ["edit", "delete"])
def test_later_or_by_others_nothing_is_changed(change, buyer, shop, seller):
    message = make_message(buyer, shop)
    words = {"body": "Is it ash?"} if change == "edit" else {}

    with pytest.raises(messaging.TooLateToChange):
        getattr(messaging, change)(message=message, author=seller, **words)
    Message.objects.update(created_at=now() - timedelta(minutes=6))
    with pytest.raises(messaging.TooLateToChange):
        getattr(messaging, change)(message=message, author=buyer, **words)

    message.refresh_from_db()
    assert (message.body, message.edited_at, message.deleted_at) == ("Is it oak?", None, None)


def test_blocked_is_blocked_both_ways_until_it_is_taken_back(buyer, shop, seller):
    asked = make_message(buyer, shop)
    manners.block(conversation=asked.conversation, person=buyer)
    manners.block(conversation=asked.conversation, person=buyer)

    with pytest.raises(writing.Blocked):
        answer(asked, seller)
    with pytest.raises(writing.BlockedByYou):
        make_message(buyer, shop, "Hello?")
    assert asked.conversation.messages.count() == 1

    # Only who blocked can end it.
    manners.unblock(conversation=asked.conversation, person=seller)
    with pytest.raises(writing.Blocked):
        answer(asked, seller)
    manners.unblock(conversation=asked.conversation, person=buyer)
    assert answer(asked, seller).seq == 2


def test_a_report_keeps_the_text_and_is_made_once(buyer, shop, seller):
    rude = answer(make_message(buyer, shop), seller, "Pay me by cheque.")

    first, second = (
        manners.report(
            conversation=rude.conversation, reporter=buyer, reason="A trick.", message=rude
        )
        for _ in range(2)
    )
    messaging.delete(message=rude, author=seller)

    first.refresh_from_db()
    assert first == second
    assert (first.quoted, first.side) == ("Pay me by cheque.", "buyer")


def test_a_report_is_closed_once_and_with_a_word(buyer, shop):
    report = manners.report(
        conversation=make_message(buyer, shop).conversation, reporter=buyer, reason="Rude."
    )
    vera = make_user("vera", is_staff=True)

    with pytest.raises(manners.NoReason):
        manners.close_report(report=report, decision=" ", actor=vera)
    manners.close_report(report=report, decision="Warned the shop.", actor=vera)
    with pytest.raises(manners.AlreadyClosed):
        manners.close_report(report=report, decision="Again.", actor=vera)

    assert (report.closed_by, report.decision) == (vera, "Warned the shop.")


def test_a_desk_that_is_away_answers_once_a_day(buyer, shop, seller):
    Desk.objects.create(shop=shop, is_away=True, away_message="Back on Monday.")

    asked = make_message(buyer, shop)
    make_message(buyer, shop, "Hello?")

    conversation = asked.conversation
    assert bodies(conversation) == [(1, "Is it oak?"), (2, "Back on Monday."), (3, "Hello?")]
    desk = conversation.messages.get(seq=2)
    assert (desk.kind, desk.author, desk.author_name) == ("away", None, "Fern & Co")
    assert len(told()) == 2
    with time_machine.travel(now() + timedelta(days=2)):
        make_message(buyer, shop, "Anybody?")
    assert conversation.messages.filter(kind="away").count() == 2


def test_a_shop_on_vacation_says_so_by_itself(buyer, shop):
    shop.away_from, shop.away_note = now().date(), "At the sea until June."
    shop.save(update_fields=["away_from", "away_note"])

    conversation = make_message(buyer, shop).conversation

    assert bodies(conversation)[-1] == (2, "At the sea until June.")


@pytest.mark.parametrize("who", ["buyer", "seller", "kim", "rita", "sam", "vera"])
def test_only_the_two_sides_see_it(who, buyer, shop, seller, rival):
    ShopMember.objects.create(shop=shop, user=make_user("kim"), role="fulfilment")
    make_message(buyer, shop)
    vera = make_user("vera", is_staff=True, is_superuser=True)
    people = {"buyer": buyer, "seller": seller, "vera": vera}
    person = people.get(who) or make_user(who)

    sees = who in ("buyer", "seller", "kim")

    assert Conversation.objects.visible_to(person).exists() is sees
    assert Message.objects.visible_to(person).exists() is sees
    assert Conversation.objects.managed_by(person).exists() is (who in ("seller", "kim"))


def test_nobody_sees_nothing(buyer, shop):
    from django.contrib.auth.models import AnonymousUser

    make_message(buyer, shop)

    assert not Conversation.objects.visible_to(AnonymousUser()).exists()
    assert Conversation.objects.unread_count(AnonymousUser()) == 0


def test_the_shop_never_reads_an_address(buyer, shop):
    buyer.name = ""
    buyer.save(update_fields=["name"])
    conversation = make_message(buyer, shop).conversation

    assert conversation.buyer_name == "Buyer"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Is it oak? 30 x 40 x 12.5 cm, 2024-05-12, €1,999.00", ""),
        ("My order is MF-ABCD2345-1, parcel 340434161094.", ""),
        ("Write to me@fern.example, it is cheaper", "mail"),
        ("Write to me (at) fern.example", "mail"),
        ("Call +353 87 123 4567", "phone"),
        ("Call 087/123 45 67", "phone"),
        ("See https://fern.example/bowls?x=1", "link"),
        ("See www.fern.example", "link"),
        ("Track it: https://www.dhl.com/track?id=00340434161094", ""),
        ("See https://dhl.com.evil.example/", "link"),
        ("I'm on WhatsApp", "words"),
        ("PayPal   friends and mail me@fern.example", "mail words"),
    ],
)
def test_what_leads_off_the_market_is_flagged(text, kinds, buyer, shop):
    make_rules(link="dhl.com", words="whatsapp\npaypal friends")

    message = make_message(buyer, shop, text)

    assert message.flags == kinds
    assert list(Message.objects.flagged()) == ([message] if kinds else [])


def test_a_rule_that_is_switched_off_finds_nothing(buyer, shop):
    make_rules()
    ContactRule.objects.filter(kind="mail").update(is_active=False)

    assert make_message(buyer, shop, "me@fern.example").flags == ""


def test_a_rule_that_staff_save_holds_for_the_next_message(
    buyer, shop, django_capture_on_commit_callbacks
):
    make_rules(words="whatsapp")
    assert make_message(buyer, shop, "WhatsApp or Signal?").flags == "words"

    with django_capture_on_commit_callbacks(execute=True):
        make_rules(words="signal group")

    assert make_message(buyer, shop, "WhatsApp?").flags == ""
    assert make_message(buyer, shop, "A Signal group?").flags == "words"


def test_a_rule_that_changed_unseen_holds_within_seconds(buyer, shop, monkeypatch):
    monkeypatch.setattr(ContactRule, "KEPT_SECONDS", 1)
    make_rules(words="whatsapp")
    assert make_message(buyer, shop, "WhatsApp?").flags == "words"

    ContactRule.objects.update(is_active=False)

    time.sleep(1.1)  # Redis has a clock of its own.
    assert make_message(buyer, shop, "WhatsApp?").flags == ""


def test_unread_costs_the_same_for_one_conversation_and_for_five(
    buyer, shop, seller, django_assert_num_queries
):
    for name in ("ana", "sam", "kim", "bob", "joe"):
        make_message(make_user(name), shop)

        with django_assert_num_queries(1):
            unread(seller)


def test_other_shops_of_the_same_name_hear_nothing(buyer, shop):
    other = make_shop("Fern & Co", slug="other", members=["gus"])

    make_message(buyer, shop)

    assert unread(make_user("gus")) == 0
    assert other.conversations.count() == 0
