"""After the sale: who is told what, once however often it is heard."""

from __future__ import annotations

import pytest

from accounts.models import ShopMember
from accounts.tests.factories import make_user
from catalog.tests.factories import make_variant
from notifications.tests.test_receivers import hear, mails, written_to
from orders.models import Order, Refund, SellerOrder
from orders.services import cancelling, closing, disputes, fulfilment, refunds, returns
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db

ANA, FERN, RITA = "ana@example.test", "fern@example.test", "rita@example.test"


@pytest.fixture
def order(buyer, shop, rival) -> Order:
    bowl, lamp = make_variant(shop, "Oak bowl"), make_variant(rival, "Brass lamp")
    return make_order(buyer, bowl, lamp, quantity=2, paid=True)


@pytest.fixture
def part(order, shop) -> SellerOrder:
    return order.seller_orders.get(shop=shop)


@pytest.fixture
def support(shop):
    """Sue answers questions; money is not hers to give."""
    sue = make_user("sue")
    ShopMember.objects.create(shop=shop, user=sue, role="support")
    return sue


def test_a_cancelled_order_is_confirmed_and_its_shops_do_not_send(order, buyer):
    cancelling.cancel(order=order, actor=buyer)
    hear()

    assert written_to("order_cancelled") == [ANA]
    assert written_to("part_called_off") == [FERN, RITA]
    assert "Do not send" in mails("part_called_off")[0].subject


def test_a_shop_that_cancelled_itself_is_not_told_again(order, part, buyer):
    cancelling.cancel_units(part=part, reason="No.")
    cancelling.cancel(order=order, actor=buyer)
    hear()

    assert written_to("part_called_off") == [RITA]


def test_of_an_order_that_was_never_paid_nobody_hears(buyer, shop):
    closing.cancel(order=make_order(buyer, make_variant(shop)))
    hear()

    assert written_to("order_cancelled") == written_to("part_called_off") == []


def test_the_buyer_learns_what_a_shop_does_not_send(part):
    line = part.lines.get().pk
    cancelling.cancel_units(part=part, lines={line: 1}, reason="Chipped.")
    cancelling.cancel_units(part=part, lines={line: 1}, reason="So is this.")
    hear()

    assert written_to("part_cancelled") == [ANA, ANA]
    assert all("1 × Oak bowl" in mail.text for mail in mails("part_cancelled"))
    assert written_to("order_cancelled") == []


def test_a_refund_is_told_when_the_money_has_gone(part):
    refund = refunds.decide_all(part=part, kind=Refund.Kind.GOODWILL)
    hear()
    assert written_to("refund_issued") == []
    refunds.send(refund)
    hear()

    (mail,) = mails("refund_issued")
    assert (mail.recipient, "Fern & Co has refunded it" in mail.text) == (ANA, True)


def test_a_return_is_told_to_who_may_answer_and_its_answer_to_the_buyer(part, support):
    fulfilment.ship(seller_order=part)
    line = part.lines.get().pk
    first = returns.request(part=part, lines={line: 1}, reason="Too <small>.")
    second = returns.request(part=part, lines={line: 1}, reason="Blue.")
    returns.approve(parcel=first, answer="By post.")
    returns.reject(parcel=second, answer="Worn.")
    hear()

    assert written_to("return_requested") == [FERN, FERN]
    asked = mails("return_requested")[0]
    assert "Too <small>." in asked.text
    assert "Too &lt;small&gt;." in asked.html
    assert f"/seller/orders/return/{first.pk}/" in asked.text
    yes, no = mails("return_answered")
    assert (yes.recipient, no.recipient) == (ANA, ANA)
    assert ("takes your items back" in yes.subject, "By post." in yes.text) == (True, True)
    assert ("does not take" in no.subject, "Worn." in no.text) == (True, True)


def test_both_sides_follow_a_dispute(part, support):
    dispute = disputes.open_by_buyer(part=part, reason="In pieces.")
    hear()
    disputes.answer(dispute=dispute, text="It left whole.")
    hear()
    disputes.decide(dispute=dispute, refund_minor=100, decision="Half right.")
    hear()

    for kind in ("dispute_opened", "dispute_answered", "dispute_closed"):
        assert written_to(kind) == [FERN, ANA]
    assert "It left whole." in mails("dispute_answered")[1].text
    assert "decided for the buyer" in mails("dispute_closed")[0].subject
    assert f"/seller/orders/dispute/{dispute.pk}/" in mails("dispute_opened")[0].text
    assert "/seller/" not in mails("dispute_opened")[1].text


def test_what_the_bank_asks_back_the_shops_alone_are_told(order):
    payment = order.payments.get()
    disputes.open_by_provider(payment=payment, reference="dp_1", amount_minor=order.total_minor)
    disputes.close_by_provider(payment=payment, reference="dp_1", is_won=False)
    hear()

    assert written_to("dispute_opened") == [FERN, RITA]
    assert written_to("dispute_closed") == [FERN, RITA]
    assert written_to("refund_issued") == []
