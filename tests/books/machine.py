"""The market's books against the auditor's: whatever happens in whatever order, they agree."""

from __future__ import annotations

from django.db.models import F
from hypothesis import strategies as st
from hypothesis.stateful import rule

from marketflow.core.money import Money
from orders.models import CommissionRule, SellerOrder
from orders.services import (
    cancelling,
    disputes,
    fulfilment,
    payout_sending,
    payouts,
    refunds,
    returns,
)
from orders.services.payouts import NotPayable
from orders.services.returns import Arrived
from tests.books.refunding import Refunding, is_refundable
from tests.books.selling import CURRENCIES, SMALL


class MarketAgainstAuditor(Refunding):
    """Every step is taken twice: by the services, and in the auditor's head."""

    # --- on its way

    @rule(data=st.data(), units=SMALL)
    def ship(self, data, units: int) -> None:
        part = self._draw(data, lambda part: part.state == "paid")
        if part is None:
            return
        lines = {line.pk: min(units, line.unshipped) for line in part.lines.all()}
        fulfilment.ship(seller_order=part, lines=lines)

    @rule(data=st.data())
    def complete(self, data) -> None:
        part = self._draw(
            data,
            lambda part: (
                part.state in ("shipped", "delivered") and not part.disputes.open().exists()
            ),
        )
        if part is None:
            return
        if part.state == "shipped":
            fulfilment.deliver(seller_order=part)
        fulfilment.complete(seller_order=part)
        self.auditor.completed(part.pk)

    @rule(data=st.data())
    def cancel(self, data) -> None:
        part = self._draw(data, lambda part: part.state == "paid")
        if part is None or part.disputes.open().exists():
            return
        parts = list(part.order.seller_orders.order_by("pk"))
        is_untouched = all(
            one.state == "paid"
            and not one.lines.filter(shipped__gt=0).exists()
            and not one.disputes.open().exists()
            for one in parts
        )
        if not is_untouched:
            return
        cancelling.cancel(order=part.order)
        for one in parts:
            self._refunded_all(one)

    @rule(data=st.data(), units=SMALL)
    def cancel_units(self, data, units: int) -> None:
        part = self._draw(data, lambda part: part.state == "paid")
        if part is None or part.disputes.open().exists():
            return
        lines = {line.pk: min(units, line.unshipped) for line in part.lines.all()}
        back = {
            line.pk: (min(lines[line.pk], line.unrefunded), None)
            for line in part.lines.all()
            if lines[line.pk]
        }
        cancelling.cancel_units(part=part, lines=lines, reason="No.")
        if SellerOrder.objects.get(pk=part.pk).state == "cancelled":
            self._refunded_all(part)
        else:
            self.auditor.refunded(part.pk, back, 0)
            refunds.send_due()

    def _refunded_all(self, part: SellerOrder) -> None:
        self.auditor.refunded_all(part.pk)
        refunds.send_due()

    @rule(data=st.data(), units=SMALL)
    def send_back(self, data, units: int) -> None:
        part = self._draw(
            data,
            lambda part: (
                part.state in ("shipped", "delivered", "completed")
                and is_refundable(part)
                and returns.returnable(part)
            ),
        )
        if part is None:
            return
        lines = {pk: min(units, left) for pk, left in returns.returnable(part).items()}
        back = {
            line.pk: (min(lines[line.pk], line.unrefunded), None)
            for line in part.lines.all()
            if line.pk in lines
        }
        parcel = returns.request(part=part, lines=lines, reason="Blue.")
        returns.approve(parcel=parcel)
        came = {pk: Arrived(units=count) for pk, count in lines.items()}
        if returns.receive(parcel=parcel, lines=came) is not None:
            refunds.send_due()
            self.auditor.refunded(part.pk, back, 0)

    @rule(data=st.data(), share=st.integers(1, 100), fee=st.integers(0, 2000), won=st.booleans())
    def be_charged_back(self, data, share: int, fee: int, won: bool) -> None:
        part = self._draw(data, is_refundable)
        if part is None or not part.refundable.amount:
            return
        payment = part.order.payments.get()
        parts = [one for one in part.order.seller_orders.order_by("pk") if one.refundable.amount]
        left = [self.auditor.left(one.pk) for one in parts]
        amount = max(1, sum(left) * share // 100)
        reference = f"dp_{self.steps}"
        opened = disputes.open_by_provider(
            payment=payment, reference=reference, amount_minor=amount, fee_minor=fee
        )
        for dispute in opened:
            self.auditor.parts[dispute.seller_order_id]["frozen"] = True
        self.balances_are_those_of_the_auditor()
        self._compare_what_is_payable()
        disputes.close_by_provider(payment=payment, reference=reference, is_won=won)
        for one, taken in zip(parts, Money(amount, payment.currency).split(left), strict=True):
            self.auditor.parts[one.pk]["frozen"] = False
            if taken.amount and not won:
                self.auditor.charged_back(one.pk, taken.amount)
        if not won:
            self.auditor.fee_of_dispute(payment.currency, fee)

    # --- commission and payouts

    @rule(
        rate=st.integers(0, 4000),
        fixed=st.integers(0, 50),
        least=st.integers(0, 30),
        most=st.one_of(st.none(), st.integers(30, 500)),
        lowest=st.sampled_from([0, 500]),
        of_one_shop=st.booleans(),
    )
    def put_a_rule_first(self, rate, fixed, least, most, lowest, of_one_shop) -> None:
        shop = self.shops[0] if of_one_shop else None
        CommissionRule.objects.update(position=F("position") + 1000)
        CommissionRule.objects.create(
            name="Rule",
            position=self.steps % 1000,
            shop=shop,
            min_price_minor=lowest or None,
            basis_points=rate,
            fixed_minor=fixed,
            minimum_minor=least,
            maximum_minor=most,
        )
        told = {"shop": shop.pk if shop else None, "lowest": lowest, "rate": rate}
        told |= {"fixed": fixed, "least": least, "most": most}
        self.auditor.rules.insert(0, told)

    @rule(number=st.integers(0, 1), currency=st.sampled_from(CURRENCIES), comes_back=st.booleans())
    def pay_out(self, number: int, currency: str, comes_back: bool) -> None:
        shop = self.shops[number]
        due = self.auditor.payable(shop.pk, currency)
        try:
            payout = payouts.request(shop=shop, currency=currency, actor=self.buyer)
        except NotPayable:
            assert due <= 0
            return
        assert payout.amount_minor == due == self.auditor.paid_out(shop.pk, currency)
        payout = payout_sending.send(payout=payout)
        if comes_back:
            payout_sending.mark_returned(payout=payout)
            self.auditor.came_back(shop.pk, currency, due)

    def _compare_what_is_payable(self) -> None:
        for shop in self.shops:
            for currency in CURRENCIES:
                found = payouts.look(shop, currency, asked=True)
                assert found.amount_minor == self.auditor.payable(shop.pk, currency)
