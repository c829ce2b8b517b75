"""Sold, then given back in full, in any order of partial steps: everything is as it was before."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from django.core.management import call_command
from django.db import transaction
from hypothesis import event, given
from hypothesis import strategies as st

from carts.models import Promotion, TaxRate
from carts.tests.factories import make_promotion
from catalog.tests.factories import make_variant, stock_of
from marketflow.core.errors import Refusal
from orders.models import LedgerAccount, Order, Refund, Return, SellerOrder
from orders.services import cancelling, fulfilment, refunds, returns
from orders.services.returns import Arrived
from orders.services.shares import Wanted
from orders.tests.factories import make_order, pay

pytestmark = pytest.mark.django_db


def some_to_send(part: SellerOrder, draw) -> dict[int, int]:
    return {line.pk: draw(st.integers(0, line.unshipped)) for line in part.lines.order_by("pk")}


def ship(part: SellerOrder, draw) -> None:
    fulfilment.ship(seller_order=part, lines=some_to_send(part, draw))


def cancel_units(part: SellerOrder, draw) -> None:
    cancelling.cancel_units(part=part, lines=some_to_send(part, draw), reason="Lost.")


def send_back(part: SellerOrder, draw) -> None:
    sent = returns.returnable(part)
    come_back(part, {pk: draw(st.integers(0, most)) for pk, most in sorted(sent.items())})


def give_money(part: SellerOrder, draw) -> None:
    line = draw(st.sampled_from(list(part.lines.order_by("pk"))))
    wanted = Wanted(amount_minor=draw(st.integers(0, line.refundable.amount)))
    delivery = draw(st.integers(0, part.shipping_left.amount))
    kind = Refund.Kind.GOODWILL
    refunds.decide(part=part, lines={line.pk: wanted}, shipping_minor=delivery, kind=kind)


def complete(part: SellerOrder, draw) -> None:
    fulfilment.deliver(seller_order=part)
    fulfilment.complete(seller_order=part)


def call_all_off(part: SellerOrder, draw) -> None:
    cancelling.cancel(order=part.order)


# What ends everything comes up less often.
STEPS = [ship, cancel_units, send_back, give_money] * 3 + [complete, call_all_off]
CHOSEN = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 1)), min_size=2, max_size=8)


def come_back(part: SellerOrder, lines: dict[int, int]) -> None:
    """What was sent of `lines` comes back whole, and can be sold again."""
    parcel: Return = returns.request(part=part, lines=lines, reason="Blue.")
    returns.approve(parcel=parcel)
    arrived = {row.line_id: Arrived(units=row.quantity) for row in parcel.lines.all()}
    returns.receive(parcel=parcel, lines=arrived)


def give_all_back(part: SellerOrder) -> None:
    """What is still to be sent is called off, what was sent comes back, the rest is refunded."""
    if part.state == SellerOrder.State.PAID:
        cancelling.cancel_units(part=part, reason="No more.")
    part = SellerOrder.objects.get(pk=part.pk)
    if left := returns.returnable(part):
        come_back(part, left)
    with suppress(refunds.NothingToRefund):
        refunds.decide_all(part=part, kind=Refund.Kind.GOODWILL)


@given(data=st.data())
def test_sold_and_given_back_in_any_steps_leaves_no_trace(buyer, shop, rival, data):
    with transaction.atomic():
        TaxRate.objects.create(
            country="IE", tax_class="standard", basis_points=2300, valid_from=date(2020, 1, 1)
        )
        promotions = [any_promotion(data, data.draw(st.sampled_from([shop, None]))) for _ in "ab"]
        prices = st.integers(1, 9_999)
        goods = [
            make_variant(shop, "Bowl", price=data.draw(prices), stock=9),
            make_variant(shop, "Lamp", price=data.draw(prices), stock=9),
            make_variant(rival, "Vase", price=777, stock=9),
        ]
        order = make_order(buyer, *goods, quantity=data.draw(st.integers(1, 3)))
        if order.total_minor:
            pay(order)

        for step, which in data.draw(CHOSEN):
            # What is refused, such as sending more than there is, has changed nothing.
            with suppress(Refusal):
                step(parts_of(order)[which], data.draw)
                event(f"{step.__name__} was done")
        for part in parts_of(order):
            give_all_back(part)
        refunds.send_due()

        call_command("audit")
        order = Order.objects.get(pk=order.pk)
        assert [stock_of(variant) for variant in goods] == [(9, 0)] * 3
        assert not LedgerAccount.objects.exclude(balance_minor=0).exists()
        assert order.payments.get().refunded_minor == order.total_minor
        # A use is given back with an order of which nothing was sent, and with no other.
        is_used = order.state != Order.State.CANCELLED
        assert is_used == any(
            line.shipped for part in parts_of(order) for line in part.lines.all()
        )
        uses = order.redemptions.filter(state="used").values_list("promotion", flat=True)
        assert bool(uses) == (is_used and order.redemptions.exists())
        for promotion in promotions:
            assert Promotion.objects.get(pk=promotion.pk).used == (promotion.pk in uses)
        transaction.set_rollback(True)


def parts_of(order: Order) -> list[SellerOrder]:
    return list(order.seller_orders.select_related("order").order_by("pk"))


def any_promotion(data, shop) -> Promotion:
    return make_promotion(
        shop,
        kind=data.draw(st.sampled_from(Promotion.Kind.values)),
        basis_points=data.draw(st.integers(1, 10_000)),
        amount_minor=data.draw(st.integers(1, 30_000)),
        buy_quantity=1,
        get_quantity=1,
        market_basis_points=data.draw(st.sampled_from([0, 3333, 5000, 10_000])),
    )
