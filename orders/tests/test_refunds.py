from __future__ import annotations

from datetime import date

import pytest
from django.core.management import call_command
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from carts.models import TaxRate
from catalog.tests.factories import make_variant
from marketflow.core.models import OutboxEvent
from orders.gateways.protocol import RefundOutcome, Unknown
from orders.gateways.test import TestGateway
from orders.models import LedgerAccount, Order, Refund, SellerOrder
from orders.services import refunds, shares
from orders.services.refunds import NothingToRefund, NotRefundable, RefundTooLarge, Wanted
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def vat(db):
    """23 % at home."""
    TaxRate.objects.create(
        country="IE", tax_class="standard", basis_points=2300, valid_from=date(2020, 1, 1)
    )


@pytest.fixture
def part(buyer, shop, vat) -> SellerOrder:
    """Three bowls and three lamps of 9.99 with delivery, paid."""
    bowl, lamp = make_variant(shop, "Bowl", price=999), make_variant(shop, "Lamp", price=999)
    order = make_order(buyer, bowl, lamp, quantity=3, paid=True)
    return order.seller_orders.get()


def balances(*kinds: str) -> dict[str, int]:
    rows = LedgerAccount.objects.exclude(balance_minor=0)
    if kinds:
        rows = rows.filter(kind__in=kinds)
    return {row.kind: row.balance_minor for row in rows}


def goodwill(part: SellerOrder, lines: dict[int, Wanted], shipping: int = 0) -> Refund:
    return refunds.decide(
        part=part, lines=lines, shipping_minor=shipping, kind=Refund.Kind.GOODWILL
    )


def state_of_the_books(part: SellerOrder) -> tuple:
    payment = part.order.payments.get()
    return (
        Refund.objects.count(),
        payment.refund_decided_minor,
        list(part.lines.values_list("refunded_units", "refunded_minor", "funded_back_minor")),
        dict(LedgerAccount.objects.values_list("key", "balance_minor")),
    )


def test_a_paid_order_is_booked_to_its_shop_less_commission(part):
    # 59.94 of goods at 10 %, and 23 % VAT on the fee of 6.00 (3.00 on each line).
    assert balances() == {
        "provider": part.order.total_minor,
        "commission": -600,
        "commission_vat": -138,
        "shop_pending": 738 - part.total_minor,
    }
    call_command("audit")


def test_a_unit_refunded_takes_its_commission_back(part, django_capture_on_commit_callbacks):
    bowl = part.lines.get(title="Bowl")

    with django_capture_on_commit_callbacks(execute=True):
        refund = goodwill(part, {bowl.pk: Wanted(units=1)})

    refund.refresh_from_db()
    bowl.refresh_from_db()
    assert (refund.state, refund.amount_minor) == ("succeeded", 999)
    assert (bowl.refunded_units, bowl.refunded_minor) == (1, 999)
    assert bowl.commission.back_minor == 100
    assert balances("order") == {}
    told = OutboxEvent.objects.get(name="orders.RefundIssued").payload
    assert told["refund_id"] == refund.pk
    call_command("audit")


def test_more_than_was_paid_is_refused_and_changes_nothing(part):
    bowl = part.lines.get(title="Bowl")
    before = state_of_the_books(part)

    for lines, shipping in [
        ({bowl.pk: Wanted(units=4)}, 0),
        ({bowl.pk: Wanted(units=-1)}, 0),
        ({bowl.pk: Wanted(amount_minor=2998)}, 0),
        ({bowl.pk: Wanted(amount_minor=-1)}, 0),
        ({bowl.pk: Wanted(units=1)}, part.shipping_minor + 1),
        ({bowl.pk: Wanted(units=1)}, -1),
    ]:
        with pytest.raises(RefundTooLarge):
            goodwill(part, lines, shipping)

    assert state_of_the_books(part) == before


def test_nothing_is_not_a_refund(part):
    bowl = part.lines.get(title="Bowl")

    with pytest.raises(NothingToRefund):
        goodwill(part, {bowl.pk: Wanted()})

    assert not Refund.objects.exists()


def test_what_was_not_paid_is_not_refunded(buyer, shop):
    part = make_order(buyer, make_variant(shop)).seller_orders.get()

    with pytest.raises(NotRefundable):
        refunds.decide_all(part=part, kind=Refund.Kind.GOODWILL)

    assert not Refund.objects.exists()


def test_a_second_refund_of_the_same_units_is_refused(part, monkeypatch):
    """Two members press the button at once: the second reckons with what the first had read."""
    bowl = part.lines.get(title="Bowl")
    wanted = {bowl.pk: Wanted(units=3)}
    stale = shares.of_lines(part, wanted)
    goodwill(part, wanted)
    before = state_of_the_books(part)
    monkeypatch.setattr(shares, "of_lines", lambda *_: stale)

    with pytest.raises(RefundTooLarge):
        goodwill(part, wanted)

    assert state_of_the_books(part) == before


def test_a_lost_answer_leaves_the_refund_pending_until_it_is_asked_again(
    part, monkeypatch, django_capture_on_commit_callbacks
):
    asked = []

    def lost(payment, amount_minor, key):
        asked.append(key)
        if len(asked) == 1:
            raise Unknown
        return RefundOutcome(status="succeeded", reference="found")

    monkeypatch.setattr(TestGateway, "refund", staticmethod(lost))
    with django_capture_on_commit_callbacks(execute=True):
        refund = refunds.decide_all(part=part, kind=Refund.Kind.GOODWILL)
    refund.refresh_from_db()
    assert refund.state == "pending"
    call_command("audit")

    refunds.send_due()
    refunds.send_due()

    refund.refresh_from_db()
    assert (refund.state, asked) == ("succeeded", [refund.key, refund.key])
    assert balances() == {}
    call_command("audit")


def test_a_refund_that_the_provider_refuses_may_be_tried_again(
    part, monkeypatch, django_capture_on_commit_callbacks
):
    refusal = RefundOutcome(status="failed", reference="no", failure="insufficient_funds")
    with monkeypatch.context() as patch:
        patch.setattr(TestGateway, "refund", lambda *args, **kwargs: refusal)
        with django_capture_on_commit_callbacks(execute=True):
            refund = refunds.decide_all(part=part, kind=Refund.Kind.GOODWILL)
    refund.refresh_from_db()
    assert (refund.state, refund.failure) == ("failed", "insufficient_funds")
    assert part.order.payments.get().refunded_minor == 0

    with django_capture_on_commit_callbacks(execute=True):
        refunds.try_again(refund=refund)

    refund.refresh_from_db()
    assert refund.state == "succeeded"
    assert balances() == {}
    call_command("audit")


@given(data=st.data())
def test_sell_then_refund_in_full_in_any_steps_leaves_every_account_at_zero(
    buyer, shop, rival, vat, data
):
    price = data.draw(st.integers(min_value=1, max_value=9_999))
    quantity = data.draw(st.integers(min_value=1, max_value=4))
    with transaction.atomic():
        goods = [
            make_variant(shop, "Bowl", price=price, stock=9),
            make_variant(shop, "Lamp", price=data.draw(st.integers(1, 9_999)), stock=9),
            make_variant(rival, "Vase", price=777, stock=9),
        ]
        order = make_order(buyer, *goods, quantity=quantity, paid=True)
        for part in order.seller_orders.order_by("pk"):
            refund_in_steps(part, data)
        call_command("audit")

        assert balances() == {}
        assert Order.objects.get(pk=order.pk).payments.get().refunded_minor == order.total_minor
        transaction.set_rollback(True)


def refund_in_steps(part: SellerOrder, data) -> None:
    for _ in range(data.draw(st.integers(0, 3))):
        line = data.draw(st.sampled_from(list(part.lines.order_by("pk"))))
        left = SellerOrder.objects.get(pk=part.pk)
        delivery = left.shipping_minor - left.shipping_refunded_minor
        by_units = data.draw(st.booleans())
        most = line.total_minor - line.refunded_minor
        wanted = (
            Wanted(units=data.draw(st.integers(0, line.quantity - line.refunded_units)))
            if by_units
            else Wanted(amount_minor=data.draw(st.integers(0, most)))
        )
        try:
            refund = goodwill(part, {line.pk: wanted}, data.draw(st.integers(0, delivery)))
        except NothingToRefund:
            continue
        refunds.send(refund)
    try:
        refunds.send(refunds.decide_all(part=part, kind=Refund.Kind.GOODWILL))
    except NothingToRefund:
        assert part.lines.exists()
