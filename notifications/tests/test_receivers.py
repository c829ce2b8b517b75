"""Each receiver: heard twice, done once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail as outgoing
from django.utils.timezone import now

from accounts.models import ShopMember
from accounts.services import bank_accounts, shops
from accounts.tests.factories import make_bank_account, make_shop, make_user
from catalog.tests.factories import make_variant
from marketflow.core import events
from marketflow.core.models import EventReceipt, OutboxEvent
from marketflow.core.tests.pages import Visitor
from notifications.models import Mail
from orders.gateways.protocol import RefundOutcome
from orders.gateways.test import ASKS_FIRST, TestGateway
from orders.models import Order, Refund
from orders.services import (
    closing,
    fulfilment,
    links,
    payments,
    payout_sending,
    payouts,
    refunds,
)
from orders.tests.factories import make_completed, make_order, pay

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shops_have_people(shop, rival):
    """Fern owns the one shop, Rita the other."""


def hear() -> None:
    """Everything that is due, twice: the receipts are lost in between."""
    while events.relay():
        pass
    EventReceipt.objects.all().delete()
    OutboxEvent.objects.update(done_at=None, due_at=now() - timedelta(seconds=1))
    while events.relay():
        pass


def mails(kind: str) -> list[Mail]:
    return list(Mail.objects.filter(kind=kind).order_by("pk"))


def written_to(kind: str) -> list[str]:
    return [mail.recipient for mail in mails(kind)]


def test_a_guest_gets_the_order_with_a_link_that_opens_it(shop):
    order = make_order(None, make_variant(shop, "Oak bowl"), email="gil@example.test")
    hear()

    (mail,) = mails("order_placed")
    link = re.search(r"http://\S+", mail.text)[0]
    assert (mail.recipient, mail.subject) == (
        "gil@example.test",
        f"We have your order {order.number}",
    )
    assert link in mail.html.replace("&amp;", "&")
    assert "1 × Oak bowl" in mail.text
    assert Visitor().open(link.partition("8000")[2]).status == 200


def test_a_buyers_mail_bears_no_token(buyer, shop):
    make_order(buyer, make_variant(shop))
    hear()

    (mail,) = mails("order_placed")
    assert (mail.recipient, "token" in mail.text) == (buyer.email, False)


def test_payment_is_confirmed_and_each_shop_learns_its_own_part(buyer, shop, rival):
    pat = make_user("pat")
    ShopMember.objects.create(shop=shop, user=pat, role=ShopMember.Role.FULFILMENT)
    sue = make_user("sue")
    ShopMember.objects.create(shop=shop, user=sue, role=ShopMember.Role.SUPPORT)
    order = make_order(
        buyer, make_variant(shop, "Oak bowl"), make_variant(rival, "Brass lamp"), paid=True
    )
    hear()

    assert written_to("order_paid") == [buyer.email]
    assert written_to("order_to_ship") == [
        "fern@example.test",
        "pat@example.test",
        "rita@example.test",
    ]
    ferns, _, ritas = mails("order_to_ship")
    assert "Oak bowl" in ferns.text
    assert "Brass lamp" not in ferns.text
    assert "Oak bowl" not in ritas.text + ritas.html
    assert order.line1 in ferns.text


def test_every_parcel_is_told_with_its_number(buyer, shop):
    order = make_order(buyer, make_variant(shop, "Oak bowl"), quantity=2, paid=True)
    part = order.seller_orders.get()
    line = part.lines.get()
    fulfilment.ship(seller_order=part, carrier="An Post", tracking_number="A1", lines={line.pk: 1})
    fulfilment.ship(seller_order=part, carrier="An Post", tracking_number="A2")
    hear()

    first, second = mails("parcel_sent")
    assert "An Post A1" in first.text
    assert "The rest follows in another parcel." in first.text
    assert "An Post A2" in second.text
    assert "The rest follows" not in second.text
    assert first.subject == "Fern & Co has sent your parcel"


def test_who_did_not_pay_in_time_is_told_and_who_cancelled_is_not(buyer, shop, stranger):
    late = make_order(buyer, make_variant(shop))
    changed_mind = make_order(stranger, make_variant(shop))
    Order.objects.filter(pk=late.pk).update(expires_at=now() - timedelta(seconds=1))
    closing.release_expired()
    closing.cancel(order=changed_mind)
    hear()

    assert written_to("order_expired") == [buyer.email]


def test_the_link_is_sent_each_time_it_is_asked_for(shop):
    order = make_order(None, make_variant(shop), email="gil@example.test")
    for _ in range(2):
        links.ask(number=order.number, email="gil@example.test")
    links.ask(number=order.number, email="sam@example.test")
    hear()

    assert written_to("order_link") == ["gil@example.test"] * 2
    assert order.guest_token() in mails("order_link")[0].text


def test_a_new_link_replaces_the_old(shop):
    order = make_order(None, make_variant(shop), email="gil@example.test")
    old = order.guest_token()
    links.renew(order=order)
    hear()

    (mail,) = mails("order_link")
    assert old not in mail.text
    assert order.guest_token() in mail.text
    assert old != order.guest_token()


def test_owners_follow_the_life_of_their_shop(db):
    admin = make_user("staff", is_staff=True)
    owner = make_user("mia")
    shop = shops.apply(user=owner, name="Moss", slug="moss", country="IE")
    hear()
    shops.refuse(shop=shop, by=admin, reason="Tell us who you are.")
    shops.apply_again(shop=shop)
    shops.approve(shop=shop, by=admin)
    shops.suspend(shop=shop, by=admin, reason="Parcels do not arrive.")
    hear()

    assert written_to("shop_applied") == [owner.email] * 2
    assert written_to("shop_refused") == [owner.email]
    assert written_to("shop_opened") == [owner.email]
    assert written_to("shop_suspended") == [owner.email]
    assert "Parcels do not arrive." in mails("shop_suspended")[0].text


def test_names_are_escaped_in_html_and_plain_in_text(buyer):
    nasty = make_shop("<b>Fern</b> & Co", slug="nasty", members=["fern"])
    order = make_order(buyer, make_variant(nasty, "<i>Bowl</i>"), paid=True)
    fulfilment.ship(seller_order=order.seller_orders.get())
    hear()

    for mail in mails("order_paid") + mails("parcel_sent") + mails("order_to_ship"):
        assert "<i>Bowl</i>" in mail.text
        assert "<i>Bowl</i>" not in mail.html
        assert "&lt;i&gt;Bowl&lt;/i&gt;" in mail.html
    assert mails("parcel_sent")[0].subject == "<b>Fern</b> & Co has sent your parcel"


def test_the_whole_way_goes_out_by_itself(buyer, shop, django_capture_on_commit_callbacks):
    """Commit, relay, receiver, row, task, mail: as in one process without a worker."""
    variant = make_variant(shop)
    with django_capture_on_commit_callbacks(execute=True):
        order = make_order(buyer, variant)
        pay(order)

    while events.relay():
        pass
    assert not Mail.objects.filter(sent_at=None).exists()
    assert {tuple(message.to) for message in outgoing.outbox} == {
        (buyer.email,),
        ("fern@example.test",),
    }


# --- money


@pytest.fixture
def payout(buyer, shop):
    make_bank_account(shop)
    make_completed(buyer, make_variant(shop, price=2000, stock=9))
    return payouts.request(shop=shop, currency="EUR", actor=make_user("fern"))


def test_the_shop_learns_that_money_is_on_its_way(payout, shop):
    ShopMember.objects.create(shop=shop, user=make_user("pat"), role=ShopMember.Role.FULFILMENT)
    payout_sending.send(payout=payout)
    hear()

    (mail,) = mails("payout_sent")
    assert mail.recipient == "fern@example.test"
    assert mail.subject == "€23.00 are on the way to your bank"
    assert f"/seller/orders/payout/{payout.pk}/change/" in mail.text
    assert "AIBK" not in mail.text + mail.html


def test_a_payout_that_came_back_is_told_to_the_shop_and_to_staff(payout, settings):
    settings.OPERATOR_EMAIL = "money@market.test"
    payout = payout_sending.send(payout=payout)
    payout_sending.mark_returned(payout=payout)
    hear()

    (mail,) = mails("payout_failed")
    assert (mail.recipient, "The bank returned payout 1" in mail.text) == (
        "fern@example.test",
        True,
    )
    (staff,) = mails("payout_failed_staff")
    assert staff.recipient == "money@market.test"
    assert staff.subject == "Payout 1 of Fern & Co: Returned by the bank"
    assert f"/admin/orders/payout/{payout.pk}/change/" in staff.text


def test_a_refund_that_failed_is_told_to_staff_each_time(buyer, shop, settings):
    settings.OPERATOR_EMAIL = "money@market.test"
    part = make_order(buyer, make_variant(shop, price=2000), paid=True).seller_orders.get()
    refund = refunds.decide_all(part=part, kind="goodwill")
    said = {"reference": "re_1", "failure": "expired_or_canceled_card"}
    paid, failed = (RefundOutcome(status=status, **said) for status in ("succeeded", "failed"))

    # Taken, then sent back by the bank; told of that twice, it is one failure.
    for outcome in (paid, failed, failed):
        refunds.settle(refund=refund, outcome=outcome)
    refunds.try_again(refund=Refund.objects.get())
    refunds.settle(refund=refund, outcome=failed)
    hear()

    told = mails("refund_failed_staff")
    assert [mail.recipient for mail in told] == ["money@market.test"] * 2
    assert told[0].subject == f"A refund of €25.00 for order {part.order.number} failed"
    assert "expired_or_canceled_card" in told[0].text
    assert f"/admin/orders/refund/{refund.pk}/change/" in told[0].text


def test_a_new_bank_account_is_told_to_the_addresses_of_before(shop):
    """Whoever takes an account over changes its address first."""
    fern = make_user("fern")
    bank_accounts.replace(shop=shop, holder="Fern", iban="IE29AIBK93115212345678", by=fern)
    type(fern).objects.filter(pk=fern.pk).update(email="thief@example.test")
    thief = type(fern).objects.get(pk=fern.pk)
    bank_accounts.replace(shop=shop, holder="Fern", iban="DE89370400440532013000", by=thief)
    hear()

    told = written_to("bank_account_replaced")
    assert sorted(told) == ["fern@example.test", "fern@example.test", "thief@example.test"]
    last = mails("bank_account_replaced")[-1]
    assert "Payouts go to DE•• •••• 3000 from" in last.text
    assert "It takes the place of IE•• •••• 5678." in last.text
    assert "IE29AIBK93115212345678" not in last.text + last.html


def test_who_paid_too_late_learns_that_the_money_goes_back(buyer, shop):
    order = make_order(buyer, make_variant(shop))
    payment = pay(order, ASKS_FIRST)
    Order.objects.update(expires_at=now() - timedelta(seconds=1))
    closing.release_expired()
    outcome = TestGateway().confirm(payment, approve=True)
    payments.settle(payment=payment, outcome=outcome)
    refunds.send_due()
    hear()

    (mail,) = mails("payment_returned")
    assert mail.recipient == buyer.email
    assert order.number in mail.subject
    assert "came after the order was closed" in mail.text


def test_who_paid_twice_learns_that_the_order_goes_on(buyer, shop):
    order = make_order(buyer, make_variant(shop))
    late = pay(order, ASKS_FIRST)
    pay(order)
    late.refresh_from_db()
    outcome = TestGateway().confirm(late, approve=True)
    payments.settle(payment=late, outcome=outcome)
    refunds.send_due()
    hear()

    (mail,) = mails("payment_returned")
    assert "had been paid already" in mail.text


def test_what_a_shop_refunds_is_not_called_a_payment_that_was_not_needed(buyer, shop):
    order = make_order(buyer, make_variant(shop), paid=True)
    refund = refunds.decide_all(part=order.seller_orders.get(), kind="goodwill")
    refunds.send(refund)
    hear()

    assert mails("payment_returned") == []
