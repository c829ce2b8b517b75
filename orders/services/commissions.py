"""Commission: the first rule of the operator's list that matches a line sets it, for good.

It is reckoned on what the shop earns with the line: its total, and what the marketplace pays of
its discount. Delivery bears none. Rates in hundredths of a percent, rounded half up per line;
fixed amounts and bounds are per unit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import Shop
from carts.services import tax
from catalog.models import TaxClass
from marketflow.core.compiled import CompiledQuery
from orders.models import Commission, CommissionRule, OrderLine


@dataclass(frozen=True, kw_only=True)
class Sale:
    """What a rule looks at: one line, as it was sold. Amounts in minor units."""

    shop_id: int
    # Of the product's category; a rule's category matches what its path begins.
    category_path: str
    unit_price_minor: int
    quantity: int
    base_minor: int


@dataclass(frozen=True, kw_only=True)
class Charge:
    """What a sale costs its shop, and by which rule. `rule` is None for the default."""

    rule: CommissionRule | None
    rule_name: str
    amount_minor: int
    inputs: dict[str, object]


_in_force = CompiledQuery(
    lambda: (
        CommissionRule.objects.filter(is_active=True)
        .select_related("category")
        .order_by("position")
    )
)


def rules_in_force() -> list[CommissionRule]:
    """The operator's list, first to last."""
    return _in_force.list()


def matches(rule: CommissionRule, sale: Sale) -> bool:
    """Whether every condition of `rule` holds for `sale`."""
    lowest, highest = rule.min_price_minor, rule.max_price_minor
    return (
        (rule.shop_id is None or rule.shop_id == sale.shop_id)
        and (rule.category is None or sale.category_path.startswith(rule.category.path))
        and (lowest is None or sale.unit_price_minor >= lowest)
        and (highest is None or sale.unit_price_minor <= highest)
    )


def charge(sale: Sale, rules: Iterable[CommissionRule]) -> Charge:
    """What `sale` costs its shop under `rules`. Pure: asks and writes nothing."""
    rule = next((rule for rule in rules if matches(rule, sale)), None)
    if rule is None:
        basis_points = Fraction(settings.MARKETPLACE_COMMISSION) * 100
        figures = {"basis_points": float(basis_points)}
        amount = _part_of(sale.base_minor, basis_points)
        return _charge(None, _("Standard rate"), min(amount, sale.base_minor), sale, figures)

    amount = _part_of(sale.base_minor, Fraction(rule.basis_points))
    amount += rule.fixed_minor * sale.quantity
    amount = max(amount, rule.minimum_minor * sale.quantity)
    if rule.maximum_minor is not None:
        amount = min(amount, rule.maximum_minor * sale.quantity)
    figures = {
        "basis_points": rule.basis_points,
        "fixed_minor": rule.fixed_minor,
        "minimum_minor": rule.minimum_minor,
        "maximum_minor": rule.maximum_minor,
    }
    # Never more than the shop earns: a sale must not cost it money.
    return _charge(rule, rule.name, min(amount, sale.base_minor), sale, figures)


def freeze(lines: Iterable[OrderLine]) -> list[Commission]:
    """Set the commission of `lines`, which were just paid. Returns them, written.

    Needs `seller_order.shop` and `variant.product.category` loaded. Locks nothing: the unique
    line behind each Commission refuses a second one.
    """
    rules = rules_in_force()
    rates = tax.rates(settings.MARKETPLACE_COUNTRY)
    return Commission.objects.bulk_create(_frozen(line, rules, rates) for line in lines)


def sale_of(line: OrderLine) -> Sale:
    """`line` as a rule sees it. Needs `seller_order` and `variant.product.category` loaded."""
    category = line.variant.product.category
    return Sale(
        shop_id=line.seller_order.shop_id,
        category_path=category.path if category else "",
        unit_price_minor=line.unit_price_minor,
        quantity=line.quantity,
        base_minor=line.total_minor + line.discount_funded_minor,
    )


def vat_rate(shop: Shop, rates: dict[str, int]) -> int:
    """Basis points of VAT on the fee: none where the shop owes it itself (reverse charge).

    Article 196 of Directive 2006/112/EC: a business abroad, known by its VAT number, accounts
    for the tax on a service in its own country.
    """
    is_abroad = str(shop.country) != settings.MARKETPLACE_COUNTRY
    return 0 if is_abroad and shop.vat_number else rates.get(TaxClass.STANDARD, 0)


def _frozen(line: OrderLine, rules: list[CommissionRule], rates: dict[str, int]) -> Commission:
    sale = sale_of(line)
    found = charge(sale, rules)
    basis_points = vat_rate(line.seller_order.shop, rates)
    return Commission(
        line=line,
        rule=found.rule,
        rule_name=found.rule_name,
        inputs=found.inputs,
        base_minor=sale.base_minor,
        amount_minor=found.amount_minor,
        vat_basis_points=basis_points,
        vat_minor=min(
            _part_of(found.amount_minor, Fraction(basis_points)),
            sale.base_minor - found.amount_minor,
        ),
    )


def _charge(
    rule: CommissionRule | None, name: str, amount: int, sale: Sale, figures: dict[str, object]
) -> Charge:
    seen = {
        "unit_price_minor": sale.unit_price_minor,
        "quantity": sale.quantity,
        "base_minor": sale.base_minor,
    }
    return Charge(rule=rule, rule_name=name, amount_minor=amount, inputs=figures | seen)


def _part_of(amount_minor: int, basis_points: Fraction) -> int:
    """That share of an amount, rounded half up to a minor unit."""
    exact = amount_minor * basis_points / 10_000
    return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
