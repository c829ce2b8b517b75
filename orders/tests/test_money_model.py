"""The books of a shop against a model of them in plain Python, in any order of events.

The model knows prices, a rate of commission and who holds what. It imports nothing of the product
but the price of a thing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models import Sum
from hypothesis import given
from hypothesis import strategies as st

from accounts.tests.factories import make_bank_account
from carts.tests.factories import make_shipping
from catalog.tests.factories import make_variant
from orders.models import LedgerAccount, Payout, Refund, SellerOrder
from orders.services import fulfilment, payout_sending, payouts, refunds, statements
from orders.services.payouts import NotPayable
from orders.services.refunds import Wanted
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db
DELIVERY = 500


@dataclass
class Model:
    """What a shop has earned and not got. Amounts in minor units."""

    price: int
    units: dict[int, int] = field(default_factory=dict)
    back: dict[int, int] = field(default_factory=dict)
    delivered: dict[int, bool] = field(default_factory=dict)
    paid_out: int = 0

    def net(self, part: int, units: int) -> int:
        """What `units` of a part bring: the price less 10 % of it, half up over all of them.

        What is refunded takes its commission back, rounded up.
        """
        goods = self.price * self.units[part]
        fee = (goods * 10 + 50) // 100
        gone = self.units[part] - units
        fee_back = -(-fee * gone // self.units[part])
        return self.price * units - (fee - fee_back) + (DELIVERY if self.delivered[part] else 0)

    @property
    def earned(self) -> int:
        """With everything that is completed, refunds taken off."""
        return sum(self.net(part, self.units[part] - self.back[part]) for part in self.back)


@given(data=st.data())
def test_what_is_available_and_paid_out_less_what_is_owed_is_what_was_earned(buyer, shop, data):
    with transaction.atomic():
        make_shipping(shop, price=DELIVERY)
        make_bank_account(shop)
        price = data.draw(st.integers(1, 9_999), label="price")
        bowl = make_variant(shop, price=price, stock=99)
        model = Model(price=price)
        for _ in range(data.draw(st.integers(1, 9), label="steps")):
            step = data.draw(st.sampled_from(STEPS))
            step(model, data, buyer, shop, bowl)
            assert_the_books_are_the_model(shop, model)
        call_command("audit")
        transaction.set_rollback(True)


def sell(model, data, buyer, shop, bowl) -> None:
    quantity = data.draw(st.integers(1, 4), label="quantity")
    part = make_order(buyer, bowl, quantity=quantity, paid=True).seller_orders.get()
    early = data.draw(st.integers(0, quantity), label="refunded early")
    # What is refunded of the delivery is all of it or nothing: the rest is the refunds' own test.
    keeps = data.draw(st.booleans(), label="keeps the delivery")
    if early or not keeps:
        give_back(part, early, 0 if keeps else DELIVERY)
    fulfilment.ship(seller_order=part)
    fulfilment.deliver(seller_order=part)
    fulfilment.complete(seller_order=part)
    model.units[part.pk], model.back[part.pk] = quantity, early
    model.delivered[part.pk] = keeps


def refund(model, data, buyer, shop, bowl) -> None:
    left = [part for part in model.units if model.back[part] < model.units[part]]
    if not left:
        return
    part = data.draw(st.sampled_from(left), label="part")
    units = data.draw(st.integers(1, model.units[part] - model.back[part]), label="units")
    give_back(SellerOrder.objects.get(pk=part), units, 0)
    model.back[part] += units


def give_back(part, units, shipping) -> None:
    decided = refunds.decide(
        part=part,
        lines={part.lines.get().pk: Wanted(units=units)},
        shipping_minor=shipping,
        kind=Refund.Kind.GOODWILL,
    )
    refunds.send(decided)


def pay(model, data, buyer, shop, bowl) -> None:
    due = model.earned - model.paid_out
    try:
        payout = payouts.request(shop=shop, currency="EUR", actor=buyer)
    except NotPayable:
        assert due <= 0
        return
    assert payout.amount_minor == due
    payout = payout_sending.send(payout=payout)
    groups = statements.of_payout(payout)
    assert sum(group.amount.amount for group in groups) == due
    model.paid_out += due


def come_back(model, data, buyer, shop, bowl) -> None:
    paid = list(Payout.objects.filter(shop=shop, state="paid").order_by("pk"))
    if not paid:
        return
    payout = data.draw(st.sampled_from(paid), label="payout")
    payout_sending.mark_returned(payout=payout)
    model.paid_out -= payout.amount_minor


STEPS = [sell, refund, pay, come_back]


def assert_the_books_are_the_model(shop, model) -> None:
    accounts = LedgerAccount.objects.filter(shop=shop)
    kinds = dict(accounts.values_list("kind").annotate(sum=Sum("balance_minor")))
    available, owed = -kinds.get("shop_available", 0), kinds.get("shop_receivable", 0)
    paid = Payout.objects.filter(shop=shop, state="paid").aggregate(sum=Sum("amount_minor"))

    assert (paid["sum"] or 0) == model.paid_out
    assert available - owed + model.paid_out == model.earned
    assert kinds.get("shop_pending", 0) == 0
