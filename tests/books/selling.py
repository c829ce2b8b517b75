"""Selling, in the market and in the auditor's books: where every history begins."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Now
from django.test import override_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from accounts.tests.factories import make_bank_account, make_shop, make_user
from carts.models import Cart, ShippingOption, TaxRate
from carts.services import coupons
from carts.services.coupons import CouponNotApplicable
from carts.tests.factories import fill_cart, make_promotion, make_shipping
from catalog.tests.factories import make_variant
from marketflow.core import invariants
from orders.gateways import Outcome
from orders.models import LedgerAccount, Order, Payment, SellerOrder
from orders.services import closing, invoices, payments, refunds
from orders.tests.factories import pay, place
from tests.books.auditor import Auditor

CURRENCIES = ("EUR", "SEK")
SMALL = st.integers(1, 3)
SHARE = st.integers(0, 100)


class Selling(RuleBasedStateMachine):
    """Orders that are paid, closed, or paid when they are closed already."""

    # Of all histories together.
    taken = histories = 0

    def __init__(self) -> None:
        super().__init__()
        self.world = transaction.atomic()
        self.world.__enter__()
        self.auditor = Auditor()
        self.unpaid: list[Order] = []
        self.steps = 0

    def teardown(self) -> None:
        try:
            type(self).taken += self.steps
            type(self).histories += 1
            invoices.issue_due()
            assert [found for found in invariants.prove() if found.rows] == []
        finally:
            transaction.set_rollback(True)
            self.world.__exit__(None, None, None)

    @initialize()
    def open_the_market(self) -> None:
        TaxRate.objects.create(
            country="IE", tax_class="standard", basis_points=2300, valid_from=date(2020, 1, 1)
        )
        self.buyer = make_user("ana")
        self.shops, self.goods = [], {currency: [] for currency in CURRENCIES}
        for name, prices in [("Fern & Co", (1999, 1, 333)), ("Rival Goods", (777, 100_000))]:
            shop = make_shop(name, payout_schedule="manual", returns_days=365)
            make_bank_account(shop)
            self.shops.append(shop)
            make_shipping(shop, price=495)
            for currency in CURRENCIES:
                for price in prices:
                    variant = make_variant(shop, price=price, stock=10_000, currency=currency)
                    self.goods[currency].append(variant)

    # --- selling

    @rule(
        currency=st.sampled_from(CURRENCIES),
        chosen=st.sets(st.integers(0, 4), min_size=1, max_size=3),
        units=SMALL,
        discount=SHARE,
        funded=SHARE,
    )
    def order(self, currency: str, chosen: set[int], units: int, discount: int, funded: int):
        variants = [self.goods[currency][n] for n in sorted(chosen)]
        # A market has one currency; its operator has just chosen another.
        ShippingOption.objects.update(currency=currency)
        with override_settings(MARKETPLACE_CURRENCY=currency):
            cart = fill_cart(self.buyer, *variants, quantity=units)
            if discount:
                cart = self._reduced(cart, discount, funded, is_delivery=discount > 90)
            order = place(cart, buyer=self.buyer)
        self.unpaid.append(order)
        self.auditor.placed(
            order.pk,
            currency,
            {
                part.pk: {
                    "shop": part.shop_id,
                    "delivery": part.shipping_minor,
                    "delivery_funded": part.shipping_funded_minor,
                    "lines": {
                        line.pk: {
                            "price": line.unit_price_minor,
                            "units": line.quantity,
                            "off": line.discount_minor,
                            "funded": line.discount_funded_minor,
                        }
                        for line in part.lines.all()
                    },
                }
                for part in order.seller_orders.all()
            },
        )

    def _reduced(self, cart: Cart, percent: int, funded: int, *, is_delivery: bool) -> Cart:
        """A coupon of the market: so many percent off, or the delivery free."""
        code = f"C{self.steps}"
        make_promotion(
            percent=None if is_delivery else percent,
            kind="free_shipping" if is_delivery else "percent",
            code=code,
            currency=settings.MARKETPLACE_CURRENCY,
            market_basis_points=funded * 100,
        )
        try:
            return coupons.apply(cart=cart, code=code)
        except CouponNotApplicable:
            # Of a cent nothing can be taken off.
            return cart

    @precondition(lambda self: self.unpaid)
    @rule(data=st.data())
    def pay(self, data) -> None:
        order = self._take_unpaid(data)
        pay(order)
        self.auditor.paid(order.pk)

    @precondition(lambda self: self.unpaid)
    @rule(data=st.data(), expires=st.booleans())
    def close(self, data, expires: bool) -> None:
        order = self._take_unpaid(data)
        self._close(order, expires)

    @precondition(lambda self: self.unpaid)
    @rule(data=st.data(), expires=st.booleans())
    def close_and_be_paid_after_all(self, data, expires: bool) -> None:
        order = self._take_unpaid(data)
        card = {"card": "4000002500003155"}
        payment = payments.start(order=order, method="test", details=card)
        self._close(order, expires)
        came = Outcome(status="captured", reference=payment.provider_reference, method="Card")
        payments.settle(payment=Payment.objects.get(pk=payment.pk), outcome=came)
        refunds.send_due()
        self.auditor.paid_without_need(order.pk, order.total_minor)

    def _take_unpaid(self, data) -> Order:
        at = data.draw(st.integers(0, len(self.unpaid) - 1))
        return Order.objects.get(pk=self.unpaid.pop(at).pk)

    def _close(self, order: Order, expires: bool) -> None:
        if expires:
            Order.objects.filter(pk=order.pk).update(expires_at=Now() - timedelta(minutes=1))
            assert closing.release_expired() == 1
        else:
            closing.cancel(order=order)

    # --- after every step

    @invariant()
    def balances_are_those_of_the_auditor(self) -> None:
        self.steps += 1
        rows = LedgerAccount.objects.exclude(balance_minor=0)
        expected = {key: value for key, value in self.auditor.balances.items() if value}
        assert dict(rows.values_list("key", "balance_minor")) == expected

    @invariant()
    def payments_are_those_of_the_auditor(self) -> None:
        totals = Order.objects.filter(paid_at__isnull=False).annotate(
            paid=Sum("payments__captured_minor"), back=Sum("payments__refunded_minor")
        )
        told = {key: (book["paid"], book["back"]) for key, book in self.auditor.orders.items()}
        for pk, paid, back in totals.values_list("pk", "paid", "back"):
            assert (paid, back) == told[pk]

    def _draw(self, data, fits: Callable[[SellerOrder], object]) -> SellerOrder | None:
        parts = SellerOrder.objects.filter(order__paid_at__isnull=False).select_related("order")
        known = [part for part in parts.order_by("pk") if fits(part)]
        return data.draw(st.sampled_from(known)) if known else None
