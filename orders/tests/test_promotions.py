from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from hypothesis import given
from hypothesis import strategies as st

from accounts.tests.factories import make_address, make_shop
from carts.models import Cart, Promotion, TaxRate
from carts.services import coupons, pricing
from carts.tests.factories import fill_cart, make_promotion
from catalog.services import inventory
from catalog.tests.factories import make_variant, stock_of
from marketflow.core.models import OutboxEvent
from orders.gateways.test import TestGateway
from orders.models import LedgerAccount, LedgerTransfer, Order, OrderLine, Redemption, SellerOrder
from orders.services import cancelling, checkout, closing, payments, promotions, refunds
from orders.services.checkout import CouponExhausted, PriceChanged
from orders.services.refunds import NothingToRefund
from orders.services.shares import Wanted
from orders.tests.factories import make_order, pay, place

pytestmark = pytest.mark.django_db


def with_coupon(buyer, *variants, code: str = "TEN", quantity: int = 1) -> Cart:
    return coupons.apply(cart=fill_cart(buyer, *variants, quantity=quantity), code=code)


def used(promotion: Promotion) -> int:
    return Promotion.objects.get(pk=promotion.pk).used


def balances() -> dict[str, int]:
    rows = LedgerAccount.objects.exclude(balance_minor=0)
    return {row.kind: row.balance_minor for row in rows}


# --- the split


def test_one_coupon_two_shops(buyer, shop, rival):
    """Ready-made test 5: both parts add up to exactly 6.00, and the coupon counts one use."""
    promotion = make_promotion(off=600, code="SIX", max_uses=5)
    cart = with_coupon(
        buyer, make_variant(shop, price=1234), make_variant(rival, price=4321), code="SIX"
    )

    order = place(cart, buyer=buyer)

    parts = [sum(line.discount_minor for line in part.lines.all()) for part in _parts(order)]
    assert (sum(parts), len(parts), order.discount_minor) == (600, 2, 600)
    assert order.total_minor == 1234 + 4321 - 600 + 1000
    assert used(promotion) == 1
    assert order.redemptions.get().discount_minor == 600
    call_command("audit")


def test_shares_to_the_cent(buyer):
    """Ready-made test 4: 33.33, 33.33 and 33.34, each shop to the cent, frozen on its line."""
    shops = [make_shop(f"Shop {n}") for n in range(3)]
    make_promotion(off=10_000, market_basis_points=10_000)

    order = make_order(buyer, *[make_variant(one, price=10_000) for one in shops], paid=True)

    lines = OrderLine.objects.filter(seller_order__order=order)
    assert sorted(lines.values_list("discount_minor", flat=True)) == [3333, 3333, 3334]
    # The marketplace pays all of it: every shop is owed its full price.
    for part in _parts(order):
        line = part.lines.get()
        assert line.total_minor + line.discount_funded_minor == 10_000
    call_command("audit")


def _parts(order: Order) -> list[SellerOrder]:
    return list(order.seller_orders.order_by("pk").prefetch_related("lines"))


@pytest.mark.parametrize(("share", "funded"), [(0, 0), (5000, 250), (3333, 167), (10_000, 500)])
def test_who_pays_is_settled_in_the_ledger(buyer, shop, share, funded):
    make_promotion(shop, percent=10, market_basis_points=share)

    order = make_order(buyer, make_variant(shop, price=5000), paid=True)

    booked = LedgerTransfer.objects.filter(kind="promotion").values_list("amount_minor", flat=True)
    assert sum(booked) == funded
    assert -balances()["shop_pending"] == (
        order.total_minor + funded - LedgerTransfer.objects.get(kind="commission").amount_minor
    )
    call_command("audit")


def test_a_delivery_that_the_marketplace_pays_reaches_the_shop(buyer, shop):
    make_promotion(kind="free_shipping", market_basis_points=10_000)

    order = make_order(buyer, make_variant(shop, price=2000), paid=True)

    part = order.seller_orders.get()
    assert (part.shipping_minor, part.shipping_discount_minor, part.shipping_funded_minor) == (
        0,
        500,
        500,
    )
    assert (order.shipping_minor, order.discount_minor, order.total_minor) == (0, 0, 2000)
    assert LedgerTransfer.objects.get(kind="promotion").amount_minor == 500
    call_command("audit")


def test_what_was_taken_off_is_frozen_on_the_order(buyer, shop):
    promotion = make_promotion(shop, percent=10, name="Spring sale")
    order = make_order(buyer, make_variant(shop, price=1000))

    Promotion.objects.update(basis_points=9000, name="Autumn sale", is_active=False)
    pay(order)

    line, use = OrderLine.objects.get(), Redemption.objects.get(promotion=promotion)
    assert (line.discount_minor, use.name, use.discount_minor) == (100, "Spring sale", 100)
    call_command("audit")


# --- limits


def test_a_coupon_used_up_meanwhile_stops_the_order_and_the_next_quote_goes_without(
    buyer, stranger, shop
):
    bowl = make_variant(shop, price=1000)
    promotion = make_promotion(shop, percent=10, code="TEN", max_uses=1)
    cart = with_coupon(buyer, bowl)
    quote = pricing.price(cart).quote
    place(with_coupon(stranger, bowl), buyer=stranger)
    outbox = OutboxEvent.objects.count()

    with pytest.raises(CouponExhausted) as refusal:
        place(cart, buyer=buyer, quote=quote)

    assert refusal.value.cart.total.amount == 1500
    assert (used(promotion), stock_of(bowl), OutboxEvent.objects.count()) == (1, (5, 1), outbox)
    assert not Order.objects.filter(buyer=buyer).exists()

    order = place(cart, buyer=buyer, quote=refusal.value.cart.quote)

    assert (order.total_minor, order.redemptions.count()) == (1500, 0)
    call_command("audit")


@pytest.fixture
def somebody_is_faster(monkeypatch):
    """Changes every promotion while our stock is being taken, and for good."""
    take, place_it = inventory.reserve, checkout._place

    def change(**fields):
        tries = []

        def reserve(quantities, **named):
            take(quantities, **named)
            Promotion.objects.update(**fields)

        def attempt(*args):
            if tries:
                # What undid ours did not undo theirs.
                Promotion.objects.update(**fields)
            tries.append(args)
            return place_it(*args)

        monkeypatch.setattr(inventory, "reserve", reserve)
        monkeypatch.setattr(checkout, "_place", attempt)

    return change


@pytest.mark.parametrize(("code", "refused"), [("TEN", CouponExhausted), ("", PriceChanged)])
def test_the_last_use_lost_between_reading_and_taking_undoes_all(
    buyer, shop, somebody_is_faster, code, refused
):
    """The sure twin of the race."""
    bowl = make_variant(shop, price=1000)
    make_promotion(shop, percent=10, code=code, max_uses=1)
    cart = with_coupon(buyer, bowl) if code else fill_cart(buyer, bowl)
    somebody_is_faster(max_uses=0)

    with pytest.raises(PriceChanged) as refusal:
        place(cart, buyer=buyer)

    assert (type(refusal.value), refusal.value.cart.total.amount) == (refused, 1500)
    assert stock_of(bowl) == (5, 0)
    assert not Order.objects.exists()
    assert not Redemption.objects.exists()
    assert Cart.objects.get().ordered_at is None


def test_a_promotion_that_ends_while_the_order_is_placed_is_not_used(
    buyer, shop, somebody_is_faster
):
    promotion = make_promotion(shop, percent=10)
    cart = fill_cart(buyer, make_variant(shop, price=1000))
    somebody_is_faster(starts_at=now() - timedelta(hours=2), ends_at=now() - timedelta(hours=1))

    with pytest.raises(PriceChanged):
        place(cart, buyer=buyer)

    assert (used(promotion), Order.objects.count()) == (0, 0)


def test_one_per_buyer_is_one_per_buyer(buyer, stranger, shop):
    bowl = make_variant(shop, price=1000, stock=9)
    promotion = make_promotion(shop, percent=10, max_per_buyer=1)

    totals = [make_order(who, bowl).total_minor for who in (buyer, buyer, stranger)]

    assert totals == [1400, 1500, 1400]
    assert used(promotion) == 2
    call_command("audit")


def test_a_guest_is_one_buyer_however_the_address_is_spelt(shop):
    bowl = make_variant(shop, price=1000, stock=9)
    promotion = make_promotion(shop, percent=10, code="TEN", max_per_buyer=1)
    first, second = with_coupon(None, bowl), with_coupon(None, bowl)
    agreed = pricing.price(second).quote
    place(first, email="guest@example.test")

    with pytest.raises(CouponExhausted):
        place(second, email=" Guest@EXAMPLE.test", quote=agreed)

    assert used(promotion) == 1
    assert Order.objects.count() == 1


def test_what_a_guest_used_counts_for_the_account_of_that_address(buyer, shop):
    bowl = make_variant(shop, price=1000, stock=9)
    make_promotion(shop, percent=10, max_per_buyer=1)
    make_order(None, bowl, email=buyer.email.upper())

    assert make_order(buyer, bowl).total_minor == 1500


def test_a_first_order_is_the_first_that_was_not_called_off(buyer, shop):
    bowl = make_variant(shop, price=1000, stock=9)
    make_promotion(percent=10, first_order_only=True)
    first = make_order(buyer, bowl)
    closing.cancel(order=first)

    totals = [make_order(buyer, bowl).total_minor for _ in range(2)]

    assert (first.total_minor, totals) == (1400, [1400, 1500])


def test_a_guest_who_ordered_from_this_address_has_had_a_first_order(shop):
    bowl = make_variant(shop, price=1000, stock=9)
    make_order(None, bowl, email="Guest@example.test")
    make_promotion(percent=10, first_order_only=True)
    cart = fill_cart(None, bowl)
    agreed = pricing.price(cart).quote

    with pytest.raises(PriceChanged) as refusal:
        place(cart, email="guest@example.test", quote=agreed)

    assert refusal.value.cart.total.amount == 1500
    assert Order.objects.count() == 1


def test_the_schema_refuses_a_second_use_of_the_same_slot(buyer, shop):
    promotion = make_promotion(shop, percent=10, max_per_buyer=1)
    make_order(buyer, make_variant(shop, stock=9))
    use = Redemption.objects.get()
    other = make_order(None, make_variant(shop, "Vase"))

    with pytest.raises(IntegrityError), transaction.atomic():
        other.redemptions.update(buyer_key=use.buyer_key, slot=use.slot)

    assert used(promotion) == 2


def test_promotions_are_taken_after_the_stock_in_primary_key_order_each_under_its_condition(
    buyer, shop
):
    """The sure twin of the races, which an unguarded or shuffled version passes now and then."""
    for position in (3, 1, 2):
        make_promotion(shop, percent=5, position=position, max_uses=9)
    cart = fill_cart(buyer, make_variant(shop))

    with CaptureQueriesContext(connection) as queries:
        place(cart, buyer=buyer)

    statements = [query["sql"] for query in queries]
    taken = [sql for sql in statements if sql.startswith('UPDATE "carts_promotion"')]
    ids = [int(re.search(r'"carts_promotion"."id" = (\d+)', sql)[1]) for sql in taken]
    assert ids == sorted(Promotion.objects.values_list("pk", flat=True))
    assert all('"used" < ("carts_promotion"."max_uses")' in sql for sql in taken), taken
    last_stock = max(n for n, sql in enumerate(statements) if 'UPDATE "catalog_stock' in sql)
    assert last_stock < statements.index(taken[0])


# --- given back


def cancel(order: Order) -> None:
    closing.cancel(order=order)


def expire(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(expires_at="2020-01-01T00:00:00Z")
    assert closing.release_expired() == 1


def cancel_when_paid(order: Order) -> None:
    pay(order)
    for part in order.seller_orders.order_by("pk"):
        cancelling.cancel_units(part=part, reason="Broken")


@pytest.mark.parametrize("close", [cancel, expire, cancel_when_paid])
def test_an_order_that_comes_to_nothing_gives_its_use_back(buyer, stranger, shop, close):
    bowl = make_variant(shop, price=1000)
    promotion = make_promotion(shop, percent=10, code="TEN", max_uses=1, max_per_buyer=1)
    order = place(with_coupon(buyer, bowl), buyer=buyer)

    close(order)

    assert (used(promotion), Redemption.objects.get().state) == (0, "released")
    again = place(with_coupon(buyer, bowl), buyer=buyer)
    assert (again.total_minor, used(promotion)) == (1400, 1)
    call_command("audit")


def test_an_order_that_one_shop_still_sends_keeps_its_use(buyer, shop, rival):
    promotion = make_promotion(percent=10)
    order = make_order(buyer, make_variant(shop), make_variant(rival), paid=True)

    cancelling.cancel_units(part=order.seller_orders.get(shop=rival), reason="Broken")

    assert (used(promotion), Redemption.objects.get().state) == (1, "used")
    call_command("audit")


def test_a_use_is_given_back_once(buyer, shop):
    bowl = make_variant(shop, stock=9)
    promotion = make_promotion(shop, percent=10)
    order, _other = make_order(buyer, bowl), make_order(buyer, bowl)

    assert [promotions.give_back(order=order) for _ in range(2)] == [1, 0]

    assert used(promotion) == 1


def test_the_lowest_free_slot_is_used_again(buyer, shop):
    bowl = make_variant(shop, stock=9)
    make_promotion(shop, percent=10, max_per_buyer=3)
    orders = [make_order(buyer, bowl) for _ in range(3)]
    closing.cancel(order=orders[1])

    order = make_order(buyer, bowl)

    assert order.redemptions.get().slot == 2
    call_command("audit")


# --- orders that cost nothing


@pytest.fixture
def nothing_to_pay(buyer, shop):
    make_promotion(percent=100, market_basis_points=10_000, name="All of it")
    make_promotion(kind="free_shipping", market_basis_points=10_000, name="Free delivery")
    return make_order(buyer, make_variant(shop, price=2000, stock=9), quantity=2)


def test_an_order_that_costs_nothing_is_paid_at_once_without_a_provider(nothing_to_pay, shop):
    order, part = nothing_to_pay, nothing_to_pay.seller_orders.get()

    assert (order.total_minor, order.state, part.state) == (0, "paid", "paid")
    payment = order.payments.get()
    assert (payment.provider, payment.state, payment.captured_minor) == ("none", "captured", 0)
    assert OutboxEvent.objects.filter(name="orders.OrderPaid").count() == 1
    # The marketplace owes the shop all of it, less the commission.
    assert balances()["promotion"] == 4500
    assert not LedgerTransfer.objects.filter(amount_minor=0).exists()
    assert not LedgerAccount.objects.filter(kind="provider").exists()
    with pytest.raises(payments.AlreadyPaid):
        pay(order)
    call_command("audit")


def test_a_refund_of_what_cost_nothing_gives_units_and_funding_back(
    nothing_to_pay, monkeypatch, django_capture_on_commit_callbacks
):
    part = nothing_to_pay.seller_orders.get()
    line = part.lines.get()
    monkeypatch.setattr(TestGateway, "refund", pytest.fail)

    with django_capture_on_commit_callbacks(execute=True):
        first = refunds.decide(part=part, lines={line.pk: Wanted(units=1)}, kind="goodwill")
    assert balances()["promotion"] == 2500
    call_command("audit")
    with django_capture_on_commit_callbacks(execute=True):
        refunds.decide_all(part=part, kind="goodwill")

    line.refresh_from_db()
    first.refresh_from_db()
    assert (line.refunded_units, first.state, first.amount_minor) == (2, "succeeded", 0)
    assert balances() == {}
    call_command("audit")


def test_settling_an_order_that_costs_something_for_free_is_a_bug(buyer, shop):
    order = make_order(buyer, make_variant(shop))

    with pytest.raises(ValueError, match="costs something"):
        payments.settle_free(order=order)

    order.refresh_from_db()
    assert (order.state, order.payments.count()) == ("awaiting_payment", 0)


# --- sell, then refund, in any steps


@given(data=st.data())
def test_sell_with_promotions_then_refund_in_any_steps_leaves_every_account_at_zero(
    buyer, shop, rival, data
):
    with transaction.atomic():
        TaxRate.objects.create(
            country="IE", tax_class="standard", basis_points=2300, valid_from=date(2020, 1, 1)
        )
        made = [any_promotion(data, data.draw(st.sampled_from([shop, rival, None]))) for _ in "ab"]
        prices = st.integers(1, 9_999)
        goods = [
            make_variant(shop, "Bowl", price=data.draw(prices), stock=9),
            make_variant(shop, "Lamp", price=data.draw(prices), stock=9),
            make_variant(rival, "Vase", price=777, stock=9),
        ]
        order = make_order(buyer, *goods, quantity=data.draw(st.integers(1, 4)))
        if order.total_minor:
            pay(order)
        call_command("audit")
        for part in order.seller_orders.order_by("pk"):
            refund_in_steps(part, data)
        call_command("audit")

        assert balances() == {}
        for line in OrderLine.objects.filter(seller_order__order=order):
            assert line.funded_back_minor == line.discount_funded_minor
        # As a full cancellation does last.
        Order.objects.filter(pk=order.pk).update(state="cancelled")
        promotions.give_back(order=order)
        assert [used(promotion) for promotion in made] == [0, 0]
        transaction.set_rollback(True)


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


def refund_in_steps(part: SellerOrder, data) -> None:
    for _ in range(data.draw(st.integers(0, 3))):
        line = data.draw(st.sampled_from(list(part.lines.order_by("pk"))))
        left = SellerOrder.objects.get(pk=part.pk)
        delivery = left.shipping_minor - left.shipping_refunded_minor
        most = line.total_minor - line.refunded_minor
        wanted = (
            Wanted(units=data.draw(st.integers(0, line.quantity - line.refunded_units)))
            if data.draw(st.booleans())
            else Wanted(amount_minor=data.draw(st.integers(0, most)))
        )
        shipping = data.draw(st.integers(0, delivery))
        try:
            refund = refunds.decide(
                part=part, lines={line.pk: wanted}, shipping_minor=shipping, kind="goodwill"
            )
        except NothingToRefund:
            continue
        refunds.send(refund)
    try:
        refunds.send(refunds.decide_all(part=part, kind="goodwill"))
    except NothingToRefund:
        assert part.lines.exists()


# --- cost


def statements_to_place(buyer, *variants) -> int:
    cart = fill_cart(buyer, *variants)
    quote = pricing.price(cart).quote
    with CaptureQueriesContext(connection) as queries:
        place(cart, buyer=buyer, quote=quote)
    return len([query for query in queries if "SAVEPOINT" not in query["sql"]])


def test_a_promotion_costs_an_order_seven_statements_and_the_next_two_each(
    buyer, stranger, shop, rival
):
    goods = [
        make_variant(shop, "Bowl", stock=9),
        make_variant(shop, "Lamp", stock=9),
        make_variant(rival, "Vase", stock=9),
    ]
    without = statements_to_place(stranger, *goods)

    make_promotion(percent=10)
    one = statements_to_place(buyer, *goods)
    make_promotion(shop, percent=10)
    two = statements_to_place(buyer, *goods)

    # Looked up with what it is about, written down, its shares (2), counted, its buyer's
    # uses read, its slot.
    assert (one - without, two - one) == (7, 2)


# --- who loses the last use again


def test_who_loses_the_last_use_twice_is_shown_the_cart_as_it_is(api, buyer, shop, monkeypatch):
    """Gone, given back by another order, and gone again: still a quote that can be confirmed."""
    make_promotion(shop, percent=10, code="TEN", max_uses=1)
    cart = fill_cart(buyer, make_variant(shop))
    coupons.apply(cart=cart, code="TEN")
    quote = pricing.price(Cart.objects.get(), country="IE").quote

    def lose(**kwargs):
        raise promotions.UsedUp

    monkeypatch.setattr(promotions, "redeem", lose)
    body = {"quote": quote, "shipping_address": make_address(), "payment_method": "test"}
    answer = api.post(
        "/api/v1/checkout/", body, format="json", headers={"Idempotency-Key": "once"}
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "coupon_exhausted")
    assert answer.json()["cart"]["quote"] == quote
    assert not Order.objects.exists()
    assert Cart.objects.get().ordered_at is None
