"""The whole life of an order with two shops, in any sequence of steps; and what audit finds."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.core.management import call_command
from django.db import transaction
from hypothesis import event, given
from hypothesis import strategies as st

from carts.tests.factories import make_shipping
from catalog.tests.factories import make_variant
from marketflow.core.errors import Refusal
from orders.models import Dispute, Order, Payment, Refund, RefundLine, SellerOrder
from orders.services import cancelling, disputes, fulfilment, refunds, returns
from orders.services.returns import Arrived
from orders.services.shares import Wanted
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db


# --- any sequence of steps


def ship(part: SellerOrder, draw) -> None:
    lines = {line.pk: draw(st.integers(0, line.quantity)) for line in part.lines.all()}
    fulfilment.ship(seller_order=part, lines=draw(st.sampled_from([None, lines])))


def deliver(part: SellerOrder, draw) -> None:
    fulfilment.deliver(seller_order=part)


def confirm(part: SellerOrder, draw) -> None:
    fulfilment.confirm(seller_order=part)


def cancel(part: SellerOrder, draw) -> None:
    cancelling.cancel(order=part.order)


def cancel_units(part: SellerOrder, draw) -> None:
    lines = {line.pk: draw(st.integers(0, line.quantity)) for line in part.lines.all()}
    cancelling.cancel_units(part=part, lines=lines, reason="No.")


def give_back(part: SellerOrder, draw) -> None:
    line = draw(st.sampled_from(list(part.lines.order_by("pk"))))
    wanted = draw(
        st.one_of(
            st.builds(Wanted, units=st.integers(1, line.quantity)),
            st.builds(Wanted, amount_minor=st.integers(1, line.total_minor)),
        )
    )
    delivery = draw(st.integers(0, part.shipping_minor))
    refunds.decide(
        part=part, lines={line.pk: wanted}, shipping_minor=delivery, kind=Refund.Kind.GOODWILL
    )


def ask_to_return(part: SellerOrder, draw) -> None:
    line = draw(st.sampled_from(list(part.lines.order_by("pk"))))
    units = draw(st.integers(1, max(line.shipped, 1)))
    returns.request(part=part, lines={line.pk: units}, reason="Blue.")


def answer_return(part: SellerOrder, draw) -> None:
    for parcel in part.returns.filter(state="requested"):
        step = draw(st.sampled_from([returns.approve, returns.reject, returns.withdraw]))
        step(parcel=parcel)


def receive(part: SellerOrder, draw) -> None:
    for parcel in part.returns.filter(state="approved"):
        arrived = {
            row.line_id: Arrived(
                units=draw(st.integers(0, row.quantity)), restock=draw(st.booleans())
            )
            for row in parcel.lines.all()
        }
        returns.receive(parcel=parcel, lines=arrived, refund_shipping=draw(st.booleans()))


def dispute(part: SellerOrder, draw) -> None:
    if draw(st.booleans()):
        disputes.open_by_buyer(part=part, reason="In pieces.")
    else:
        payment = part.order.payments.get()
        disputes.open_by_provider(
            payment=payment,
            reference=f"dp_{Dispute.objects.count()}",
            amount_minor=draw(st.integers(1, payment.captured_minor)),
        )


def close_dispute(part: SellerOrder, draw) -> None:
    for open_one in part.disputes.open():
        if open_one.origin == "provider":
            disputes.close_by_provider(
                payment=part.order.payments.get(),
                reference=open_one.provider_reference,
                is_won=draw(st.booleans()),
            )
        else:
            amount = draw(st.integers(0, part.refundable.amount))
            disputes.decide(dispute=open_one, refund_minor=amount, decision="So be it.")


STEPS = [ship, deliver, confirm, cancel, cancel_units, give_back, dispute, close_dispute]
# What needs another step before it comes up more often.
STEPS += [ship, ask_to_return, answer_return, receive] * 3


@given(data=st.data())
def test_whatever_happens_the_books_balance_and_nobody_gets_too_much(buyer, shop, rival, data):
    with transaction.atomic():
        make_shipping(shop, price=data.draw(st.sampled_from([0, 499])))
        make_shipping(rival, price=700)
        goods = [
            make_variant(shop, "Bowl", price=data.draw(st.integers(1, 3_000)), stock=9),
            make_variant(shop, "Lamp", price=333, stock=None),
            make_variant(rival, "Vase", price=777, stock=9),
        ]
        order = make_order(buyer, *goods, quantity=data.draw(st.integers(1, 3)), paid=True)
        for _ in range(data.draw(st.integers(4, 20))):
            step = data.draw(st.sampled_from(STEPS))
            parts = SellerOrder.objects.filter(order=order).select_related("order")
            part = data.draw(st.sampled_from(list(parts.order_by("pk"))))
            # What is refused has changed nothing: the checks below would see a half of it.
            with suppress(Refusal):
                step(part, data.draw)
                event(f"{step.__name__} was done")
            nobody_got_too_much(order)
        refunds.send_due()
        nobody_got_too_much(order)
        call_command("audit")
        transaction.set_rollback(True)


def nobody_got_too_much(order: Order) -> None:
    """Reckoned from the rows themselves: never above what was paid, received and not refunded."""
    payment = Payment.objects.get(order=order)
    decided = sum(Refund.objects.values_list("amount_minor", flat=True))
    assert payment.refund_decided_minor == decided <= payment.captured_minor
    for part in order.seller_orders.all():
        for line in part.lines.all():
            rows = RefundLine.objects.filter(line=line)
            amounts = sum(rows.values_list("amount_minor", flat=True))
            assert amounts <= line.unit_price_minor * line.quantity
            units = units_by_kind(rows)
            assert sum(units.values()) <= line.quantity
            assert units.get("return", 0) <= line.returned <= line.shipped
            assert units.get("cancellation", 0) <= line.released


def units_by_kind(rows) -> dict[str, int]:
    units: dict[str, int] = {}
    for kind, quantity in rows.values_list("refund__kind", "quantity"):
        units[kind] = units.get(kind, 0) + quantity
    return units
