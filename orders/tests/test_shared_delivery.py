"""What delivery costs is charged once, and comes out at the same sum on every level."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from carts.models import TaxRate
from carts.tests.factories import fill_cart, make_promotion, make_shipping
from catalog.tests.factories import make_variant, stock_of
from orders.models import LedgerAccount
from orders.services import refunds
from orders.tests.factories import pay, place

pytestmark = pytest.mark.django_db


@pytest.fixture
def rates():
    TaxRate.objects.create(
        country="IE", tax_class="standard", basis_points=2300, valid_from="2020-01-01"
    )


@pytest.fixture
def goods(rates, shop, rival):
    """Two lines of each shop, which take 5.00 and 7.99 to send them."""
    make_shipping(shop, price=500)
    make_shipping(rival, price=799)
    ours = [make_variant(shop, title, price=1000, stock=9) for title in ("Bowl", "Cup")]
    theirs = [make_variant(rival, title, price=333, stock=9) for title in ("Lamp", "Vase")]
    return [*ours, *theirs]


def require_sums(order) -> list:
    """The parts add up to the order: delivery, its tax, and the whole. Returns the parts."""
    parts = list(order.seller_orders.order_by("pk").prefetch_related("lines"))
    assert sum(part.shipping_minor for part in parts) == order.shipping_minor
    assert sum(part.total_minor for part in parts) == order.total_minor
    assert sum(part.tax_included_minor for part in parts) == order.tax_included_minor
    for part in parts:
        lines = sum(line.total_minor for line in part.lines.all())
        taxes = sum(line.tax_included_minor for line in part.lines.all())
        assert part.total_minor == lines + part.shipping_minor
        assert part.tax_included_minor == taxes + part.shipping_tax_minor
    return parts


def test_6_each_shops_delivery_is_charged_exactly_once(buyer, goods):
    """Ready-made test 6: every shop here ships for itself, so one parcel never serves two.

    However many lines a shop sends, its delivery is charged once, with its tax and its rate; the
    parts add up to the order, to what is captured and to what each shop is owed.
    """
    order = place(fill_cart(buyer, *goods, quantity=2), buyer=buyer)
    pay(order)

    parts = require_sums(order)
    assert [part.shipping_minor for part in parts] == [500, 799]
    assert [part.shipping_tax_minor for part in parts] == [93, 149]  # of 23 %, inside
    assert [part.shipping_tax_basis_points for part in parts] == [2300, 2300]
    assert order.payments.get().captured_minor == order.total_minor == 2 * (2000 + 666) + 1299
    assert [stock_of(variant) for variant in goods] == [(9, 2)] * 4
    call_command("audit")


def test_6_a_delivery_given_free_is_free_once(buyer, goods, shop):
    """Ready-made test 6: what one shop gives free takes nothing off the other's delivery."""
    make_promotion(shop, kind="free_shipping", name="Sent free")

    order = place(fill_cart(buyer, *goods), buyer=buyer)
    pay(order)

    parts = require_sums(order)
    assert [part.shipping_minor for part in parts] == [0, 799]
    assert [part.shipping_discount_minor for part in parts] == [500, 0]
    call_command("audit")


def test_6_each_delivery_goes_back_once(buyer, goods):
    """Ready-made test 6, backwards: refunded part by part, not a cent of delivery stays."""
    order = place(fill_cart(buyer, *goods), buyer=buyer)
    pay(order)

    for part in order.seller_orders.order_by("pk"):
        refunds.send(refunds.decide_all(part=part, kind="goodwill"))

    assert [p.shipping_refunded_minor for p in order.seller_orders.order_by("pk")] == [500, 799]
    assert order.payments.get().refunded_minor == order.total_minor
    assert not LedgerAccount.objects.exclude(balance_minor=0).exists()
    call_command("audit")
