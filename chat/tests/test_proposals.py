from __future__ import annotations

import pytest
from django.core.management import call_command

from catalog.tests.factories import make_variant, stock_of
from chat.models import Message, Proposal
from chat.services import proposals, reading
from chat.services.proposals import AlreadyAsked, AlreadyDecided
from chat.tests.factories import make_message
from marketflow.core import events
from orders.models import Refund, Return, Shipment
from orders.services import fulfilment, refunds, returns, timelines
from orders.services.shares import RefundTooLarge
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def bowl(shop):
    return make_variant(shop, "Oak bowl", price=2000, stock=9)


@pytest.fixture
def part(buyer, bowl):
    return make_order(buyer, bowl, quantity=3, paid=True).seller_orders.get()


@pytest.fixture
def conversation(buyer, shop, part):
    return make_message(buyer, shop, "One of them has a crack.", part=part).conversation


def offer(conversation, part, seller, amount=1500, **more) -> Proposal:
    return proposals.offer_refund(
        conversation=conversation,
        part=part,
        amount_minor=amount,
        reason="For the crack",
        author=seller,
        **more,
    )


def last(conversation) -> tuple[str, str, str]:
    message = conversation.messages.order_by("seq").last()
    return message.kind, message.side, message.body


def test_an_offer_moves_nothing_until_it_is_accepted(conversation, part, buyer, seller):
    proposal = offer(conversation, part, seller)
    assert not Refund.objects.exists()
    assert last(conversation) == ("proposal", "shop", "For the crack")

    proposals.accept(proposal=proposal, actor=buyer)

    proposal.refresh_from_db()
    refund = Refund.objects.get()
    assert (proposal.state, proposal.refund, proposal.decided_by) == ("accepted", refund, buyer)
    assert (refund.amount_minor, refund.kind, refund.reason) == (1500, "goodwill", "For the crack")
    assert last(conversation) == ("event", "buyer", "Accepted: partial refund, €15.00.")
    events.relay()
    refunds.send_due()
    call_command("audit")


def test_an_offer_of_everything_gives_everything_back(conversation, part, buyer, seller):
    proposals.accept(proposal=offer(conversation, part, seller, 6500), actor=buyer)

    assert Refund.objects.get().amount_minor == part.total_minor == 6500


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_is_no_offer(amount, conversation, part, seller):
    with pytest.raises(refunds.NothingToRefund):
        offer(conversation, part, seller, amount)

    assert not Proposal.objects.exists()


def test_no_more_is_offered_than_is_left(conversation, part, seller):
    with pytest.raises(RefundTooLarge):
        offer(conversation, part, seller, 6501)

    assert not Proposal.objects.exists()
    assert conversation.messages.count() == 1


def test_an_offer_that_can_no_longer_be_kept_stands_as_it_was(conversation, part, buyer, seller):
    proposal = offer(conversation, part, seller, 4000)
    refunds.decide(
        part=part, lines={part.lines.get().pk: refunds.Wanted(units=2)}, kind="goodwill"
    )

    with pytest.raises(RefundTooLarge):
        proposals.accept(proposal=proposal, actor=buyer)

    proposal.refresh_from_db()
    assert (proposal.state, proposal.refund) == ("open", None)
    assert Refund.objects.count() == 1


def test_one_offer_waits_at_a_time_and_is_answered_once(conversation, part, buyer, seller):
    proposal = offer(conversation, part, seller)
    with pytest.raises(AlreadyAsked):
        offer(conversation, part, seller)

    proposals.decline(proposal=proposal, actor=buyer)
    with pytest.raises(AlreadyDecided):
        proposals.accept(proposal=proposal, actor=buyer)

    assert not Refund.objects.exists()
    assert last(conversation)[2] == "Declined: partial refund, €15.00."
    assert offer(conversation, part, seller).pk != proposal.pk


def test_an_offer_sent_twice_is_made_once(conversation, part, seller):
    from uuid import uuid4

    key = uuid4()

    assert offer(conversation, part, seller, client_id=key) == offer(
        conversation, part, seller, client_id=key
    )


def test_a_shop_takes_its_offer_back(conversation, part, seller):
    proposal = offer(conversation, part, seller)

    proposals.withdraw(proposal=proposal, actor=seller)

    proposal.refresh_from_db()
    assert proposal.state == "withdrawn"


def test_a_shop_agrees_to_cancel(conversation, part, buyer, seller, bowl):
    proposal = proposals.ask_to_cancel(
        conversation=conversation, part=part, reason="Too late for us", author=buyer
    )
    assert stock_of(bowl) == (9, 3)

    proposals.accept(proposal=proposal, actor=seller)

    part.refresh_from_db()
    assert (part.state, stock_of(bowl)) == ("cancelled", (9, 0))
    assert Refund.objects.get().amount_minor == part.total_minor
    assert last(conversation) == ("event", "shop", "Accepted: cancellation.")


def test_what_is_sent_is_not_called_off(conversation, part, buyer):
    fulfilment.ship(seller_order=part)

    with pytest.raises(proposals.NothingToCallOff):
        proposals.ask_to_cancel(conversation=conversation, part=part, reason="No", author=buyer)

    assert not Proposal.objects.exists()


@pytest.fixture
def asked_back(conversation, part, buyer):
    fulfilment.ship(seller_order=part)
    fulfilment.deliver(seller_order=part)
    return proposals.ask_to_return(
        conversation=conversation,
        part=part,
        lines={part.lines.get().pk: 1},
        reason="It has a crack",
        author=buyer,
    )


def test_a_shop_agrees_to_a_return(asked_back, seller):
    assert Return.objects.get().state == "requested"

    proposals.accept(proposal=asked_back, actor=seller)

    assert Return.objects.get().state == "approved"


@pytest.mark.parametrize("who", ["buyer", "seller"])
def test_both_sides_see_what_is_asked_back(who, asked_back, client, request):
    client.force_login(request.getfixturevalue(who))

    page = client.get(asked_back.message.conversation.get_absolute_url()).content.decode()

    line = asked_back.part.lines.get()
    assert f"1 × {line.title}" in page


def test_a_return_answered_elsewhere_is_answered_here_too(asked_back, seller):
    returns.reject(parcel=Return.objects.get(), answer="Too late.", actor=seller)
    events.relay()
    events.relay()

    asked_back.refresh_from_db()
    assert (asked_back.state, asked_back.decided_by) == ("declined", None)


def test_a_return_withdrawn_elsewhere_makes_room_for_another(asked_back, part, buyer):
    returns.withdraw(parcel=Return.objects.get(), actor=buyer)
    asked_back.parcel.refresh_from_db()
    assert not asked_back.is_waiting

    proposals.ask_to_return(
        conversation=asked_back.message.conversation,
        part=part,
        lines={part.lines.get().pk: 2},
        reason="Two of them",
        author=buyer,
    )

    asked_back.refresh_from_db()
    assert asked_back.state == "withdrawn"
    call_command("audit")


def test_a_shop_sends_it_and_the_buyer_has_it(conversation, part, buyer, seller):
    proposals.send_parcel(
        conversation=conversation,
        part=part,
        author=seller,
        carrier="An Post",
        tracking_number="CE123456789IE",
    )
    assert Shipment.objects.get().tracking_number == "CE123456789IE"
    assert last(conversation) == ("event", "shop", "Sent with An Post CE123456789IE.")

    part.refresh_from_db()
    proposals.confirm_receipt(conversation=conversation, part=part, author=buyer)

    part.refresh_from_db()
    assert part.state == "completed"
    assert last(conversation) == ("event", "buyer", "Everything has come.")


def test_what_was_agreed_stands_on_the_timeline(conversation, part, buyer, seller):
    proposals.accept(proposal=offer(conversation, part, seller), actor=buyer)

    for told in (timelines.of_buyer(part.order), timelines.of_shop(part)):
        said = [(e.text, e.detail) for e in told if e.subject == "message"]
        assert said == [
            ("Ana wrote", ""),
            ("Partial refund offered", "For the crack"),
            ("Ana answered", "Accepted: partial refund, €15.00."),
        ]
        assert "Refund decided" in [entry.text for entry in told]


def test_the_other_side_is_told_of_a_proposal(conversation, part, seller, buyer):
    reading.look(conversation=conversation, person=seller)

    proposal = offer(conversation, part, seller)

    assert proposal.message.kind == Message.Kind.PROPOSAL
    from marketflow.core.models import OutboxEvent

    payload = OutboxEvent.objects.filter(name="chat.MessagePosted").last().payload
    assert (payload["kind"], payload["recipient_ids"]) == ("proposal", [buyer.pk])
