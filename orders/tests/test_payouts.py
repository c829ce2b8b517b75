from __future__ import annotations

from datetime import timedelta

import pytest
from celery import current_app as app
from django.core.management import CommandError, call_command
from django.utils.timezone import now

from accounts.services import bank_accounts
from accounts.tests.factories import make_bank_account, make_shop, make_user
from carts.tests.factories import make_shipping
from catalog.tests.factories import make_variant
from marketflow.core.models import OutboxEvent
from orders.gateways.protocol import PayoutOutcome, Unknown
from orders.gateways.test import TestGateway
from orders.models import (
    Dispute,
    InvalidTransition,
    LedgerAccount,
    LedgerTransfer,
    Payout,
    PayoutItem,
    Refund,
    SellerOrder,
)
from orders.models.history import record_start
from orders.services import payables, payout_sending, payouts, refunds
from orders.services.payouts import NotPayable, Obstacle
from orders.services.refunds import Wanted
from orders.tasks import issue_fees, issue_invoices
from orders.tests.factories import make_completed

pytestmark = pytest.mark.django_db
# Before the first day of this month, whatever day it is.
LAST_MONTH = 40


@pytest.fixture
def bowl(shop):
    """20.00 with its delivery, of which 10 % are commission."""
    make_shipping(shop, price=0)
    return make_variant(shop, "Oak bowl", price=2000, stock=50)


@pytest.fixture
def account(shop):
    return make_bank_account(shop)


@pytest.fixture
def sale(buyer, bowl, account) -> SellerOrder:
    """Completed last month: its 18.00 are cleared."""
    return make_completed(buyer, bowl, days_ago=LAST_MONTH)


@pytest.fixture
def run(django_capture_on_commit_callbacks):
    """Sweep, as the command does, with what follows the commit."""

    def sweep():
        with django_capture_on_commit_callbacks(execute=True):
            return list(payouts.sweep())

    return sweep


def available(shop) -> int:
    accounts = LedgerAccount.objects.filter(shop=shop, kind="shop_available")
    return -sum(accounts.values_list("balance_minor", flat=True))


def owed(shop) -> int:
    accounts = LedgerAccount.objects.filter(shop=shop, kind="shop_receivable")
    return sum(accounts.values_list("balance_minor", flat=True))


def prove() -> None:
    """The audit, once the papers of last month are issued."""
    issue_invoices()
    issue_fees()
    call_command("audit")


def lines_of(payout) -> list[tuple[str, int]]:
    moving = LedgerTransfer.objects.moving("shop_available", payout.shop_id, payout.currency)
    rows = moving.filter(payout_item__payout=payout).order_by("pk")
    return list(rows.values_list("kind", "gain_minor"))


def state_of_the_books() -> tuple:
    return (
        list(Payout.objects.order_by("pk").values_list("pk", "state", "amount_minor")),
        list(PayoutItem.objects.order_by("pk").values_list("payout", "transfer")),
        dict(LedgerAccount.objects.exclude(balance_minor=0).values_list("key", "balance_minor")),
    )


def give_back(part, units: int = 1) -> Refund:
    line = part.lines.get()
    return refunds.decide(
        part=part, lines={line.pk: Wanted(units=units)}, kind=Refund.Kind.GOODWILL
    )


def dispute(part) -> Dispute:
    found = Dispute.objects.create(
        state="open",
        seller_order=part,
        origin="buyer",
        currency="EUR",
        amount_minor=1,
        reason="Broken",
    )
    record_start(found)
    return found


def test_a_cleared_sale_is_paid_out_once(sale, shop, run):
    cleared = available(shop)

    first, second = run(), run()

    payout = Payout.objects.get()
    assert [swept.payout for swept in first] == [payout]
    assert second == []
    assert (payout.state, payout.number, payout.amount_minor) == ("paid", 1, cleared)
    assert (payout.sent_to, payout.provider) == ("IE•• •••• 5678", "test")
    assert lines_of(payout) == [("completed", cleared)]
    assert available(shop) == 0
    assert OutboxEvent.objects.get(name="orders.PayoutSent").payload["payout_id"] == payout.pk
    prove()


def test_what_cleared_in_this_period_waits_for_its_end(sale, buyer, bowl, shop, run):
    cleared = available(shop)
    make_completed(buyer, bowl)

    run()

    assert Payout.objects.get().amount_minor == cleared
    assert available(shop) == cleared


def test_a_dry_run_says_what_would_be_paid_and_writes_nothing(sale, shop, capsys):
    before = state_of_the_books()

    call_command("pay_sellers", "--dry-run")

    said = capsys.readouterr().out
    assert "fern-co: 18.00 EUR" in said
    assert said.endswith("1 payouts would be made: 18.00 EUR.\n")
    assert state_of_the_books() == before


def test_the_command_names_who_is_not_paid_and_why(sale, shop, capsys):
    shop.bank_accounts.update(replaced_at=now())

    call_command("pay_sellers")

    said = capsys.readouterr().out
    assert "fern-co: 18.00 EUR not paid. No bank account has been entered." in said
    assert said.endswith("0 payouts made.\n")


@pytest.mark.parametrize(
    ("obstacle", "shop_fields", "account_fields"),
    [
        (Obstacle.CLOSED, {"state": "suspended"}, {}),
        (Obstacle.HELD, {"payouts_held": "Looking into it"}, {}),
        (Obstacle.BELOW_MINIMUM, {"payout_minimum_minor": 99_99}, {}),
        (Obstacle.NOT_ASKED, {"payout_schedule": "manual"}, {}),
        (Obstacle.NO_ACCOUNT, {}, {"replaced_at": now()}),
        (Obstacle.ACCOUNT_NEW, {}, {"usable_from": now() + timedelta(days=1)}),
    ],
)
def test_a_shop_is_passed_over_with_its_reason(
    obstacle, shop_fields, account_fields, sale, shop, run
):
    type(shop).objects.filter(pk=shop.pk).update(**shop_fields)
    shop.bank_accounts.update(**account_fields)
    before = state_of_the_books()

    results = run()

    assert [(swept.payout, swept.obstacle) for swept in results] == [(None, obstacle)]
    assert state_of_the_books() == before


def test_a_provider_that_takes_no_iban_needs_its_own_account(sale, shop, run, monkeypatch):
    monkeypatch.setattr(TestGateway, "takes_iban", False, raising=False)

    assert [swept.obstacle for swept in run()] == [Obstacle.NOT_CONNECTED]

    shop.bank_accounts.update(provider_account="acct_1")
    assert [swept.obstacle for swept in run()] == [Obstacle.NOT_CONNECTED]
    shop.bank_accounts.update(provider_ready_at=now())
    assert [swept.payout.amount_minor for swept in run()] == [1800]


def test_a_shop_asks_for_its_payout(
    sale, buyer, bowl, shop, seller, run, django_capture_on_commit_callbacks
):
    type(shop).objects.update(payout_schedule="manual")
    make_completed(buyer, bowl)
    assert [swept.obstacle for swept in run()] == [Obstacle.NOT_ASKED]

    with django_capture_on_commit_callbacks(execute=True):
        payout = payouts.request(shop=shop, currency="EUR", actor=seller)

    payout.refresh_from_db()
    assert (payout.state, payout.amount_minor) == ("paid", 3600)
    assert payout.history.get(dst="pending").actor == seller
    before = state_of_the_books()
    with pytest.raises(NotPayable) as refused:
        payouts.request(shop=shop, currency="EUR", actor=seller)
    assert refused.value.facts == {"obstacle": "nothing"}
    assert state_of_the_books() == before


def test_only_the_disputed_part_is_held_back(sale, buyer, bowl, shop, run):
    disputed = make_completed(buyer, bowl, quantity=2, days_ago=LAST_MONTH)
    quarrel = dispute(disputed)

    run()

    assert Payout.objects.get().amount_minor == 1800
    assert payables.of(shop, "EUR").held_minor == 3600
    quarrel.move_to("won")
    Dispute.objects.filter(pk=quarrel.pk).update(closed_at=now())
    run()
    assert [payout.amount_minor for payout in Payout.objects.order_by("pk")] == [1800, 3600]
    prove()


def test_what_a_disputed_part_takes_is_not_held_back(sale, buyer, bowl, shop, run):
    """Paid out, then refunded from other money, then disputed: the minus counts."""
    run()
    other = make_completed(buyer, bowl, quantity=2, days_ago=LAST_MONTH)
    give_back(sale)
    dispute(sale)

    run()

    assert other.total_minor == 4000
    assert Payout.objects.latest("pk").amount_minor == 1800
    assert available(shop) == 0
    prove()


def test_8_a_refund_after_the_payout_is_a_negative_line_of_the_next(sale, buyer, bowl, shop, run):
    """Ready-made test 8: the closed payout is unchanged."""
    run()
    closed = Payout.objects.get()
    before = (closed.amount_minor, lines_of(closed))
    give_back(sale)
    assert (available(shop), owed(shop)) == (0, 1800)

    assert run() == []
    make_completed(buyer, bowl, quantity=2, days_ago=LAST_MONTH)
    run()

    closed.refresh_from_db()
    assert (closed.amount_minor, lines_of(closed)) == before
    latest = Payout.objects.latest("pk")
    assert latest.amount_minor == 1800
    # The commission that came back paid a part of it.
    refund = [("commission_back", 200), ("refunded", -200), ("recovery", -1800)]
    assert sorted(lines_of(latest)) == sorted([*refund, ("completed", 3600)])
    assert (available(shop), owed(shop)) == (0, 0)
    prove()


def test_each_refund_is_a_line_of_its_own(sale, buyer, bowl, shop, run):
    twice = make_completed(buyer, bowl, quantity=2, days_ago=LAST_MONTH)
    run()
    first, second = give_back(twice), give_back(twice)

    make_completed(buyer, bowl, quantity=9, days_ago=LAST_MONTH)
    run()

    latest = Payout.objects.latest("pk")
    recovered = latest.items.filter(transfer__kind="recovery").order_by("pk")
    rows = recovered.values_list("transfer__refund", "transfer__amount_minor")
    assert list(rows) == [(first.pk, 1800), (second.pk, 1800)]
    assert latest.amount_minor == 16200 - 2 * 1800


def test_a_shop_that_owes_more_than_it_has_waits(sale, buyer, bowl, shop, run):
    twice = make_completed(buyer, bowl, quantity=2, days_ago=LAST_MONTH)
    run()
    give_back(twice, units=2)
    make_completed(buyer, bowl, days_ago=LAST_MONTH)
    before = state_of_the_books()

    results = run()

    assert [(swept.amount_minor, swept.obstacle) for swept in results] == [(-1800, "owes")]
    assert state_of_the_books() == before


# --- what the provider says


def test_a_lost_answer_leaves_the_payout_processing_until_it_is_asked_again(
    sale, shop, run, monkeypatch
):
    keys = []

    def lost(account, amount_minor, currency, key, group):
        keys.append(key)
        if len(keys) == 1:
            raise Unknown
        return PayoutOutcome(status="paid", reference="found")

    monkeypatch.setattr(TestGateway, "pay_out", staticmethod(lost))
    run()
    payout = Payout.objects.get()
    assert payout.state == "processing"
    prove()
    assert payout_sending.send_due() == 0
    Payout.objects.update(created_at=now() - timedelta(minutes=1))

    payout_sending.send_due()
    payout_sending.send_due()

    payout.refresh_from_db()
    assert (payout.state, keys) == ("paid", [payout.key, payout.key])
    assert available(shop) == 0
    prove()


def test_what_the_provider_did_without_our_knowing_is_not_done_again(sale, run, monkeypatch):
    outcome = PayoutOutcome(status="paid", reference="tr_1")
    asked = []

    def lost(*args, **kwargs):
        asked.append(kwargs["key"])
        raise Unknown

    monkeypatch.setattr(TestGateway, "pay_out", staticmethod(lost))
    monkeypatch.setattr(TestGateway, "look_up_payout", lambda *args, **kwargs: outcome)
    run()
    Payout.objects.update(created_at=now() - timedelta(minutes=1))

    payout_sending.send_due()

    payout = Payout.objects.get()
    assert (payout.state, payout.provider_reference, len(asked)) == ("paid", "tr_1", 1)


def test_a_payout_that_was_never_sent_is_sent_later(sale, monkeypatch):
    """The process died between the commit and the call."""
    list(payouts.sweep())
    payout = Payout.objects.get()
    assert payout.state == "pending"
    Payout.objects.update(created_at=now() - timedelta(minutes=1))

    payout_sending.send_due()

    payout.refresh_from_db()
    assert payout.state == "paid"


def test_a_refused_payout_is_owed_again(sale, shop, run, monkeypatch):
    refusal = PayoutOutcome(status="failed", reference="", failure="account_closed")
    monkeypatch.setattr(TestGateway, "pay_out", lambda *args, **kwargs: refusal)

    run()

    payout = Payout.objects.get()
    assert (payout.state, payout.failure) == ("failed", "account_closed")
    assert available(shop) == payout.amount_minor
    told = OutboxEvent.objects.get(name="orders.PayoutFailed").payload
    assert told == {"payout_id": payout.pk, "shop_id": shop.pk, "state": "failed"}
    prove()


def test_a_late_answer_changes_nothing(sale, run):
    run()
    payout = Payout.objects.get()
    before = state_of_the_books()

    for status in ("paid", "processing"):
        payout_sending.settle(payout=payout, outcome=PayoutOutcome(status=status, reference="x"))

    assert state_of_the_books() == before


def test_nothing_leaves_while_staff_hold_the_shop(sale, shop):
    list(payouts.sweep())
    Payout.objects.update(created_at=now() - timedelta(minutes=1))
    type(shop).objects.update(payouts_held="Looking into it")

    payout_sending.send_due()
    payout_sending.send(payout=Payout.objects.get())

    assert Payout.objects.get().state == "pending"
    type(shop).objects.update(payouts_held="")
    payout_sending.send_due()
    assert Payout.objects.get().state == "paid"


def test_what_waits_for_an_account_that_was_replaced_is_not_sent_to_it(
    sale, shop, seller, monkeypatch
):
    """Held in time: the thief's account is replaced before staff release the shop."""
    list(payouts.sweep())
    type(shop).objects.update(payouts_held="Not her account")
    bank_accounts.replace(shop=shop, holder="Fern", iban="DE89370400440532013000", by=seller)
    type(shop).objects.update(payouts_held="")
    asked = []
    monkeypatch.setattr(TestGateway, "pay_out", lambda *args, **kw: asked.append(kw))

    payout = payout_sending.send(payout=Payout.objects.get())

    payout.refresh_from_db()
    assert (payout.state, payout.failure, asked) == ("failed", "account_replaced", [])
    assert available(shop) == 1800
    prove()


def test_11_a_payout_that_the_bank_returns_is_owed_again(sale, shop, run, buyer, bowl):
    """Ready-made test 11, and the amount joins the next payout."""
    run()
    payout = Payout.objects.get()
    closed = lines_of(payout)
    staff = make_user("vera", is_staff=True)

    payout_sending.mark_returned(payout=payout, actor=staff)

    payout.refresh_from_db()
    assert (payout.state, payout.amount_minor) == ("returned", 1800)
    assert available(shop) == 1800
    assert payout.history.get(dst="returned").actor == staff
    prove()
    with pytest.raises(InvalidTransition):
        payout_sending.mark_returned(payout=payout, actor=staff)
    assert available(shop) == 1800

    # It came back in this period: the shop is paid when it ends, or asks now.
    assert run()[0].obstacle == Obstacle.NOTHING
    again = payouts.request(shop=shop, currency="EUR", actor=staff)
    assert lines_of(again) == [("payout_back", 1800)]
    assert lines_of(payout) == closed
    prove()


def test_a_provider_that_changes_its_mind_after_paying_returned_it(sale, shop, run):
    run()
    payout = Payout.objects.get()
    outcome = PayoutOutcome(status="failed", reference="x", failure="no_account")

    payout_sending.settle(payout=payout, outcome=outcome)
    payout_sending.settle(payout=payout, outcome=outcome)

    payout.refresh_from_db()
    assert (payout.state, payout.failure) == ("returned", "no_account")
    assert available(shop) == 1800
    prove()


# --- the installed schedule


def run_the_installed_schedule(capture) -> None:
    """Every task that beat sends, once: no test knows which of them pays."""
    app.loader.import_default_modules()
    for entry in app.conf.beat_schedule.values():
        with capture(execute=True):
            app.tasks[entry["task"]].apply(throw=True)


def test_10_payouts_happen_when_only_the_installed_schedule_runs(
    buyer, django_capture_on_commit_callbacks
):
    """Ready-made test 10: a shop on manual payouts, one below its minimum, one paid weekly."""
    shops = {
        "manual": make_shop("Manual", payout_schedule="manual"),
        "minimum": make_shop("Minimum", payout_schedule="weekly", payout_minimum_minor=2000),
        "weekly": make_shop("Weekly", payout_schedule="weekly"),
    }
    goods = {}
    for name, shop in shops.items():
        make_bank_account(shop)
        make_shipping(shop, price=0)
        goods[name] = make_variant(shop, price=2000, stock=9)
        make_completed(buyer, goods[name], days_ago=8)

    run_the_installed_schedule(django_capture_on_commit_callbacks)
    run_the_installed_schedule(django_capture_on_commit_callbacks)

    def paid(name):
        return [payout.amount_minor for payout in shops[name].payouts.filter(state="paid")]

    assert (paid("manual"), paid("minimum"), paid("weekly")) == ([], [], [1800])
    assert available(shops["weekly"]) == 0

    make_completed(buyer, goods["minimum"], days_ago=8)
    with django_capture_on_commit_callbacks(execute=True):
        payouts.request(shop=shops["manual"], currency="EUR", actor=buyer)
    run_the_installed_schedule(django_capture_on_commit_callbacks)

    assert (paid("manual"), paid("minimum"), paid("weekly")) == ([1800], [3600], [1800])
    assert Payout.objects.count() == 3
    prove()


# --- a bug at one shop


@pytest.fixture
def broken(monkeypatch, shop):
    """A bug that shows itself at Fern's shop alone."""
    make = payouts._make

    def make_or_fail(of, *args):
        if of.pk == shop.pk:
            raise ZeroDivisionError("made up")
        return make(of, *args)

    monkeypatch.setattr(payouts, "_make", make_or_fail)


@pytest.fixture
def behind(buyer, sale, rival):
    """A shop whose turn comes after Fern's."""
    make_shipping(rival, price=0)
    make_bank_account(rival)
    return make_completed(buyer, make_variant(rival, "Lamp", stock=9), days_ago=LAST_MONTH)


@pytest.mark.logs_errors
def test_a_bug_at_one_shop_stops_no_other(broken, behind, shop, rival, run):
    before = available(shop)

    ours, theirs = run()

    assert (ours.shop, ours.failed, ours.payout) == (shop, True, None)
    assert (theirs.shop, theirs.failed) == (rival, False)
    assert Payout.objects.get().shop == rival
    assert available(shop) == before
    prove()


@pytest.mark.logs_errors
def test_the_command_says_that_a_shop_failed_and_ends_badly(broken, behind, capsys):
    with pytest.raises(CommandError, match="1 payouts made: .* 1 failed"):
        call_command("pay_sellers")

    assert "fern-co: failed" in capsys.readouterr().out
    assert Payout.objects.count() == 1
