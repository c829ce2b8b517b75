"""Payouts and the books behind the counter."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import make_bank_account, make_user
from carts.tests.factories import make_shipping
from catalog.tests.factories import make_variant
from marketflow.core.models import AuditEntry
from orders.gateways.protocol import PayoutOutcome
from orders.gateways.test import TestGateway
from orders.models import LedgerAccount, LedgerTransfer, Payout
from orders.services import payouts
from orders.tests.factories import make_completed

pytestmark = pytest.mark.django_db
LIST = "/admin/orders/payout/"


@pytest.fixture
def vera(client):
    vera = make_user("vera", is_staff=True, is_superuser=True)
    client.force_login(vera)
    return client


@pytest.fixture
def bowl(shop):
    make_shipping(shop, price=0)
    make_bank_account(shop)
    return make_variant(shop, "Oak bowl", price=2000, stock=50)


@pytest.fixture
def pay(buyer, bowl, shop, django_capture_on_commit_callbacks):
    def pay() -> Payout:
        make_completed(buyer, bowl)
        with django_capture_on_commit_callbacks(execute=True):
            payout = payouts.request(shop=shop, currency="EUR", actor=buyer)
        payout.refresh_from_db()
        return payout

    return pay


def act(client, capture, name, *rows, **fields):
    body = {"action": name, "_selected_action": [row.pk for row in rows], **fields}
    with capture(execute=True):
        return client.post(LIST, body, follow=True)


def test_a_hold_asks_for_its_reason_and_is_written_down(
    vera, pay, shop, django_capture_on_commit_callbacks
):
    payout = pay()
    asked = act(vera, django_capture_on_commit_callbacks, "hold", payout)
    shop.refresh_from_db()
    assert "Reason" in asked.content.decode()
    assert shop.payouts_held == ""

    fields = {"confirmed": "1", "reason": "A complaint"}
    act(vera, django_capture_on_commit_callbacks, "hold", payout, **fields)

    shop.refresh_from_db()
    assert shop.payouts_held == "A complaint"
    entry = AuditEntry.objects.get(action="hold_payouts")
    assert (entry.actor.email, entry.reason) == ("vera@example.test", "A complaint")
    again = act(vera, django_capture_on_commit_callbacks, "hold", payout, **fields)
    assert "has changed meanwhile" in again.content.decode()

    act(vera, django_capture_on_commit_callbacks, "release", payout, confirmed="1")
    shop.refresh_from_db()
    assert shop.payouts_held == ""
    assert AuditEntry.objects.filter(action="release_payouts").count() == 1


def test_returned_by_the_bank_is_typed_by_hand(
    vera, pay, shop, django_capture_on_commit_callbacks
):
    payout = pay()
    wrong = {"confirmed": "1", "word": "yes", "reason": "R01"}
    act(vera, django_capture_on_commit_callbacks, "mark_returned", payout, **wrong)
    payout.refresh_from_db()
    assert payout.state == "paid"
    assert not AuditEntry.objects.exists()

    right = wrong | {"word": "Returned"}
    for _ in range(2):
        act(vera, django_capture_on_commit_callbacks, "mark_returned", payout, **right)

    payout.refresh_from_db()
    assert payout.state == "returned"
    balance = LedgerAccount.objects.get(kind="shop_available", shop=shop).balance_minor
    assert balance == -payout.amount_minor
    entry = AuditEntry.objects.get(action="orders.payout.returned")
    assert (entry.before, entry.after, entry.reason) == (
        {"state": "paid"},
        {"state": "returned"},
        "R01",
    )


def test_trying_again_pays_what_failed(
    vera, pay, shop, monkeypatch, django_capture_on_commit_callbacks
):
    refusal = PayoutOutcome(status="failed", reference="", failure="account_closed")
    with monkeypatch.context() as patch:
        patch.setattr(TestGateway, "pay_out", lambda *args, **kwargs: refusal)
        failed = pay()
    assert failed.state == "failed"

    act(vera, django_capture_on_commit_callbacks, "retry", failed, confirmed="1")

    failed.refresh_from_db()
    again = Payout.objects.latest("pk")
    assert (failed.state, again.state, again.amount_minor) == ("failed", "paid", 1800)
    entry = AuditEntry.objects.get(action="orders.payout.retried")
    assert entry.after["payout"] == str(again.uuid)
    refused = act(vera, django_capture_on_commit_callbacks, "retry", again, confirmed="1")
    assert "has arrived" in refused.content.decode()
    assert Payout.objects.count() == 2


def test_who_may_only_look_has_no_actions(client, pay, django_capture_on_commit_callbacks):
    from django.contrib.auth.models import Permission

    payout = pay()
    nils = make_user("nils", is_staff=True)
    nils.user_permissions.add(Permission.objects.get(codename="view_payout"))
    client.force_login(nils)

    fields = {"confirmed": "1", "word": "returned", "reason": "R01"}
    act(client, django_capture_on_commit_callbacks, "mark_returned", payout, **fields)

    payout.refresh_from_db()
    assert payout.state == "paid"
    assert "mark_returned" not in client.get(LIST).content.decode()


@pytest.mark.parametrize(
    "page", [LIST, "/admin/orders/ledgeraccount/", "/admin/orders/ledgertransfer/"]
)
def test_lists_of_money_cost_the_same_for_one_row_and_for_many(vera, pay, page):
    counts = []
    for number in (1, 4):
        for _ in range(number):
            pay()
        vera.get(page)
        with CaptureQueriesContext(connection) as queries:
            assert vera.get(page).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 10


@pytest.mark.parametrize("model", [Payout, LedgerAccount, LedgerTransfer])
def test_money_is_to_read_and_never_to_touch(vera, pay, model):
    pay()
    row = model.objects.first()
    address = f"/admin/orders/{model._meta.model_name}"

    assert vera.get(f"{address}/{row.pk}/change/").status_code == 200
    assert vera.post(f"{address}/{row.pk}/change/", {"amount_minor": "1"}).status_code == 403
    assert vera.get(f"{address}/add/").status_code == 403
    assert vera.post(f"{address}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
