from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.tests.factories import make_shop
from carts.models import Cart, Promotion, TaxRate
from carts.services import coupons, discounts, pasts, pricing
from carts.services.coupons import (
    CouponEnded,
    CouponExhausted,
    CouponNotApplicable,
    CouponUnknown,
)
from carts.services.discounts import Item, Reckoning, Sending
from carts.tests.factories import fill_cart, make_promotion, make_shipping
from catalog.tests.factories import make_category, make_variant

pytestmark = pytest.mark.django_db


class Regular:
    """Somebody who has ordered, and used everything twice."""

    has_ordered = True

    def times_used(self, promotion_id):
        return 2


def taken_off(cart: Cart, **options) -> dict[str, int]:
    """What each promotion takes off, by its name, in minor units."""
    priced = pricing.price(Cart.objects.get(pk=cart.pk), **options)
    return {one.name: one.amount.amount for one in priced.discounts}


def shares(cart: Cart) -> list[int]:
    """What is taken off the goods of each shop."""
    return [group.discount.amount for group in pricing.price(cart).groups]


# --- kinds


def test_a_percentage_is_taken_off_and_rounded_once_for_the_whole(buyer, shop):
    cart = fill_cart(buyer, *[make_variant(shop, f"Bowl {n}", price=333) for n in range(3)])
    make_promotion(shop, percent=10)

    priced = pricing.price(cart)

    # 99.9 of 999: one hundred, not three times 33.
    assert [line.discount_minor for line in priced.lines] == [34, 33, 33]
    assert priced.total.amount == 999 - 100 + 500


def test_shares_to_the_cent(buyer):
    """Ready-made test 4: one discount over three shops comes out at 33.33, 33.33 and 33.34."""
    shops = [make_shop(f"Shop {n}") for n in range(3)]
    cart = fill_cart(buyer, *[make_variant(one, price=10_000) for one in shops])
    make_promotion(off=10_000)

    assert sorted(shares(cart)) == [3333, 3333, 3334]


def test_one_coupon_two_shops(buyer, shop, rival):
    """Ready-made test 5, the cart's half: the two parts add up to exactly 6.00."""
    cart = fill_cart(buyer, make_variant(shop, price=1234), make_variant(rival, price=4321))
    make_promotion(off=600, code="SIX")

    cart = coupons.apply(cart=cart, code="six")

    assert sum(shares(cart)) == 600
    assert all(shares(cart))
    assert [(one.code, one.amount.amount) for one in pricing.price(cart).discounts] == [
        ("SIX", 600)
    ]


def test_an_amount_never_makes_anything_cheaper_than_free(buyer, shop):
    cart = fill_cart(buyer, make_variant(shop, price=400))
    make_promotion(shop, off=1000)

    priced = pricing.price(cart)

    assert (priced.discount.amount, priced.total.amount) == (400, 500)


def test_free_delivery_pays_the_cheapest_way_and_a_dearer_one_in_part(buyer, shop, rival):
    make_shipping(shop, price=400)
    express = make_shipping(shop, name="Express", price=900)
    cart = fill_cart(buyer, make_variant(shop), make_variant(rival))
    make_promotion(shop, kind="free_shipping", name="Free delivery")

    cheapest = pricing.price(cart)
    dearer = pricing.price(cart, shipping={shop.slug: str(express.uuid)})

    assert [group.shipping.amount for group in cheapest.groups] == [0, 500]
    assert [group.shipping.amount for group in dearer.groups] == [500, 500]
    assert cheapest.discount.amount == 0
    assert taken_off(cart) == {"Free delivery": 400}


def test_buy_two_get_one_gives_the_cheapest_of_every_three(buyer, shop):
    cart = fill_cart(buyer, make_variant(shop, "Vase", price=3000), quantity=2)
    fill_cart(buyer, make_variant(shop, "Bowl", price=1000), quantity=5)
    make_promotion(shop, kind="buy_get", buy_quantity=2, get_quantity=1)

    # Seven units are two threes and one left over.
    assert shares(cart) == [2000]


def test_buy_one_get_one_at_half_price(buyer, shop):
    cart = fill_cart(buyer, make_variant(shop, price=999), quantity=2)
    make_promotion(shop, kind="buy_get", buy_quantity=1, get_quantity=1, percent=50)

    assert shares(cart) == [500]


# --- what it is about


def test_a_category_counts_with_everything_below_it(buyer, shop):
    bowls, deep = make_category("Home", "Bowls"), make_category("Home", "Bowls", "Deep bowls")
    lamps = make_category("Home", "Lamps")
    cart = fill_cart(
        buyer,
        make_variant(shop, "Bowl", price=1000, category=bowls),
        make_variant(shop, "Deep bowl", price=2000, category=deep),
        make_variant(shop, "Lamp", price=4000, category=lamps),
        make_variant(shop, "Odd thing", price=8000),
    )
    make_promotion(percent=10, categories=[bowls])

    assert [line.discount_minor for line in pricing.price(cart).lines] == [100, 200, 0, 0]


def test_products_may_be_named_beside_categories(buyer, shop):
    lamps = make_category("Home", "Lamps")
    bowl, vase = make_variant(shop, "Bowl", price=1000), make_variant(shop, "Vase", price=1000)
    lamp = make_variant(shop, "Lamp", price=1000, category=lamps)
    cart = fill_cart(buyer, bowl, vase, lamp)
    make_promotion(percent=10, products=[vase.product], categories=[lamps])

    assert [line.discount_minor for line in pricing.price(cart).lines] == [0, 100, 100]


def test_a_promotion_of_products_that_are_not_in_the_cart_takes_nothing_off(buyer, shop):
    cart = fill_cart(buyer, make_variant(shop, "Bowl"))
    make_promotion(percent=10, products=[make_variant(shop, "Vase").product])

    assert taken_off(cart) == {}


def test_a_shops_promotion_leaves_its_rival_alone(buyer, shop, rival):
    cart = fill_cart(buyer, make_variant(shop, price=1000), make_variant(rival, price=1000))
    make_promotion(shop, percent=20)

    assert shares(cart) == [200, 0]


def test_the_minimum_is_of_what_it_is_about_at_full_price(buyer, shop, rival):
    bowl = make_variant(shop, price=1000)
    cart = fill_cart(buyer, bowl, make_variant(rival, price=9000))
    make_promotion(shop, percent=50, position=0, name="Half")
    make_promotion(shop, off=100, position=1, minimum_minor=2000, name="From 20")
    assert taken_off(cart) == {"Half": 500}

    fill_cart(buyer, bowl)

    assert taken_off(cart) == {"Half": 1000, "From 20": 100}


def test_a_first_order_is_what_the_caller_says_it_is(buyer, shop):
    cart = fill_cart(buyer, make_variant(shop, price=1000))
    make_promotion(percent=10, first_order_only=True)

    assert taken_off(cart, past=pasts.Unknown()) == {"Spring sale": 100}
    assert taken_off(cart, past=Regular()) == {}


def test_what_ended_or_has_not_begun_or_is_switched_off_takes_nothing_off(buyer, shop):
    cart = fill_cart(buyer, make_variant(shop))
    hour = timedelta(hours=1)
    make_promotion(shop, percent=10, starts_at=now() - 2 * hour, ends_at=now() - hour)
    make_promotion(shop, percent=10, starts_at=now() + hour)
    make_promotion(shop, percent=10, is_active=False)

    assert taken_off(cart) == {}


# --- stacking


def test_each_reckons_with_what_those_before_it_left(buyer, shop):
    cart = fill_cart(buyer, make_variant(shop, price=10_000))
    make_promotion(percent=10, name="Market by itself")
    make_promotion(shop, percent=50, position=2, name="Shop second")
    make_promotion(shop, off=1000, position=1, name="Shop first")
    make_promotion(percent=10, code="MARKET", name="Market's coupon")
    make_promotion(shop, percent=10, code="FERN", name="Shop's coupon")
    cart = coupons.apply(cart=cart, code="MARKET")
    cart = coupons.apply(cart=cart, code="FERN")

    assert list(taken_off(cart).items()) == [
        ("Shop first", 1000),
        ("Shop second", 4500),
        ("Market by itself", 450),
        ("Shop's coupon", 405),
        ("Market's coupon", 365),  # 364.5, half up.
    ]


def test_what_others_took_off_already_is_not_counted_as_a_use(buyer, shop):
    cart = fill_cart(buyer, make_variant(shop, price=1000))
    make_promotion(shop, percent=100, name="Everything")
    make_promotion(shop, off=100, position=1, name="Too late")

    assert taken_off(cart) == {"Everything": 1000}


def test_vat_is_found_in_what_is_left_to_pay(buyer, shop):
    TaxRate.objects.create(
        country="IE", tax_class="standard", basis_points=2300, valid_from="2020-01-01"
    )
    cart = fill_cart(buyer, make_variant(shop, price=2460))
    make_promotion(shop, percent=50)

    line = pricing.price(cart).lines[0]

    assert (line.total.amount, line.tax_included.amount) == (1230, 230)


def test_delivery_is_free_from_the_full_price_so_that_a_coupon_never_costs_money(buyer, shop):
    make_shipping(shop, price=500, free_above_minor=2000)
    cart = fill_cart(buyer, make_variant(shop, price=2000))
    make_promotion(shop, percent=50)

    assert pricing.price(cart).shipping.amount == 0


def test_the_quote_stands_for_discounts_too(buyer, shop):
    bowl, vase = make_variant(shop, "Bowl", price=1000), make_variant(shop, "Vase", price=1000)
    cart = fill_cart(buyer, bowl, vase)
    promotion = make_promotion(percent=10, products=[bowl.product])
    before = pricing.price(cart)

    promotion.products.set([vase.product])

    after = pricing.price(cart)
    assert before.total == after.total
    assert before.quote != after.quote


# --- coupons


def test_the_later_coupon_of_a_shop_makes_room_for_none_beside_it(buyer, shop):
    cart = fill_cart(buyer, make_variant(shop, price=1000))
    make_promotion(shop, percent=10, code="TEN", name="Ten")
    make_promotion(shop, percent=5, code="FIVE", name="Five")
    make_promotion(percent=50, code="MARKET", name="Market")
    for code in ("TEN", "MARKET", "FIVE"):
        cart = coupons.apply(cart=cart, code=code)

    assert cart.coupons == ["MARKET", "FIVE"]
    assert set(taken_off(cart)) == {"Five", "Market"}


def test_a_code_means_what_each_shop_means_by_it(buyer, shop, rival):
    cart = fill_cart(buyer, make_variant(shop, price=1000), make_variant(rival, price=1000))
    make_promotion(shop, percent=10, code="HELLO", name="Ten")
    make_promotion(rival, percent=20, code="HELLO", name="Twenty")

    cart = coupons.apply(cart=cart, code="hello")

    assert shares(cart) == [100, 200]


def test_a_coupon_taken_out_is_out(buyer, shop):
    cart = fill_cart(buyer, make_variant(shop, price=1000))
    make_promotion(shop, percent=10, code="TEN")
    cart = coupons.apply(cart=cart, code="TEN")

    cart = coupons.remove(cart=cart, code="ten")
    cart = coupons.remove(cart=cart, code="ten")

    assert (cart.coupons, taken_off(cart)) == ([], {})


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"code": "OTHER"}, CouponUnknown),
        ({"is_active": False}, CouponUnknown),
        ({"starts_at": now() + 48 * HOUR}, CouponUnknown),
        ({"starts_at": now() - 2 * HOUR, "ends_at": now() - HOUR}, CouponEnded),
        ({"max_uses": 3, "used": 3}, CouponExhausted),
        ({"max_per_buyer": 2}, CouponExhausted),
        ({"first_order_only": True}, CouponNotApplicable),
        ({"minimum_minor": 99_999}, CouponNotApplicable),
    ],
)
def test_a_coupon_that_takes_nothing_off_is_refused_with_its_reason(
    buyer, shop, monkeypatch, fields, refusal
):
    monkeypatch.setattr(pasts, "_tellers", [lambda cart: Regular()])
    cart = fill_cart(buyer, make_variant(shop, price=1000))
    make_promotion(shop, percent=10, code="KEPT")
    monkeypatch.setattr(Regular, "times_used", lambda self, pk: 0)
    cart = coupons.apply(cart=cart, code="KEPT")
    monkeypatch.undo()
    monkeypatch.setattr(pasts, "_tellers", [lambda cart: Regular()])
    make_promotion(shop, **({"percent": 10, "code": "FERN"} | fields))

    with pytest.raises(refusal):
        coupons.apply(cart=cart, code="FERN")

    assert Cart.objects.get().coupons == ["KEPT"]


def test_a_coupon_of_a_shop_that_is_not_in_the_cart_is_not_known(buyer, shop, rival):
    cart = fill_cart(buyer, make_variant(shop))
    make_promotion(rival, percent=10, code="RIVAL")

    with pytest.raises(CouponUnknown):
        coupons.apply(cart=cart, code="RIVAL")

    assert Cart.objects.get().coupons == []


@pytest.mark.parametrize("code", ["", "-", "A" * 41, "TEN OFF", "ТЕN", "%"])
def test_what_can_be_no_code_is_not_known(buyer, shop, code):
    cart = fill_cart(buyer, make_variant(shop))
    make_promotion(shop, percent=10)

    with pytest.raises(CouponUnknown):
        coupons.apply(cart=cart, code=code)

    assert Cart.objects.get().coupons == []


def test_a_coupon_that_no_longer_applies_stays_and_says_why(buyer, shop):
    bowl = make_variant(shop, price=1000)
    cart = fill_cart(buyer, bowl, quantity=2)
    make_promotion(shop, percent=10, code="TEN", minimum_minor=2000)
    cart = coupons.apply(cart=cart, code="TEN")
    cart.lines.update(quantity=1)

    coupon = pricing.price(cart).coupons[0]

    assert (coupon.code, coupon.reason, coupon.missing_minor) == ("TEN", "minimum", 1000)


# --- what may be written down


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "amount", "amount_minor": None},
        {"kind": "buy_get", "buy_quantity": 2},
        {"basis_points": 0},
        {"basis_points": 10_001},
        {"market_basis_points": 10_001},
        {"starts_at": now(), "ends_at": now() - HOUR},
        {"code": "TEN OFF"},
    ],
)
def test_a_promotion_says_how_much_and_until_when(shop, fields):
    with pytest.raises(ValidationError):
        make_promotion(shop, **fields)

    assert not Promotion.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"used": 4, "max_uses": 3},
        {"kind": "amount"},
        {"kind": "buy_get"},
        {"basis_points": 0},
        {"market_basis_points": 10_001},
        {"first_order_only": True, "max_per_buyer": None},
        {"ends_at": now() - 999 * HOUR},
    ],
)
def test_the_database_refuses_what_a_promotion_can_not_be(shop, fields):
    promotion = make_promotion(shop, percent=10)

    with pytest.raises(IntegrityError), transaction.atomic():
        Promotion.objects.filter(pk=promotion.pk).update(**fields)

    promotion.refresh_from_db()
    assert promotion.basis_points == 1000


def test_limits_that_orders_rely_on_only_grow(shop):
    promotion = make_promotion(shop, percent=10, max_uses=9, max_per_buyer=3)
    Promotion.objects.update(used=5)

    promotion.max_uses, promotion.max_per_buyer = 4, 2
    with pytest.raises(ValidationError) as refusal:
        promotion.full_clean(exclude=["currency"])
    assert set(refusal.value.message_dict) == {"max_uses", "max_per_buyer"}

    promotion.max_uses, promotion.max_per_buyer = None, 4
    promotion.full_clean(exclude=["currency"])


# --- cost


def queries_to_price(cart: Cart) -> int:
    cart = Cart.objects.get(pk=cart.pk)
    with CaptureQueriesContext(connection) as queries:
        pricing.price(cart, pictures=False)
    return len(queries)


def test_a_cart_that_meets_no_promotion_is_not_asked_about_any(buyer, shop, rival):
    cart = fill_cart(buyer, make_variant(shop))
    before = queries_to_price(cart)

    make_promotion(rival, percent=10)
    make_promotion(shop, percent=10, code="TEN")

    assert queries_to_price(cart) == before == 3


def test_pricing_costs_the_same_for_one_promotion_and_for_five(buyer, shop):
    bowls = make_category("Home", "Bowls")
    cart = fill_cart(buyer, make_variant(shop, category=bowls))

    def promote(n):
        make_promotion(shop, percent=5, categories=[bowls], max_per_buyer=9, name=f"Sale {n}")

    promote(0)
    one = queries_to_price(cart)
    for n in range(4):
        promote(n + 1)
    fill_cart(buyer, *[make_variant(shop, f"Bowl {n}", category=bowls) for n in range(4)])

    assert queries_to_price(cart) == one
    assert len(taken_off(cart)) == 5


# --- any promotion on any cart

shop_ids = st.integers(1, 3)
items = st.lists(
    st.builds(
        dict,
        shop_id=shop_ids,
        product_id=st.integers(1, 4),
        category_path=st.sampled_from(["", "0001", "00010001", "0002"]),
        unit_price_minor=st.integers(0, 20_000),
        quantity=st.integers(1, 12),
    ),
    min_size=1,
    max_size=6,
)


class Stub:
    def __init__(self, **fields):
        self.__dict__ |= fields


@st.composite
def any_promotion(draw):
    kind = draw(st.sampled_from(Promotion.Kind.values))
    promotion = Promotion(
        pk=draw(st.integers(1, 10**6)),
        kind=kind,
        shop_id=draw(st.none() | shop_ids),
        basis_points=draw(st.integers(1, 10_000)),
        amount_minor=draw(st.integers(1, 50_000)),
        buy_quantity=draw(st.integers(1, 3)),
        get_quantity=draw(st.integers(1, 3)),
        minimum_minor=draw(st.sampled_from([0, 0, 5000])),
        market_basis_points=draw(st.sampled_from([0, 3333, 5000, 10_000])),
    )
    promotion.has_products = draw(st.booleans())
    promotion.products_here = "1,2" if promotion.has_products else ""
    promotion.branches = draw(st.sampled_from(["", "0001"]))
    return promotion


@settings(max_examples=300, deadline=None)
@given(
    items=items,
    promotions=st.lists(any_promotion(), max_size=6),
    prices=st.lists(st.integers(0, 2000), min_size=6, max_size=6),
)
def test_any_promotions_on_any_cart_add_up(items, promotions, prices):
    goods = [Item(key=n, **item) for n, item in enumerate(items)]
    ways = [
        Sending(shop_id=n, price_minor=max(pair), cheapest_minor=min(pair))
        for n, pair in enumerate(zip(prices[::2], prices[1::2], strict=True), start=1)
    ]
    reckoning = Reckoning(goods, ways)

    for promotion in promotions:
        reckoning.take_off(promotion, pasts.Unknown())

    off, funded = reckoning.off_lines()
    off_delivery, delivery_funded = reckoning.off_deliveries()
    assert all(0 <= off[item.key] <= item.full_minor for item in goods)
    assert all(0 <= off_delivery[way.shop_id] <= way.price_minor for way in ways)
    assert all(0 <= funded[key] <= off[key] for key in range(len(goods)))
    assert all(0 <= delivery_funded[way.shop_id] <= off_delivery[way.shop_id] for way in ways)
    whole = sum(off.values()) + sum(off_delivery.values())
    assert whole == sum(one.discount_minor for one in reckoning.applied)
    for one in reckoning.applied:
        share = one.discount_minor * one.promotion.market_basis_points
        assert abs(one.funded_minor * 10_000 - share) <= 5000
        mine = {item.key for item in goods if discounts.concerns(one.promotion, item)}
        assert set(one.lines) <= mine
        if one.promotion.kind == "amount":
            assert one.discount_minor <= one.promotion.amount_minor
