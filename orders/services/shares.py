"""How much of a line and of a delivery a refund gives back, and what goes back with it.

Everything follows one progress, from nothing to all of a line. Each amount is what it comes to
after the refund less what it came to before, so that any sequence of refunds adds up to the whole
to the minor unit. What the marketplace funded is rounded down on the way and commission up, so
that a shop never owes more than it got.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from marketflow.core.errors import Refusal
from marketflow.core.money import Money
from orders.models import Commission, OrderLine, SellerOrder


class RefundTooLarge(Refusal):
    """`available` is what can still be refunded, in minor units."""

    code = "refund_too_large"
    message = "That is more than can still be refunded."


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to refund of a line: units at what was paid for them, or an amount alone.

    `amount_minor` (minor units) stands instead of the price of `units` where it is given.
    """

    units: int = 0
    amount_minor: int | None = None


@dataclass(frozen=True, kw_only=True)
class LineShare:
    """What a refund takes of a line. Amounts in minor units."""

    line: OrderLine
    commission: Commission
    units: int
    amount_minor: int
    tax_minor: int
    funded_minor: int
    commission_minor: int
    commission_vat_minor: int


def of_lines(part: SellerOrder, wanted: Mapping[int, Wanted]) -> list[LineShare]:
    """The shares of `wanted`, by primary key. Raises `RefundTooLarge` beyond what is left."""
    lines = {line.pk: line for line in part.lines.select_related("commission")}
    if unknown := wanted.keys() - lines.keys():
        raise LookupError(f"lines {sorted(unknown)} are not of {part}")
    shares = []
    for pk in sorted(wanted):
        line, want = lines[pk], wanted[pk]
        amount = price_of(line, want.units) if want.amount_minor is None else want.amount_minor
        units_left = line.quantity - line.refunded_units
        left = line.total_minor - line.refunded_minor
        if not 0 <= want.units <= units_left or not 0 <= amount <= left:
            raise RefundTooLarge(available=left, units=units_left)
        if want.units or amount:
            shares.append(_share(line, want.units, amount))
    return shares


def of_delivery(part: SellerOrder, amount_minor: int, shares: Iterable[LineShare]) -> int:
    """What the marketplace takes back of the delivery it paid, when `amount_minor` is refunded.

    A delivery that was free for the buyer goes back with the last of the goods, `shares`.
    """
    if part.shipping_minor:
        after = Fraction(part.shipping_refunded_minor + amount_minor, part.shipping_minor)
        return int(part.shipping_funded_minor * after) - part.shipping_funded_back_minor
    if not part.shipping_funded_minor:
        return 0
    units = {share.line.pk: share.units for share in shares}
    is_last = all(
        line.refunded_units + units.get(line.pk, 0) == line.quantity for line in part.lines.all()
    )
    return part.shipping_funded_minor - part.shipping_funded_back_minor if is_last else 0


def delivery_tax(part: SellerOrder, amount_minor: int) -> int:
    """The VAT inside `amount_minor` of the delivery."""
    return _between(
        part.shipping_tax_minor,
        _progress(part.shipping_refunded_minor, part.shipping_minor),
        _progress(part.shipping_refunded_minor + amount_minor, part.shipping_minor),
    )


def spread(part: SellerOrder, amount_minor: int) -> tuple[dict[int, Wanted], int]:
    """`amount_minor` over the lines and the delivery of `part`, by what is left of each."""
    lines = sorted(part.lines.all(), key=lambda line: line.pk)
    left = [line.total_minor - line.refunded_minor for line in lines]
    left.append(part.shipping_left.amount)
    *goods, delivery = Money(amount_minor, part.order.currency).split(left)
    wanted = {
        line.pk: Wanted(amount_minor=share.amount)
        for line, share in zip(lines, goods, strict=True)
        if share.amount
    }
    return wanted, delivery.amount


def price_of(line: OrderLine, units: int) -> int:
    """What was paid for the next `units` of `line` that were not refunded, in minor units."""
    before = line.total_minor * line.refunded_units // line.quantity
    after = line.total_minor * (line.refunded_units + units) // line.quantity
    return min(after - before, line.total_minor - line.refunded_minor)


def _share(line: OrderLine, units: int, amount: int) -> LineShare:
    commission = line.commission
    after = _after(line, units, amount)
    funded = int(line.discount_funded_minor * after) - line.funded_back_minor
    before = _after(line, 0, 0)
    return LineShare(
        line=line,
        commission=commission,
        units=units,
        amount_minor=amount,
        tax_minor=_between(line.tax_included_minor, before, after),
        funded_minor=max(funded, 0),
        commission_minor=_up(commission.amount_minor, after) - commission.back_minor,
        commission_vat_minor=_up(commission.vat_minor, after) - commission.vat_back_minor,
    )


def _after(line: OrderLine, units: int, amount: int) -> Fraction:
    """How far the refunds of `line` have come, with `units` and `amount` more: 0 to 1."""
    if line.total_minor:
        return Fraction(line.refunded_minor + amount, line.total_minor)
    return Fraction(line.refunded_units + units, line.quantity)


def _progress(amount: int, whole: int) -> Fraction:
    return Fraction(amount, whole) if whole else Fraction(0)


def _between(whole: int, before: Fraction, after: Fraction) -> int:
    return _half_up(whole, after) - _half_up(whole, before)


def _half_up(whole: int, progress: Fraction) -> int:
    """That part of an amount, rounded half up."""
    exact = whole * progress
    return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)


def _up(whole: int, progress: Fraction) -> int:
    return -(-(whole * progress) // 1)
