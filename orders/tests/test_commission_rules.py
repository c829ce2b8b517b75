from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from accounts.tests.factories import make_user
from catalog.tests.factories import make_category, make_variant
from marketflow.core.models import AuditEntry
from marketflow.core.money import Money
from orders.models import Commission, CommissionRule
from orders.services import commission_rules
from orders.services.commission_rules import ListChanged, compare, covers, overlaps
from orders.services.commissions import Sale
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db
LIST = "/admin/orders/commissionrule/"


def make_rule(name="All", *, position=None, **fields) -> CommissionRule:
    position = position or CommissionRule.objects.count() + 1
    return CommissionRule.objects.create(name=name, position=position, **fields)


def names() -> list[str]:
    return list(CommissionRule.objects.order_by("position").values_list("name", flat=True))


@pytest.fixture
def vera(client):
    client.force_login(make_user("vera", is_staff=True, is_superuser=True))
    return client


def sale(shop=1, price=1000, quantity=1, path="") -> Sale:
    return Sale(
        shop_id=shop,
        category_path=path,
        unit_price_minor=price,
        quantity=quantity,
        base_minor=price * quantity,
    )


# --- the order


def test_a_new_rule_stands_on_top(db):
    for name in ("first", "second", "third"):
        commission_rules.put_on_top(CommissionRule(name=name))

    assert names() == ["third", "second", "first"]
    assert list(CommissionRule.objects.values_list("position", flat=True)) == [1, 2, 3]


def test_rules_change_places_with_their_neighbours(db):
    first, second, third = (make_rule(name) for name in ("a", "b", "c"))

    commission_rules.move(third, by=-1)
    assert names() == ["a", "c", "b"]
    commission_rules.move(first, by=1)
    assert names() == ["c", "a", "b"]
    commission_rules.move(second, by=1)

    assert names() == ["c", "a", "b"]
    assert first.position == 2


def test_positions_change_together_or_not_at_all(db, monkeypatch):
    a, _b = make_rule("a"), make_rule("b")

    def broken(pks):
        CommissionRule.objects.filter(pk=pks[0]).update(position=7)
        raise IntegrityError

    monkeypatch.setattr(commission_rules, "_deal_out", broken)
    for step in (
        lambda: commission_rules.move(a, by=1),
        lambda: commission_rules.put_on_top(CommissionRule(name="c")),
    ):
        with pytest.raises(ListChanged):
            step()

        assert list(CommissionRule.objects.values_list("name", "position")) == [("a", 1), ("b", 2)]


# --- the rehearsal


def test_a_rehearsal_says_what_each_shop_would_pay():
    low = CommissionRule(pk=1, name="low", basis_points=500)
    high = CommissionRule(name="high", basis_points=2000, shop_id=2)

    found = compare(
        [sale(1), sale(1), sale(2, price=5000)], [low], [high, low], names={1: "Fern", 2: "Rita"}
    )

    rows = [
        (effect.shop, effect.sales, effect.before.amount, effect.after.amount)
        for effect in found.effects
    ]
    assert rows == [("Rita", 1, 250, 1000), ("Fern", 2, 100, 100)]
    assert (found.sales, found.difference) == (3, Money(750, "EUR"))


def test_9_a_catch_all_on_top_names_what_it_shadows():
    """Ready-made test 9, its second half."""
    cheap = CommissionRule(pk=1, name="cheap", max_price_minor=2000)
    ferns = CommissionRule(pk=2, name="ferns", shop_id=1)
    off = CommissionRule(pk=3, name="off", is_active=False)
    everything = CommissionRule(name="everything", basis_points=1000)
    before = [cheap, ferns, off]

    found = compare([sale()], before, [everything, *before], names={})

    shadows = [
        (row.rule and row.rule.name, row.never, row.before, row.after) for row in found.shadowed
    ]
    assert shadows == [("cheap", True, 1, 0), ("ferns", True, 0, 0), (None, True, 0, 0)]


def test_a_narrow_rule_on_top_takes_some_sales_of_a_wide_one():
    wide = CommissionRule(pk=1, name="wide")
    dear = CommissionRule(name="dear", min_price_minor=5000)
    sales = [sale(price=1000), sale(price=9000)]

    with_sales = compare(sales, [wide], [dear, wide], names={})
    without = compare([], [wide], [dear, wide], names={})

    (row,) = with_sales.shadowed
    assert (row.rule.name, row.never, row.before, row.after) == ("wide", False, 2, 1)
    assert [(row.rule.name, row.never) for row in without.shadowed] == [("wide", False)]


def test_a_rule_that_was_hidden_before_is_no_news():
    everything = CommissionRule(pk=1, name="everything")
    hidden = CommissionRule(pk=2, name="hidden", shop_id=1)
    elsewhere = CommissionRule(name="elsewhere", shop_id=2)

    before = [everything, hidden]
    found = compare([sale()], before, [elsewhere, *before], names={})

    assert [row.rule.name for row in found.shadowed] == ["everything"]


def test_one_rule_covers_another_where_every_condition_is_wider(db):
    tools, saws = make_category("Tools"), make_category("Tools", "Saws")
    tool, saw = CommissionRule(category=tools), CommissionRule(category=saws)
    all_of_it, cheap = CommissionRule(), CommissionRule(max_price_minor=100)
    dear, ferns = CommissionRule(min_price_minor=200), CommissionRule(shop_id=1)

    assert covers(tool, saw)
    assert not covers(saw, tool)
    assert all(covers(all_of_it, other) for other in (tool, saw, cheap, dear, ferns))
    assert not any(covers(other, all_of_it) for other in (tool, saw, cheap, dear, ferns))
    assert not overlaps(cheap, dear)
    assert not overlaps(ferns, CommissionRule(shop_id=2))
    assert overlaps(ferns, saw)


def test_the_last_sales_are_read_in_one_query(buyer, shop, rival):
    make_order(buyer, make_variant(shop, price=900), make_variant(rival, price=100), paid=True)
    make_order(buyer, make_variant(shop, price=700), quantity=3)

    with CaptureQueriesContext(connection) as queries:
        sales = commission_rules.last_sales()

    assert [(one.shop_id, one.base_minor) for one in sales] == [(shop.pk, 900), (rival.pk, 100)]
    assert len(queries) == 1


def test_what_was_sold_more_than_thirty_days_ago_is_not_replayed(buyer, shop):
    old, recent = make_variant(shop, price=900), make_variant(shop, price=700)
    for variant, days in [(old, 31), (recent, 29)]:
        with time_machine.travel(now() - timedelta(days=days)):
            make_order(buyer, variant, paid=True)

    assert [one.base_minor for one in commission_rules.last_sales()] == [700]


# --- behind the counter


def fields(**changes) -> dict:
    values = {"name": "Fern", "is_active": "on", "rate": "7.5", "fixed_minor": "0.30"}
    return values | {"minimum_minor": "", "_save": "1"} | changes


def seen_in(answer) -> str:
    page = answer.context
    form = page["adminform"].form if "adminform" in page else None
    return form.data["seen"] if form is not None else page["seen"]


def test_9_nothing_is_saved_before_its_effect_was_seen(vera, buyer, shop):
    """Ready-made test 9: past lines stay, and the person is warned of what is shadowed."""
    make_rule("Old", shop=shop, basis_points=2000)
    make_order(buyer, make_variant(shop, price=1000), paid=True)
    frozen = Commission.objects.values().get()

    first = vera.post(f"{LIST}add/", fields())

    text = first.content.decode()
    assert names() == ["Old"]
    assert "Nothing is saved yet" in text
    assert "“Old”" in text
    assert "would never match any more" in text
    assert "€1.05" in text
    assert not AuditEntry.objects.exists()

    second = vera.post(f"{LIST}add/", fields(seen=seen_in(first)))

    assert second.status_code == 302
    rule = CommissionRule.objects.get(name="Fern")
    assert (names(), rule.basis_points, rule.fixed_minor) == (["Fern", "Old"], 750, 30)
    assert Commission.objects.values().get() == frozen
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.after["basis_points"]) == ("orders.commissionrule.added", 750)


def test_what_changed_after_the_look_is_looked_at_again(vera):
    first = vera.post(f"{LIST}add/", fields())
    other = vera.post(f"{LIST}add/", fields(rate="9", seen=seen_in(first)))
    make_rule("Meanwhile")
    late = vera.post(f"{LIST}add/", fields(rate="9", seen=seen_in(other)))

    assert [answer.status_code for answer in (first, other, late)] == [200, 200, 200]
    assert names() == ["Meanwhile"]


def test_a_change_is_written_down_with_before_and_after(vera, shop):
    rule = make_rule("Fern", basis_points=500, fixed_minor=30)
    address = f"{LIST}{rule.pk}/change/"

    looked = vera.post(address, fields(rate="5", shop=shop.pk))
    vera.post(address, fields(rate="5", shop=shop.pk, seen=seen_in(looked)))

    rule.refresh_from_db()
    assert (rule.shop, rule.position) == (shop, 1)
    entry = AuditEntry.objects.get()
    assert (entry.before, entry.after) == ({"shop_id": None}, {"shop_id": shop.pk})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rate": "101"}, "100"),
        ({"rate": "-1"}, "0"),
        ({"min_price_minor": "9", "max_price_minor": "8"}, "below the lowest price"),
        ({"minimum_minor": "3", "maximum_minor": "2"}, "below the least"),
        ({"fixed_minor": "0.001"}, "decimals"),
        ({"name": ""}, "required"),
    ],
)
def test_figures_that_make_no_sense_are_refused(vera, changes, words):
    answer = vera.post(f"{LIST}add/", fields(**changes))

    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert answer.context["adminform"].form.rehearsal is None
    assert not CommissionRule.objects.exists()


def test_a_rule_moves_once_its_effect_was_seen(vera):
    make_rule("a")
    b = make_rule("b")
    address = f"{LIST}{b.pk}/move/up/"

    shown = vera.get(address)
    vera.post(address, {"seen": "something else"})
    assert names() == ["a", "b"]
    vera.post(address, {"seen": seen_in(shown)})
    vera.post(address, {"seen": seen_in(shown)})

    assert names() == ["b", "a"]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.before, entry.after) == (
        "orders.commissionrule.moved",
        {"position": 2},
        {"position": 1},
    )


def test_a_rule_is_deleted_once_its_effect_was_seen(vera, buyer, shop):
    rule = make_rule("Fern", basis_points=500)
    make_order(buyer, make_variant(shop, price=1000), paid=True)
    address = f"{LIST}{rule.pk}/delete/"

    shown = vera.get(address)
    assert "€0.50" in shown.content.decode()
    vera.post(address, {"post": "yes"})
    assert names() == ["Fern"]
    vera.post(address, {"seen": seen_in(shown)})

    charged = Commission.objects.get()
    assert names() == []
    assert (charged.rule, charged.rule_name, charged.amount_minor) == (None, "Fern", 50)
    assert AuditEntry.objects.get().before["basis_points"] == 500


def test_who_may_only_look_changes_nothing(client):
    rule = make_rule("a")
    make_rule("b")
    nils = make_user("nils", is_staff=True)
    nils.user_permissions.add(Permission.objects.get(codename="view_commissionrule"))
    client.force_login(nils)

    assert client.get(LIST).status_code == 200
    for address in (f"{LIST}add/", f"{LIST}{rule.pk}/move/down/", f"{LIST}{rule.pk}/delete/"):
        assert client.post(address, fields()).status_code == 403
    assert names() == ["a", "b"]


def test_the_list_costs_the_same_for_one_rule_and_for_five(vera, shop):
    counts = []
    for number in (1, 4):
        for _ in range(number):
            make_rule(f"rule {number}", shop=shop)
        vera.get(LIST)
        with CaptureQueriesContext(connection) as queries:
            assert vera.get(LIST).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 10
