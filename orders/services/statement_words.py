"""The words of statements: how each amount was reckoned."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from django.utils.translation import gettext as _

from marketflow.core.money import Money
from marketflow.core.prices import minor_digits
from marketflow.core.templatetags.marketflow import money
from orders.models import Commission, LedgerTransfer, OrderLine, Payout, Refund, SellerOrder


def sale(line: OrderLine, unit: Money) -> str:
    said = f"{line.quantity} × {money(unit)}"
    if not line.tax_included_minor:
        return said
    tax = Money(line.tax_included_minor, unit.currency)
    facts = {"rate": percent(line.tax_basis_points), "tax": money(tax)}
    return said + ", " + _("%(rate)s VAT inside: %(tax)s") % facts


def delivery(part: SellerOrder) -> str:
    if not part.shipping_name:
        return _("Delivery")
    return _("Delivery: %(name)s") % {"name": part.shipping_name}


def named(what: str, promotion: str) -> str:
    """A discount, and the promotion that took it off where that is known."""
    return f"{what}: {promotion}" if promotion else what


def payers(by_shop: Money, by_marketplace: Money) -> str:
    """Who pays a discount."""
    if not by_marketplace.amount:
        return _("Paid by the shop")
    if not by_shop.amount:
        return _("Paid by the marketplace")
    facts = {"shop": money(by_shop), "market": money(by_marketplace)}
    return _("%(shop)s paid by the shop, %(market)s by the marketplace") % facts


def commission(commission: Commission, currency: str) -> str:
    """`10 % of €19.99 = €1.999, rounded to €2.00`, and the bounds that counted."""
    inputs = commission.inputs
    quantity = inputs.get("quantity", 1)
    parts = [part_of(commission.base_minor, inputs.get("basis_points", 0), currency)]
    if fixed := inputs.get("fixed_minor"):
        parts.append(
            _("%(amount)s for each of %(count)d units")
            % {"amount": money(Money(fixed, currency)), "count": quantity}
        )
    if lowest := inputs.get("minimum_minor"):
        parts.append(_("at least %s a unit") % money(Money(lowest, currency)))
    if (highest := inputs.get("maximum_minor")) is not None:
        parts.append(_("at most %s a unit") % money(Money(highest, currency)))
    return "; ".join(parts)


def part_of(amount_minor: int, basis_points: float, currency: str) -> str:
    """A share of an amount, and the rounding of it where there was any."""
    exact = amount_minor * Fraction(str(basis_points)) / 10_000
    rounded = Money(int(exact + Fraction(1, 2)), currency)
    said = _("%(rate)s of %(base)s") % {
        "rate": percent(basis_points),
        "base": money(Money(amount_minor, currency)),
    }
    if exact == rounded.amount:
        return said
    # A hundredth of a minor unit is as fine as anybody wants to know it.
    fine = Decimal(int(exact * 100 + Fraction(1, 2))).scaleb(-2 - minor_digits(currency))
    return said + ", " + _("rounded from %s") % f"{fine.normalize():f}"


def percent(basis_points: float) -> str:
    rate = Decimal(str(basis_points)) / 100
    return f"{rate.normalize():f} %"


def refund(refund: Refund) -> str:
    units = [
        f"{line.quantity} × {line.line.title}" if line.quantity else line.line.title
        for line in refund.lines.all()
    ]
    if refund.shipping_minor:
        units.append(_("Delivery"))
    kind = str(Refund.Kind(refund.kind).label)
    return f"{kind}: {', '.join(units)}" if units else kind


def refund_fact(kind: str) -> str:
    return {
        "refund": _("Refund to the buyer"),
        "recovery": _("Refund to the buyer, which an earlier payout had paid you"),
        "commission_back": _("Commission given back"),
        "commission_vat_back": _("VAT on commission given back"),
        "promotion_back": _("Discount paid by the marketplace, taken back"),
    }.get(kind, kind.replace("_", " ").capitalize())


def fact(transfer: LedgerTransfer, payout: Payout | None) -> str:
    if transfer.kind == "payout_back" and payout is not None:
        return _("Payout %(number)d, which did not arrive") % {"number": payout.number}
    return {"recovery": _("What the shop owed")}.get(
        transfer.kind, transfer.kind.replace("_", " ").capitalize()
    )
