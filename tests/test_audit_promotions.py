"""I10: each fact about promotions is broken behind the code's back, and the audit names it."""

from __future__ import annotations

import pytest

from carts.tests.factories import make_promotion
from catalog.tests.factories import make_variant
from orders.tests.factories import make_order
from tests.test_audit import audit, corrupt

pytestmark = pytest.mark.django_db


@pytest.fixture
def promoted(buyer, shop):
    """A bowl sold with ten percent off, half of it paid by the marketplace."""
    make_promotion(shop, percent=10, market_basis_points=5000, max_uses=3, max_per_buyer=2)
    return make_order(buyer, make_variant(shop, stock=5), quantity=2, paid=True)


def test_a_healthy_sale_passes(promoted):
    assert audit() == (True, {})


@pytest.mark.parametrize(
    ("statement", "codes"),
    [
        ("UPDATE carts_promotion SET used = used + 1", {"I10"}),
        ("UPDATE carts_promotion SET used = used - 1", {"I10"}),
        ("UPDATE carts_promotion SET max_per_buyer = 0", {"I10"}),
        ("UPDATE orders_redemption SET state = 'released'", {"I10"}),
        ("UPDATE orders_redemption SET discount_minor = discount_minor + 1", {"I10"}),
        ("UPDATE orders_redemption SET funded_minor = funded_minor - 1", {"I10"}),
        ("UPDATE orders_orderline SET discount_funded_minor = 0", {"I7", "I10"}),
        ("UPDATE orders_orderline SET funded_back_minor = 1", {"I10"}),
        ("UPDATE orders_sellerorder SET shipping_discount_minor = 1", {"I10"}),
        (
            "UPDATE orders_order SET goods_minor = goods_minor - discount_minor + 1, "
            "discount_minor = 1",
            {"I10"},
        ),
        (
            "UPDATE orders_ledgertransfer SET amount_minor = 1 WHERE kind = 'promotion'",
            {"I5", "I10"},
        ),
        ("UPDATE orders_redemptionshare SET discount_minor = discount_minor + 1", {"I10"}),
        ("DELETE FROM orders_redemptionshare; DELETE FROM orders_redemption", {"I10"}),
    ],
)
def test_what_breaks_a_promotion_is_named(promoted, statement, codes):
    for one in statement.split("; "):
        corrupt(one)

    ok, broken = audit()

    assert not ok
    assert codes <= set(broken), broken
    assert all(broken[code] for code in codes)
