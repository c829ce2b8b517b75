from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import ShopMember
from accounts.tests.factories import make_bank_account, make_user
from carts.models import TaxRate
from carts.tests.factories import make_promotion, make_shipping
from catalog.tests.factories import make_variant
from marketflow.core.money import Money
from orders.models import Dispute, OrderLine, Payout, RedemptionShare, Refund, SellerOrder
from orders.models.history import record_start
from orders.services import balances, fulfilment, payouts, refunds, statements
from orders.services.refunds import Wanted
from orders.tests.factories import make_completed, make_order

pytestmark = pytest.mark.django_db
LIST = "/seller/orders/payout/"


@pytest.fixture
def bowl(shop):
    """9.99, sent for 5.00, in a market with 23 % VAT."""
    TaxRate.objects.create(
        country="IE", tax_class="standard", basis_points=2300, valid_from=date(2020, 1, 1)
    )
    make_shipping(shop, price=500)
    make_bank_account(shop)
    return make_variant(shop, "Oak bowl", price=999, stock=90)


@pytest.fixture
def fern(client, seller):
    client.force_login(seller)
    return client


def pay_out(shop, capture) -> Payout:
    with capture(execute=True):
        payout = payouts.request(shop=shop, currency="EUR", actor=make_user("fern"))
    payout.refresh_from_db()
    return payout


def goodwill(part, units=1, shipping=0) -> Refund:
    wanted = {part.lines.get().pk: Wanted(units=units)}
    return refunds.decide(
        part=part, lines=wanted, shipping_minor=shipping, kind=Refund.Kind.GOODWILL
    )


def amounts(group) -> dict[str, int]:
    return {line.kind: line.amount.amount for line in group.lines}


def test_a_sale_is_explained_to_the_cent(buyer, bowl, shop, django_capture_on_commit_callbacks):
    """2 × 9.99 and 5.00 of delivery; 10 % of 19.98 are 1.998, and 23 % of 2.00 are 0.46."""
    make_completed(buyer, bowl, quantity=2)
    payout = pay_out(shop, django_capture_on_commit_callbacks)

    (group,) = statements.of_payout(payout)

    assert amounts(group) == {
        "sale": 1998,
        "delivery": 500,
        "commission": -200,
        "commission_vat": -46,
    }
    sale, fee, fee_vat, delivery = group.lines
    assert sale.note == "2 × €9.99, 23 % VAT inside: €3.74"
    assert (fee.rule, fee.inputs["basis_points"]) == ("Standard rate", 1000)
    assert fee.note == "10 % of €19.98, rounded from 1.998"
    assert fee_vat.note == "23 % of €2.00"
    assert delivery.tax_included == Money(93, "EUR")
    assert group.amount == payout.amount == Money(2252, "EUR")


def test_a_discount_names_who_pays_it(buyer, bowl, shop, django_capture_on_commit_callbacks):
    """As a promotion leaves it on the line: 3.00 off, of which the marketplace pays 2.00."""
    part = make_order(buyer, bowl).seller_orders.get()
    OrderLine.objects.filter(seller_order=part).update(
        discount_minor=300, discount_funded_minor=200
    )
    SellerOrder.objects.filter(pk=part.pk).update(total_minor=part.total_minor - 300)
    from orders.tests.factories import pay

    pay(part.order)
    part.refresh_from_db()
    fulfilment.ship(seller_order=part)
    fulfilment.deliver(seller_order=part)
    fulfilment.complete(seller_order=part)
    payout = pay_out(shop, django_capture_on_commit_callbacks)

    (group,) = statements.of_payout(payout)

    assert amounts(group)["discount"] == -300
    assert amounts(group)["promotion"] == 200
    discount = next(line for line in group.lines if line.kind == "discount")
    assert discount.note == "€1.00 paid by the shop, €2.00 by the marketplace"
    assert group.amount == payout.amount


def test_refunds_before_and_after_a_payout_are_lines_with_their_commission(
    buyer, bowl, shop, django_capture_on_commit_callbacks
):
    early = make_order(buyer, bowl, quantity=3, paid=True).seller_orders.get()
    goodwill(early, shipping=100)
    fulfilment.ship(seller_order=early)
    fulfilment.deliver(seller_order=early)
    fulfilment.complete(seller_order=early)
    first = pay_out(shop, django_capture_on_commit_callbacks)
    goodwill(early)
    make_completed(buyer, bowl, quantity=5)
    second = pay_out(shop, django_capture_on_commit_callbacks)

    (sale,) = statements.of_payout(first)
    assert amounts(sale)["refund"] == -1099
    assert amounts(sale)["commission_back"] == 100
    assert sale.amount == first.amount
    groups = {group.kind: group for group in statements.of_payout(second)}
    assert amounts(groups["refund"]) == {
        "refund": -123,
        "commission_back": 100,
        "commission_vat_back": 23,
        "recovery": -876,
    }
    assert sum(group.amount.amount for group in groups.values()) == second.amount_minor


def test_a_statement_costs_the_same_queries_for_one_order_and_for_five(
    buyer, bowl, shop, django_capture_on_commit_callbacks
):
    counts = []
    for orders in (1, 5):
        for _ in range(orders):
            part = make_completed(buyer, bowl, quantity=2)
            goodwill(part)
        payout = pay_out(shop, django_capture_on_commit_callbacks)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            groups = statements.of_payout(payout)
            assert sum(group.amount.amount for group in groups) == payout.amount_minor
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 8


# --- the balance


def test_the_balance_says_what_is_available_pending_and_held(buyer, bowl, shop, settings):
    make_completed(buyer, bowl, days_ago=40)
    running = make_order(buyer, bowl, paid=True).seller_orders.get()
    fulfilment.ship(seller_order=running)
    fulfilment.deliver(seller_order=running)
    on_the_way = make_order(buyer, bowl, paid=True).seller_orders.get()
    disputed = make_completed(buyer, bowl, days_ago=40)
    record_start(
        Dispute.objects.create(
            state="open",
            seller_order=disputed,
            origin="buyer",
            currency="EUR",
            amount_minor=1,
            reason="Broken",
        )
    )

    (balance,) = balances.of(shop)

    net = 999 + 500 - 100 - 23
    assert balance.available == balance.due == Money(net, "EUR")
    assert balance.pending == Money(2 * net, "EUR")
    assert [part.number for part in balance.pending_parts] == [running.number, on_the_way.number]
    arrived = running.shipments.get().delivered_at
    assert (balance.pending_parts[0].until - arrived).days == settings.AUTO_COMPLETE_DAYS
    assert balance.pending_parts[1].until is None
    assert [(part.number, part.amount, part.reason) for part in balance.held_parts] == [
        (disputed.number, Money(net, "EUR"), "Broken")
    ]
    assert balance.next_payout_on.weekday() == 0
    assert balance.problem is None


def test_a_problem_is_named_even_while_nothing_is_due(shop):
    (balance,) = balances.of(shop)

    assert balance.available == Money(0, "EUR")
    assert balance.problem == payouts.Obstacle.NO_ACCOUNT


# --- pages


def test_the_overview_shows_balance_and_payouts(
    fern, buyer, bowl, shop, django_capture_on_commit_callbacks
):
    make_completed(buyer, bowl)
    pay_out(shop, django_capture_on_commit_callbacks)
    make_completed(buyer, bowl, days_ago=40)

    text = fern.get(LIST).content.decode()

    assert "Payout 1" in text
    assert "€13.76" in text
    assert "IE•• •••• 5678" in text
    assert "AIBK" not in text


def test_the_overview_costs_the_same_for_one_payout_and_for_five(
    fern, buyer, bowl, shop, django_capture_on_commit_callbacks
):
    counts = []
    for number in (1, 4):
        for _ in range(number):
            make_completed(buyer, bowl)
            pay_out(shop, django_capture_on_commit_callbacks)
            make_order(buyer, bowl, paid=True)
        with CaptureQueriesContext(connection) as queries:
            assert fern.get(LIST).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_the_statement_opens_each_line(
    fern, buyer, bowl, shop, django_capture_on_commit_callbacks
):
    part = make_completed(buyer, bowl, quantity=2)
    payout = pay_out(shop, django_capture_on_commit_callbacks)

    for address in (f"{LIST}{payout.pk}/change/", f"{LIST}{payout.pk}/print/"):
        text = fern.get(address).content.decode()
        for words in (part.number, "2 × Oak bowl", "Standard rate", "10 % of €19.98", "€22.52"):
            assert words in text, (address, words)


def test_the_csv_adds_up_and_runs_nothing(
    fern, buyer, bowl, shop, django_capture_on_commit_callbacks
):
    evil = make_variant(shop, "=HYPERLINK(1)", price=1000, stock=9)
    make_completed(buyer, evil, bowl)
    OrderLine.objects.filter(variant=evil).update(title="=HYPERLINK(1)")
    rule = OrderLine.objects.get(variant=evil).commission
    type(rule).objects.filter(pk=rule.pk).update(rule_name="@SUM(A1)")
    payout = pay_out(shop, django_capture_on_commit_callbacks)

    answer = fern.get(f"{LIST}{payout.pk}/csv/")

    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert answer["Content-Disposition"] == 'attachment; filename="payout-fern-co-1.csv"'
    assert round(sum(float(row["amount"]) for row in rows) * 100) == payout.amount_minor
    assert {row["currency"] for row in rows} == {"EUR"}
    assert "'@SUM(A1)" in {row["rule"] for row in rows}
    cells = [cell for row in rows for name, cell in row.items() if name != "amount"]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_a_shop_on_manual_payouts_asks_by_a_button(
    fern, buyer, bowl, shop, django_capture_on_commit_callbacks
):
    type(shop).objects.update(payout_schedule="manual")
    make_completed(buyer, bowl)
    assert "Pay out €13.76" in fern.get(LIST).content.decode()

    with django_capture_on_commit_callbacks(execute=True):
        answer = fern.post(f"{LIST}ask/", {"shop": shop.slug, "currency": "EUR"})

    payout = Payout.objects.get()
    assert answer.headers["Location"] == f"{LIST}{payout.pk}/change/"
    assert (payout.state, payout.amount_minor) == ("paid", 1376)
    again = fern.post(f"{LIST}ask/", {"shop": shop.slug, "currency": "EUR"}, follow=True)
    assert "Nothing is due." in again.content.decode()
    assert Payout.objects.count() == 1


def test_a_shop_on_a_schedule_has_no_button_and_no_way_round_it(fern, buyer, bowl, shop):
    make_completed(buyer, bowl)

    assert "Pay out €" not in fern.get(LIST).content.decode()
    answer = fern.post(f"{LIST}ask/", {"shop": shop.slug, "currency": "EUR"}, follow=True)

    assert "This shop is paid on its schedule." in answer.content.decode()
    assert not Payout.objects.exists()


def test_the_page_names_what_is_in_the_way(fern, shop, bowl):
    shop.bank_accounts.all().delete()
    assert "No bank account has been entered." in fern.get(LIST).content.decode()

    type(shop).objects.update(payouts_held="We look into a complaint")

    text = fern.get(LIST).content.decode()
    assert "Staff of the marketplace hold the payouts." in text
    assert "We look into a complaint" in text


def test_money_is_not_for_who_packs(client, shop, buyer, bowl, django_capture_on_commit_callbacks):
    make_completed(buyer, bowl)
    payout = pay_out(shop, django_capture_on_commit_callbacks)
    pat = make_user("pat")
    ShopMember.objects.create(shop=shop, user=pat, role=ShopMember.Role.FULFILMENT)
    client.force_login(pat)

    for address in (LIST, f"{LIST}{payout.pk}/change/", f"{LIST}{payout.pk}/csv/"):
        assert client.get(address).status_code == 403


def test_a_statement_names_each_promotion_and_who_pays_for_it(
    buyer, shop, bowl, django_capture_on_commit_callbacks
):
    """Two promotions on one line, of two payers, and one on the delivery."""
    make_promotion(shop, off=100, name="Shop's own")
    make_promotion(off=200, name="Market week", market_basis_points=10_000)
    make_promotion(kind="free_shipping", name="Sent free", market_basis_points=5000)
    make_completed(buyer, bowl, quantity=2)
    payout = pay_out(shop, django_capture_on_commit_callbacks)

    [group] = statements.of_payout(payout)
    discounts = [line for line in group.lines if line.kind == "discount"]
    paid = [line for line in group.lines if line.kind == "promotion"]

    assert [(line.promotion, line.payer, line.amount.amount) for line in discounts] == [
        ("Shop's own", "shop", -100),
        ("Market week", "market", -200),
        ("Sent free", "shared", -500),
    ]
    assert [line.note for line in discounts][:2] == ["Paid by the shop", "Paid by the marketplace"]
    assert [(line.label, line.amount.amount) for line in paid] == [
        ("Discount paid by the marketplace: Market week", 200),
        ("Discount paid by the marketplace: Sent free", 250),
    ]
    assert group.amount == payout.amount
    call_command("audit")


def test_a_discount_from_before_shares_were_kept_is_told_in_one(
    buyer, shop, bowl, django_capture_on_commit_callbacks
):
    make_promotion(shop, off=100, name="Shop's own")
    make_completed(buyer, bowl)
    RedemptionShare.objects.all().delete()
    payout = pay_out(shop, django_capture_on_commit_callbacks)

    [group] = statements.of_payout(payout)

    [discount] = [line for line in group.lines if line.kind == "discount"]
    assert (discount.label, discount.promotion, discount.payer) == ("Discount", "", "shop")
    assert group.amount == payout.amount
    call_command("audit")
