"""What a sale costs its shop: which rule sets it, what it comes to, and that it stays so."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.management import call_command

from carts.models import TaxRate
from carts.tests.factories import make_promotion, make_shipping
from catalog.tests.factories import make_category, make_variant
from orders.models import Commission, CommissionRule, LedgerTransfer, Refund
from orders.services import refunds
from orders.services.commissions import Sale, charge
from orders.services.shares import Wanted
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db


def rule(name="rule", **fields) -> CommissionRule:
    return CommissionRule(name=name, **fields)


def sale(*, shop=1, price=1000, quantity=1, path="", base=None) -> Sale:
    return Sale(
        shop_id=shop,
        category_path=path,
        unit_price_minor=price,
        quantity=quantity,
        base_minor=price * quantity if base is None else base,
    )


# --- which rule


def test_the_first_rule_that_matches_sets_it():
    rules = [
        rule("ferns dear ones", shop_id=1, min_price_minor=5000),
        rule("ferns", shop_id=1),
        rule("all", basis_points=100),
    ]

    assert charge(sale(shop=1, price=5000), rules).rule_name == "ferns dear ones"
    assert charge(sale(shop=1, price=4999), rules).rule_name == "ferns"
    assert charge(sale(shop=2, price=5000), rules).rule_name == "all"


def test_the_order_of_the_list_decides_and_not_how_narrow_a_rule_is():
    narrow, wide = rule("narrow", shop_id=1, min_price_minor=1, max_price_minor=2000), rule("wide")

    assert charge(sale(), [wide, narrow]).rule_name == "wide"


def test_a_category_holds_with_everything_below_it():
    home, bowls = make_category("Home"), make_category("Home", "Bowls")
    homesteads = make_category("Homesteads")
    ours = rule("home", category=home, basis_points=500)

    paths = (home.path, bowls.path, homesteads.path, "")
    found = [charge(sale(path=path), [ours]).rule for path in paths]

    assert found == [ours, ours, None, None]


@pytest.mark.parametrize(("price", "is_matched"), [(999, False), (1000, True), (2000, True)])
def test_the_borders_of_a_price_range_belong_to_it(price, is_matched):
    range_ = rule(min_price_minor=1000, max_price_minor=2000)

    assert (charge(sale(price=price), [range_]).rule is range_) == is_matched
    assert charge(sale(price=2001), [range_]).rule is None


def test_behind_the_last_rule_stands_the_markets_own(settings):
    settings.MARKETPLACE_COMMISSION = "7.5"

    found = charge(sale(price=1000), [rule(shop_id=2)])

    assert (found.rule, found.rule_name, found.amount_minor) == (None, "Standard rate", 75)


def test_a_rule_that_is_not_in_force_sets_nothing(buyer, shop):
    CommissionRule.objects.create(name="Off", position=1, is_active=False, basis_points=5000)

    make_order(buyer, make_variant(shop, price=1000), paid=True)

    commission = Commission.objects.get()
    assert (commission.rule_name, commission.amount_minor) == ("Standard rate", 100)


# --- how much


@pytest.mark.parametrize(
    ("figures", "bought", "amount"),
    [
        ({"basis_points": 1000}, {}, 100),
        # 7.25 % of 3.00 are 21.75 cents, and of 2.00 exactly 14.5.
        ({"basis_points": 725}, {"price": 300}, 22),
        ({"basis_points": 725}, {"price": 200}, 15),
        # Of the whole line, rounded once: 0.999, where each unit for itself would come to 0.
        ({"basis_points": 1000}, {"price": 3, "quantity": 4}, 1),
        ({"fixed_minor": 30}, {"quantity": 3}, 90),
        ({"basis_points": 1000, "fixed_minor": 30}, {"quantity": 3}, 390),
        ({"basis_points": 100, "minimum_minor": 50}, {"quantity": 3}, 150),
        ({"basis_points": 5000, "maximum_minor": 200}, {"quantity": 3}, 600),
        ({"basis_points": 1000, "minimum_minor": 50, "maximum_minor": 200}, {}, 100),
        ({}, {}, 0),
    ],
)
def test_rate_and_fixed_amount_between_bounds_for_each_unit(figures, bought, amount):
    assert charge(sale(**bought), [rule(**figures)]).amount_minor == amount


@pytest.mark.parametrize("figures", [{"fixed_minor": 700}, {"minimum_minor": 700}])
def test_a_sale_never_costs_its_shop_more_than_it_brings(figures):
    assert charge(sale(price=600), [rule(**figures)]).amount_minor == 600
    assert charge(sale(price=600, base=0), [rule(**figures)]).amount_minor == 0


def test_the_delivery_bears_none_and_what_the_market_pays_of_a_discount_does(buyer, shop):
    make_shipping(shop, price=5000)
    make_promotion(off=400, market_basis_points=2500)

    make_order(buyer, make_variant(shop, price=1000), paid=True)

    # Ana pays 6.00 for it, and the market 1.00 of the 4.00 that she saves.
    commission = Commission.objects.get()
    assert (commission.base_minor, commission.amount_minor) == (700, 70)
    call_command("audit")


# --- frozen


def test_9_past_sales_keep_their_commission_whatever_becomes_of_the_rules(buyer, shop):
    """Ready-made test 9, its first half: no past commission line changes, nor what a refund
    takes back of it."""
    TaxRate.objects.create(
        country="IE", tax_class="standard", basis_points=2300, valid_from=date(2020, 1, 1)
    )
    old = CommissionRule.objects.create(
        name="Old", position=1, shop=shop, basis_points=1000, fixed_minor=20
    )
    part = make_order(
        buyer, make_variant(shop, price=1000, stock=9), quantity=2, paid=True
    ).seller_orders.get()
    before = Commission.objects.values().get()
    booked = list(LedgerTransfer.objects.order_by("pk").values())

    CommissionRule.objects.filter(pk=old.pk).update(basis_points=9000, fixed_minor=0, name="New")
    CommissionRule.objects.create(name="Top", position=2, basis_points=5000)

    assert Commission.objects.values().get() == before
    assert list(LedgerTransfer.objects.order_by("pk").values()) == booked
    assert (before["rule_name"], before["amount_minor"], before["vat_minor"]) == ("Old", 240, 55)
    assert before["inputs"] == {
        "basis_points": 1000,
        "fixed_minor": 20,
        "minimum_minor": 0,
        "maximum_minor": None,
        "unit_price_minor": 1000,
        "quantity": 2,
        "base_minor": 2000,
    }
    refunds.decide(
        part=part, lines={part.lines.get().pk: Wanted(units=1)}, kind=Refund.Kind.GOODWILL
    )
    commission = Commission.objects.get()
    # Half of what was charged, rounded up: the rules of today have no say in it.
    assert (commission.back_minor, commission.vat_back_minor) == (120, 28)
    call_command("audit")


def test_the_commission_outlives_its_rule(buyer, shop):
    made = CommissionRule.objects.create(name="Summer", position=1, basis_points=500)
    make_order(buyer, make_variant(shop, price=1000), paid=True)

    made.delete()

    commission = Commission.objects.get()
    assert (commission.rule, commission.rule_name, commission.amount_minor) == (None, "Summer", 50)
    assert commission.inputs["basis_points"] == 500
