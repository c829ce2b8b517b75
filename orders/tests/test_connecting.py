"""Shops and their accounts at Stripe: opened, set up, paid, and paid back."""

from __future__ import annotations

import re
import urllib.request

import pytest
from django.core.management import call_command

from accounts.models import ShopMember
from accounts.tests.factories import make_bank_account, make_user
from catalog.tests.factories import make_variant
from orders.models import Payout
from orders.services import connecting, payments, payout_sending, payouts, provider_events
from orders.services.connecting import NoBankAccount, NotConnected
from orders.services.payouts import Obstacle
from orders.tasks import issue_fees, issue_invoices
from orders.tests.factories import make_completed, make_order
from tests.psp_sim.events import bring, told

pytestmark = pytest.mark.django_db

BACK, AGAIN = "https://market.example/back/", "https://market.example/again/"


@pytest.fixture
def stripe_pays(psp, settings):
    settings.PAYMENT_PROVIDERS = ["stripe", "test"]
    return psp


@pytest.fixture
def account(shop, stripe_pays):
    return make_bank_account(shop)


@pytest.fixture
def worker(monkeypatch):
    monkeypatch.setattr(provider_events, "_nudge", lambda task_id: None)
    return provider_events.deal_with_due


@pytest.fixture
def sale(buyer, shop, account):
    """18.00 are cleared for Fern & Co, and Stripe holds more than that for the market."""
    order = make_order(buyer, make_variant(shop, "Chest", price=90_00))
    payments.start(order=order, method="stripe", details={"payment_method": "pm_card_visa"})
    return make_completed(buyer, make_variant(shop, "Bowl", price=20_00), days_ago=40)


def prove() -> None:
    """The audit, once the papers of last month are issued."""
    issue_invoices()
    issue_fees()
    call_command("audit")


def connect(shop) -> str:
    """Go through the provider's own pages; the account's id there."""
    url = connecting.begin(shop=shop, back=BACK, again=AGAIN)
    request = urllib.request.Request(url, data=b"answer=complete")
    opener = urllib.request.build_opener(NoRedirect)
    assert opener.open(request).headers["Location"] == BACK
    return shop.bank_accounts.in_use().get().provider_account


class NoRedirect(urllib.request.HTTPErrorProcessor):
    def http_response(self, request, response):
        return response


def sweep(shop):
    return [(swept.obstacle, swept.payout) for swept in payouts.sweep() if swept.shop == shop]


def test_a_shop_is_led_to_the_providers_page_and_back(shop, account):
    provider_account = connect(shop)

    assert provider_account.startswith("acct_")
    account.refresh_from_db()
    assert connecting.refresh(account=account) is True
    account.refresh_from_db()
    assert account.provider_ready_at is not None


def test_beginning_again_opens_no_second_account(shop, account, stripe_pays):
    connecting.begin(shop=shop, back=BACK, again=AGAIN)
    account.refresh_from_db()
    first = account.provider_account

    account.provider_account = ""
    account.save()
    connecting.begin(shop=shop, back=BACK, again=AGAIN)

    account.refresh_from_db()
    assert account.provider_account == first, "its answer may have been lost"


def test_without_a_bank_account_there_is_nothing_to_connect(shop, stripe_pays):
    with pytest.raises(NoBankAccount):
        connecting.begin(shop=shop, back=BACK, again=AGAIN)


def test_a_provider_that_is_away_leaves_everything_as_it_was(shop, account, stripe_pays):
    stripe_pays.fault({"on": "accounts.create", "do": "drop", "when": "before", "times": 1})

    with pytest.raises(NotConnected):
        connecting.begin(shop=shop, back=BACK, again=AGAIN)

    account.refresh_from_db()
    assert account.provider_account == ""


def test_nobody_is_paid_before_the_provider_knows_enough(shop, account, sale):
    assert sweep(shop) == [(Obstacle.NOT_CONNECTED, None)]

    connecting.begin(shop=shop, back=BACK, again=AGAIN)

    assert sweep(shop) == [(Obstacle.NOT_CONNECTED, None)]
    assert not Payout.objects.exists()


def test_the_providers_word_makes_the_account_ready(
    shop, account, sale, stripe_pays, client, worker
):
    provider_account = connect(shop)

    for event in told(stripe_pays, provider_account, "account."):
        assert bring(client, event).status_code == 200
    worker()

    account.refresh_from_db()
    assert account.provider_ready_at is not None


@pytest.fixture
def payout(shop, account, sale, stripe_pays) -> Payout:
    """Paid through Stripe."""
    connect(shop)
    account.refresh_from_db()
    connecting.refresh(account=account)
    list(payouts.sweep())
    return payout_sending.send(payout=Payout.objects.get())


def test_a_payout_is_a_transfer_to_the_shops_account(payout, stripe_pays):
    assert payout.state == "paid"
    assert stripe_pays.amounts("transfer", payout.key) == [payout.amount_minor]
    prove()


def test_a_payout_whose_answer_was_lost_is_one_transfer(shop, account, sale, stripe_pays):
    connect(shop)
    account.refresh_from_db()
    connecting.refresh(account=account)
    stripe_pays.fault({"on": "transfer", "do": "error", "times": 1})
    list(payouts.sweep())
    payout = payout_sending.send(payout=Payout.objects.get())
    assert payout.state == "processing"

    payout = payout_sending.send(payout=payout)

    assert payout.state == "paid"
    assert stripe_pays.amounts("transfer", payout.key) == [payout.amount_minor]
    prove()


def test_a_payout_that_came_back_is_owed_again(payout, stripe_pays, client, worker):
    stripe_pays.ask("POST", f"reversals/{payout.provider_reference}", {})

    for event in told(stripe_pays, payout.key, "transfer."):
        bring(client, event)
    worker()
    worker()

    payout.refresh_from_db()
    assert payout.state == "returned"
    prove()


def test_a_transfer_of_somebody_else_is_not_taken_for_a_payout(
    payout, stripe_pays, client, worker
):
    event = told(stripe_pays, payout.key, "transfer.created")[0]
    event["data"]["object"]["metadata"] = {"key": "payout:nonsense"}

    bring(client, event)
    worker()

    payout.refresh_from_db()
    assert payout.state == "paid"


# --- the pages of the sellers


OVERVIEW = "/seller/orders/payout/"


def start(client, slug: str):
    return client.post(f"{OVERVIEW}connect/", {"shop": slug})


def link_in(answer) -> str:
    return re.search(r'href="(http[^"]+/_hosted/onboard/[^"]+)"', answer.content.decode())[1]


def test_fern_sets_up_her_payouts(client, seller, shop, account, sale):
    client.force_login(seller)
    assert "Set up payouts" in client.get(OVERVIEW).content.decode()

    request = urllib.request.Request(link_in(start(client, shop.slug)), data=b"answer=complete")
    back = urllib.request.build_opener(NoRedirect).open(request).headers["Location"]
    answer = client.get(back.removeprefix("http://127.0.0.1:8000"), follow=True)

    assert "Payouts are set up." in answer.content.decode()
    account.refresh_from_db()
    assert account.provider_ready_at is not None


def test_who_comes_back_too_early_is_told_so(client, seller, shop, account):
    client.force_login(seller)
    start(client, shop.slug)

    answer = client.get(f"{OVERVIEW}connected/{shop.slug}/", follow=True)

    assert "still checking" in answer.content.decode()
    account.refresh_from_db()
    assert account.provider_ready_at is None


def test_only_an_owner_says_where_the_money_goes(client, shop, account, sale):
    ShopMember.objects.create(shop=shop, user=make_user("mel"), role=ShopMember.Role.MANAGER)
    client.force_login(make_user("mel"))

    assert "Set up payouts" not in client.get(OVERVIEW).content.decode()
    assert start(client, shop.slug).status_code == 404
    assert client.get(f"{OVERVIEW}connected/{shop.slug}/").status_code == 404

    account.refresh_from_db()
    assert account.provider_account == ""


def test_a_rivals_account_does_not_exist(client, rival, shop, account):
    client.force_login(make_user("rita"))

    assert start(client, shop.slug).status_code == 404
    assert client.get(f"{OVERVIEW}connected/{shop.slug}/").status_code == 404

    account.refresh_from_db()
    assert account.provider_account == ""
