"""A market in which everything that the audit looks at has happened, through the real services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import time_machine
from django.test import override_settings
from django.utils.timezone import now

from accounts.models import User
from accounts.tests.factories import make_bank_account, make_shop, make_user
from carts.models import TaxRate
from carts.services import coupons
from carts.tests.factories import fill_cart, make_promotion
from catalog.models import Variant
from catalog.tests.factories import make_variant
from chat.services import messaging, proposals, reading
from marketflow.core import events
from marketflow.core.models import IdempotentRequest
from notifications.models import WebhookEndpoint
from notifications.tests.vapid_keys import KEY, SUBJECT
from notifications.tests.waking import make_browser
from orders.models import Order, OrderLine, PaymentEvent, PaymentEventTask, Refund, SellerOrder
from orders.services import (
    cancelling,
    disputes,
    fees,
    fulfilment,
    invoices,
    payout_sending,
    payouts,
    refunds,
    returns,
    reviews,
)
from orders.services.returns import Arrived
from orders.services.shares import Wanted
from orders.tests.factories import make_order, pay, place


@dataclass
class Goods:
    buyer: User
    bowl: Variant
    lamp: Variant
    vase: Variant


@override_settings(VAPID_PRIVATE_KEY=KEY, VAPID_SUBJECT=SUBJECT)
def fill() -> None:
    """Ana buys of Fern & Co and Rival Goods, in every way it can end."""
    for name, basis_points in [("standard", 2300), ("reduced", 1350)]:
        TaxRate.objects.create(
            country="IE", tax_class=name, basis_points=basis_points, valid_from=date(2020, 1, 1)
        )
    # Long enough to send back what arrived long ago: the database's clock does not travel.
    terms = {"payout_schedule": "manual", "returns_days": 365}
    fern = make_shop("Fern & Co", members=["fern"], **terms)
    rival = make_shop("Rival Goods", members=["rita"], **terms)
    for shop in (fern, rival):
        make_bank_account(shop, usable_from=now() - timedelta(days=100))
    WebhookEndpoint.objects.create(
        shop=fern, url="https://hooks.example/", events=["order.paid", "refund.issued"]
    )
    goods = Goods(
        buyer=make_user("ana"),
        bowl=make_variant(fern, "Bowl", price=1999, stock=90),
        lamp=make_variant(fern, "Lamp", price=4950, stock=90),
        vase=make_variant(rival, "Vase", price=777, stock=90),
    )
    make_browser(goods.buyer)
    for days, happen in PAST:
        with time_machine.travel(now() - timedelta(days=days), tick=True):
            happen(goods)
    _hear_everything()
    invoices.issue_due()
    fees.issue_due()


def _sold_and_paid_out(goods: Goods) -> None:
    """Both parts complete and are paid out; then a unit is refunded of what is gone."""
    order = make_order(goods.buyer, goods.bowl, goods.vase, quantity=3, paid=True)
    for part in order.seller_orders.order_by("pk"):
        _complete(part)
        payout = payouts.request(shop=part.shop, currency="EUR", actor=goods.buyer)
        payout_sending.send(payout=payout)
    _refund(order.seller_orders.get(shop=goods.bowl.shop), units=1)


def _recovered_from_the_next_payout(goods: Goods) -> None:
    part = make_order(goods.buyer, goods.lamp, paid=True).seller_orders.get()
    _complete(part)
    payout = payouts.request(shop=part.shop, currency="EUR", actor=goods.buyer)
    payout_sending.send(payout=payout)


def _returned_by_the_bank(goods: Goods) -> None:
    part = make_order(goods.buyer, goods.vase, quantity=2, paid=True).seller_orders.get()
    _complete(part)
    payout = payouts.request(shop=part.shop, currency="EUR", actor=goods.buyer)
    payout_sending.mark_returned(payout=payout_sending.send(payout=payout))


def _sent_back(goods: Goods) -> None:
    """Two of three lamps come back, and are refunded with part of the delivery."""
    part = make_order(goods.buyer, goods.lamp, quantity=3, paid=True).seller_orders.get()
    fulfilment.ship(seller_order=part)
    fulfilment.deliver(seller_order=part)
    line = part.lines.get().pk
    parcel = returns.request(part=part, lines={line: 2}, reason="Too bright")
    returns.approve(parcel=parcel)
    came = {line: Arrived(units=2)}
    refunds.send(returns.receive(parcel=parcel, lines=came, refund_shipping=True))
    returns.request(part=part, lines={line: 1}, reason="Too bright too")
    fulfilment.confirm(seller_order=part)


def _shipped_in_two_parcels(goods: Goods) -> None:
    part = make_order(goods.buyer, goods.bowl, goods.lamp, quantity=2, paid=True)
    part = part.seller_orders.get()
    for line in part.lines.order_by("pk"):
        fulfilment.ship(seller_order=part, lines={line.pk: 2})
        part.refresh_from_db()


def _reviewed(goods: Goods) -> None:
    """Twice, once with a reply; one is withdrawn, one hidden."""
    line = OrderLine.objects.bought_by(goods.buyer).arrived().filter(variant=goods.vase)
    for number, one in enumerate(line.order_by("pk")[:2]):
        review = reviews.post(line=one, author=goods.buyer, rating=4 - number, body="It holds.")
    seller = goods.vase.product.shop.members.get()
    reviews.reply(review=review, body="Thank you.", actor=seller)
    lines = OrderLine.objects.bought_by(goods.buyer).arrived().filter(variant=goods.lamp)
    first, second = (
        reviews.post(line=one, author=goods.buyer, rating=2) for one in lines.order_by("pk")[:2]
    )
    reviews.withdraw(review=first)
    reviews.hide(review=second, reason="Rude.")


def _cancelled(goods: Goods) -> None:
    order = make_order(goods.buyer, goods.bowl, paid=True)
    cancelling.cancel(order=order, actor=goods.buyer)
    _send_refunds()
    cancelling.cancel(order=make_order(goods.buyer, goods.bowl), actor=goods.buyer)


def _refused_by_the_shop(goods: Goods) -> None:
    part = make_order(goods.buyer, goods.vase, quantity=3, paid=True).seller_orders.get()
    refunds.send(cancelling.cancel_units(part=part, reason="Broken on the shelf"))


def _lost_to_the_bank(goods: Goods) -> None:
    payment = make_order(goods.buyer, goods.lamp, quantity=2, paid=True).payments.get()
    disputes.open_by_provider(payment=payment, reference="dp_1", amount_minor=4950)
    disputes.close_by_provider(payment=payment, reference="dp_1", is_won=False)


def _with_a_coupon(goods: Goods) -> None:
    """Twice paid for, once given back: one price, borne half and half."""
    make_promotion(
        percent=15, code="SPRING", market_basis_points=5000, max_uses=9, max_per_buyer=2
    )
    for is_kept in (True, True, False):
        if not is_kept:
            cancelling.cancel(order=Order.objects.order_by("-pk").first())
            _send_refunds()
        cart = fill_cart(goods.buyer, goods.bowl, goods.vase, quantity=2)
        cart = coupons.apply(cart=cart, code="SPRING")
        pay(place(cart, buyer=goods.buyer))


def _paid_and_waiting(goods: Goods) -> None:
    """Paid today, heard of by the provider; and two that nobody has paid yet."""
    payment = make_order(goods.buyer, goods.bowl, goods.vase, paid=True).payments.get()
    for number in (1, 2):
        event = PaymentEvent.objects.create(
            provider=payment.provider,
            event_id=f"evt_{number}",
            kind="payment",
            provider_reference=payment.provider_reference,
            payment=payment,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
        )
        PaymentEventTask.objects.create(event=event, result="applied", done_at=now())
    make_order(goods.buyer, goods.lamp, quantity=2)
    place(fill_cart(None, goods.bowl), email="guest@example.test")
    refund = refunds.decide(
        part=payment.order.seller_orders.order_by("pk").first(),
        lines={},
        shipping_minor=100,
        kind=Refund.Kind.GOODWILL,
    )
    assert refund.state == Refund.State.PENDING
    IdempotentRequest.objects.create(actor="user:1", key="k", fingerprint="f", state="finished")


def _talked_about(goods: Goods) -> None:
    """Ana asks about an order, and the shop answers."""
    part = SellerOrder.objects.filter(shop=goods.bowl.product.shop).order_by("pk").first()
    asked = messaging.start_as_buyer(
        buyer=goods.buyer, shop=part.shop, part=part, body="When will it arrive?"
    )
    fern = make_user("fern")
    answer = messaging.post(conversation=asked.conversation, author=fern, body="Tomorrow.")
    reading.read(conversation=asked.conversation, reader=fern, seq=1)
    reading.read(conversation=asked.conversation, reader=goods.buyer, seq=answer.seq)
    offer = proposals.offer_refund(
        conversation=asked.conversation,
        part=part,
        amount_minor=300,
        reason="For the wait",
        author=fern,
    )
    refunds.send(proposals.accept(proposal=offer, actor=goods.buyer).refund)


# How many days ago, and what happened then: two months are over, and invoiced.
PAST: list[tuple[int, Callable[[Goods], None]]] = [
    (70, _sold_and_paid_out),
    (60, _recovered_from_the_next_payout),
    (40, _returned_by_the_bank),
    (35, _sent_back),
    (3, _shipped_in_two_parcels),
    (3, _reviewed),
    (2, _cancelled),
    (2, _refused_by_the_shop),
    (1, _lost_to_the_bank),
    (1, _with_a_coupon),
    (1, _talked_about),
    (0, _paid_and_waiting),
]


def _complete(part: SellerOrder) -> None:
    fulfilment.ship(seller_order=part)
    fulfilment.deliver(seller_order=part)
    fulfilment.complete(seller_order=part)


def _refund(part: SellerOrder, *, units: int) -> Refund:
    refund = refunds.decide(
        part=part,
        lines={part.lines.order_by("pk").first().pk: Wanted(units=units)},
        shipping_minor=100,
        kind=Refund.Kind.GOODWILL,
    )
    return refunds.send(refund)


def _send_refunds() -> None:
    for refund in Refund.objects.under_way():
        refunds.send(refund)


def _hear_everything() -> None:
    while events.relay(1000):
        continue
