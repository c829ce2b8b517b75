"""Reviews, talk, wishes, imports and what staff look at: heard twice, told once."""

from __future__ import annotations

from collections import Counter

import pytest

from accounts.models import ShopMember
from accounts.tests.factories import make_user
from carts.models import WishListItem
from carts.services import wish_list
from catalog.models import ImportJob, Variant
from catalog.services import listing
from catalog.services.importing import jobs
from catalog.tests.factories import make_variant
from chat.models import Conversation
from chat.services import manners, reading, sorting
from chat.tests.factories import answer, make_message
from marketflow.core import events, invariants
from marketflow.core.models import OutboxEvent
from notifications.models import Mail, Notification
from notifications.services import watching
from notifications.tests.test_receivers import hear
from orders.models import OrderLine
from orders.services import reviews
from orders.tests.factories import make_completed

pytestmark = pytest.mark.django_db


def told(kind: str) -> list[tuple[str, str]]:
    rows = Notification.objects.filter(kind=kind).select_related("user").order_by("pk")
    return [(row.user.email, row.text) for row in rows]


def unread(kind: str) -> Counter:
    rows = Notification.objects.unread().filter(kind=kind)
    return Counter(rows.values_list("user__email", flat=True))


# --- talk


def test_who_is_away_hears_once_of_all_that_piles_up(buyer, shop, seller):
    make_message(buyer, shop)
    make_message(buyer, shop, "And how wide?")
    hear()

    assert told("message") == [(seller.email, "Ana has written to you.")]
    assert Notification.objects.get(kind="message").path.startswith("/messages/")
    assert Mail.objects.get(kind="message").subject == "Ana has written to you."


def test_what_piles_up_unread_costs_the_relay_little(
    buyer, shop, seller, django_assert_num_queries
):
    ShopMember.objects.create(user=make_user("pat"), shop=shop, role="support")
    make_message(buyer, shop)
    events.relay()

    make_message(buyer, shop, "And how wide?")
    # The event, who listens, the conversation, read marks, who was told, done; then nothing more
    # that is due. Each receiver and each look has a transaction.
    with django_assert_num_queries(7 + 2 * 4):
        events.relay()

    assert len(told("message")) == 2


def test_who_looks_costs_the_relay_nothing_but_the_question_who_listens(
    buyer, shop, seller, django_assert_num_queries
):
    conversation = make_message(buyer, shop).conversation
    reading.look(conversation=conversation, person=seller)
    events.relay()

    make_message(buyer, shop, "And how wide?")
    with django_assert_num_queries(4 + 2 * 3):
        events.relay()

    assert len(told("message")) == 1


def test_what_was_told_of_a_conversation_is_read_with_it_for_the_whole_side(buyer, shop, seller):
    pat = make_user("pat")
    ShopMember.objects.create(user=pat, shop=shop, role="support")
    first = make_message(buyer, shop)
    make_message(make_user("ben"), shop)
    hear()
    assert unread("message") == {seller.email: 2, pat.email: 2}

    reading.read(conversation=first.conversation, reader=pat, seq=1)
    hear()

    assert unread("message") == {seller.email: 1, pat.email: 1}


def test_what_was_told_stays_new_while_a_later_message_waits(buyer, shop, seller):
    first = make_message(buyer, shop)
    make_message(buyer, shop, "And how wide?")
    events.relay()

    reading.read(conversation=first.conversation, reader=seller, seq=1)
    events.relay()
    assert unread("message") == {seller.email: 1}

    reading.read(conversation=first.conversation, reader=seller, seq=2)
    events.relay()
    assert unread("message") == {}


def test_who_reads_their_own_words_tells_nobody(buyer, shop, seller):
    first = make_message(buyer, shop)
    hear()

    reading.read(conversation=first.conversation, reader=buyer, seq=1)

    assert not OutboxEvent.objects.filter(done_at=None).exists()


def test_after_reading_the_next_message_is_news_again(buyer, shop, seller):
    first = make_message(buyer, shop)
    hear()
    reading.read(conversation=first.conversation, reader=seller, seq=1)
    hear()  # The old event once more: nothing is new in it.
    make_message(buyer, shop, "Still there?")
    hear()

    assert len(told("message")) == 2


def test_who_has_muted_a_conversation_is_told_nothing_and_it_counts_on(buyer, shop, seller):
    talk = make_message(buyer, shop).conversation
    sorting.mute(conversation=talk, person=seller, is_muted=True)
    hear()
    assert told("message") == []
    assert Conversation.objects.unread_count(seller) == 1

    sorting.mute(conversation=talk, person=seller, is_muted=False)
    make_message(buyer, shop, "And how wide?")
    hear()
    assert told("message") == [(seller.email, "Ana has written to you.")]


def test_of_a_shop_only_who_answers_is_told_while_they_are_there(buyer, shop, seller):
    pat = make_user("pat")
    seat = ShopMember.objects.create(shop=shop, user=pat, role=ShopMember.Role.SUPPORT)
    talk = make_message(buyer, shop).conversation
    sorting.assign(conversation=talk, member=pat)
    hear()
    assert told("message") == [(pat.email, "Ana has written to you.")]

    seat.delete()
    make_message(buyer, shop, "And how wide?")
    hear()
    assert told("message")[1:] == [(seller.email, "Ana has written to you.")]


def test_who_looks_at_the_conversation_is_told_nothing(buyer, shop, seller):
    message = make_message(buyer, shop)
    hear()
    reading.look(conversation=message.conversation, person=buyer)
    answer(message, seller)
    hear()

    assert [email for email, _text in told("message")] == [seller.email]
    assert Mail.objects.filter(recipient=buyer.email).count() == 0


def test_staff_hear_of_a_reported_conversation(buyer, shop):
    vera = make_user("vera", is_staff=True, is_superuser=True)
    make_user("otto", is_staff=True)  # May not look at reports.
    conversation = make_message(buyer, shop).conversation
    for _ in range(2):
        manners.report(conversation=conversation, reporter=buyer, reason="Rude")
    hear()

    assert told("conversation_reported") == [
        (vera.email, "A conversation with Fern & Co was reported.")
    ]


# --- reviews


def test_a_review_is_asked_for_posted_answered_and_reported(buyer, stranger, shop, seller):
    vera = make_user("vera", is_staff=True, is_superuser=True)
    part = make_completed(buyer, make_variant(shop, "Oak bowl"))
    review = reviews.post(line=OrderLine.objects.get(), author=buyer, rating=4)
    reviews.reply(review=review, body="Thank you", actor=seller)
    reviews.report(review=review, reporter=stranger, reason="Advertising")
    hear()

    number = part.order.number
    assert told("review_asked") == [
        (buyer.email, f"How was it? Say what you think of order {number}.")
    ]
    assert told("review_posted") == [(seller.email, "Oak bowl was reviewed: 4 of 5 stars.")]
    assert told("review_answered") == [
        (buyer.email, "Fern & Co has replied to your review of Oak bowl.")
    ]
    assert told("review_reported") == [(vera.email, "A review of Oak bowl was reported.")]


# --- wishes


def reprice(variant: Variant, price_minor: int) -> None:
    Variant.objects.filter(pk=variant.pk).update(price_minor=price_minor)
    listing.refresh([variant.product])


def test_a_price_below_all_that_was_seen_is_told_once(buyer, shop):
    bowl = make_variant(shop, "Oak bowl", price=2000)
    listing.refresh([bowl.product])
    bowl.product.refresh_from_db()
    wish_list.add(user=buyer, product=bowl.product)
    for price in (1500, 1800, 1600, 1499):
        reprice(bowl, price)
        hear()

    assert told("price_dropped") == [
        (buyer.email, "Oak bowl is down to €15.00."),
        (buyer.email, "Oak bowl is down to €14.99."),
    ]
    assert WishListItem.objects.get().seen_minor == 1499


# --- the house


def test_who_started_an_import_hears_that_it_ended(shop, seller):
    for started_by in (seller, None):  # None: from the command line.
        job = ImportJob(shop=shop, started_by=started_by, file_name="products.csv", format="")
        job.save()
        jobs._finish(job, ImportJob.State.DONE)
    hear()

    assert told("import_finished") == [(seller.email, "The import of products.csv has ended.")]


def test_staff_hear_what_the_audit_found_once_a_day(settings, monkeypatch):
    settings.OPERATOR_EMAIL = "house@market.test"
    vera = make_user("vera", is_staff=True, is_superuser=True)
    assert watching.prove_the_books() == 0
    broken = invariants.Finding(invariants.registered()[0], [{"id": 1}])
    monkeypatch.setattr(invariants, "prove", lambda: iter([broken]))

    assert [watching.prove_the_books(), watching.prove_the_books()] == [1, 1]

    assert told("audit_red") == [(vera.email, "The audit found what is broken: I1.")]
    assert Mail.objects.get().recipient == "house@market.test"
