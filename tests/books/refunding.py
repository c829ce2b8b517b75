"""Refunds by shops, in the market and in the auditor's books."""

from __future__ import annotations

from collections.abc import Callable
from unittest import mock

from django.db import IntegrityError, transaction
from hypothesis import strategies as st
from hypothesis.stateful import rule

from orders.models import OrderLine, SellerOrder
from orders.services import refunds, shares
from orders.services.shares import RefundTooLarge, Wanted
from tests.books.selling import SHARE, SMALL, Selling


class Refunding(Selling):
    @rule(data=st.data(), units=SMALL, delivery=SHARE)
    def refund_units(self, data, units: int, delivery: int) -> None:
        def wanted(line: OrderLine) -> Wanted:
            return Wanted(units=min(units, line.unrefunded))

        self._refund(data, wanted, delivery)

    @rule(data=st.data(), share=SHARE, delivery=SHARE)
    def refund_money(self, data, share: int, delivery: int) -> None:
        def wanted(line: OrderLine) -> Wanted:
            return Wanted(amount_minor=(line.total_minor - line.refunded_minor) * share // 100)

        self._refund(data, wanted, delivery)

    def _refund(self, data, wanted: Callable[[OrderLine], Wanted], delivery: int) -> None:
        part = self._draw(data, is_refundable)
        if part is None:
            return
        lines = {line.pk: wanted(line) for line in part.lines.all()}
        shipping = (part.shipping_minor - part.shipping_refunded_minor) * delivery // 100
        if not shipping and not any(want.units or want.amount_minor for want in lines.values()):
            return
        refund = refunds.decide(part=part, lines=lines, shipping_minor=shipping, kind="goodwill")
        refunds.send(refund)
        told = {pk: (want.units, want.amount_minor) for pk, want in lines.items()}
        assert self.auditor.refunded(part.pk, told, shipping) == refund.amount_minor

    @rule(data=st.data())
    def refuse_too_much(self, data) -> None:
        part = self._draw(data, is_refundable)
        if part is None:
            return
        line = part.lines.first()
        too_much = Wanted(amount_minor=line.total_minor - line.refunded_minor + 1)
        try:
            refunds.decide(part=part, lines={line.pk: too_much}, kind="goodwill")
        except RefundTooLarge:
            return
        raise AssertionError("more was refunded than was paid")

    @rule(data=st.data())
    def refund_twice_at_once(self, data) -> None:
        """Two members read what is left before either wrote, as if no lock had held them."""
        part = self._draw(data, is_refundable)
        if part is None:
            return
        lines = {line.pk: Wanted(units=line.unrefunded) for line in part.lines.all()}
        lines = {pk: want for pk, want in lines.items() if want.units}
        if not lines:
            return
        read = shares.of_lines(part, lines)
        refunds.send(refunds.decide(part=part, lines=lines, kind="goodwill"))
        self.auditor.refunded(part.pk, {pk: (want.units, None) for pk, want in lines.items()}, 0)
        with mock.patch.object(shares, "of_lines", return_value=read):
            try:
                with transaction.atomic():
                    again = refunds.decide(part=part, lines=lines, kind="goodwill")
            except (RefundTooLarge, IntegrityError):
                return
        # The auditor was not told of it: the next comparison finds it, if money moved.
        assert again.amount_minor, "units whose money was back already were refunded twice"


def is_refundable(part: SellerOrder) -> bool:
    return part.state not in ("pending", "expired", "cancelled")
