from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils.timezone import now

from accounts import iban
from accounts.models import BankAccount, ShopMember
from accounts.services import bank_accounts
from accounts.tests.factories import PASSWORD, make_bank_account, make_user
from marketflow.core.models import AuditEntry, OutboxEvent
from marketflow.core.tests.admin_pages import submit

pytestmark = pytest.mark.django_db
ADD = "/seller/accounts/bankaccount/add/"
LIST = "/seller/accounts/bankaccount/"
GERMAN = "DE89 3704 0044 0532 0130 00"
PLAIN = "DE89370400440532013000"


@pytest.fixture
def fern(client, seller):
    client.force_login(seller)
    return client


def enter(client, **changes):
    fields = {"holder": "Fern & Co", "iban": GERMAN, "password": PASSWORD} | changes
    return submit(client, ADD, "bankaccount_form", **fields)


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("DE89 3704 0044 0532 0130 00", True),
        ("ie29-aibk-9311-5212-3456-78", True),
        ("GB82WEST12345698765432", True),
        ("DE89 3704 0044 0532 0130 01", False),
        ("DE89 3704 0044 0532 0310 00", False),
        ("DE89", False),
        ("4242424242424242", False),
        ("DE89 3704 0044 0532 0130 0é", False),
        ("", False),
    ],
)
def test_an_iban_is_known_by_its_check_digits(text, is_right):
    assert iban.is_possible(iban.plain(text)) is is_right


def test_a_new_account_replaces_the_last_and_waits(shop, seller, settings):
    settings.PAYOUT_COOLING_DAYS = 3
    last = make_bank_account(shop)

    new = bank_accounts.replace(shop=shop, holder="Fern", iban=GERMAN, by=seller)

    last.refresh_from_db()
    assert (new.iban, new.masked, new.told) == (PLAIN, "DE•• •••• 3000", [seller.email])
    assert timedelta(days=2, hours=23) < new.usable_from - now() < timedelta(days=3, minutes=1)
    assert last.replaced_at is not None
    assert list(shop.bank_accounts.in_use()) == [new]
    assert not shop.bank_accounts.usable().exists()
    entry = AuditEntry.objects.get(action="bank_account_replaced")
    assert (entry.actor, entry.before, entry.after) == (
        seller,
        {"account": "IE•• •••• 5678"},
        {"account": "DE•• •••• 3000"},
    )
    told = OutboxEvent.objects.get(name="accounts.BankAccountReplaced").payload
    assert told == {"shop_id": shop.pk, "account_id": new.pk, "last_id": last.pk}


def test_the_same_account_entered_again_goes_on_as_it_is(shop, seller):
    account = make_bank_account(shop, iban=PLAIN, holder="Fern")

    again = bank_accounts.replace(shop=shop, holder="Fern", iban=GERMAN, by=seller)

    assert again == account
    assert BankAccount.objects.get().replaced_at is None
    assert not OutboxEvent.objects.exists()


def test_an_impossible_iban_changes_nothing(shop, seller):
    make_bank_account(shop)

    with pytest.raises(ValidationError):
        bank_accounts.replace(shop=shop, holder="Fern", iban="DE00", by=seller)

    assert BankAccount.objects.get().replaced_at is None
    assert not AuditEntry.objects.exists()


def test_an_owner_enters_the_account_with_their_password(fern, shop):
    answer = enter(fern)

    assert answer.status_code == 302
    account = shop.bank_accounts.get()
    assert (account.iban, account.added_by.email) == (PLAIN, "fern@example.test")
    for page in (LIST, f"{LIST}{account.pk}/change/"):
        text = fern.get(page).content.decode()
        assert "DE•• •••• 3000" in text
        assert PLAIN not in text.replace(" ", "")


@pytest.mark.parametrize(
    "changes",
    [{"password": "wrong"}, {"password": ""}, {"iban": "DE00 1234"}, {"holder": ""}],
)
def test_what_is_wrong_is_said_and_nothing_is_entered(fern, shop, changes):
    account = make_bank_account(shop)

    answer = enter(fern, **changes)

    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert list(shop.bank_accounts.in_use()) == [account]


def test_guesses_at_the_password_are_counted(fern, shop, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sign_in_account": "2/300"}
    for _ in range(2):
        enter(fern, password="wrong")

    answer = enter(fern)

    assert "Too many attempts" in answer.content.decode()
    assert not shop.bank_accounts.exists()


@pytest.mark.parametrize(("role", "may_see"), [("manager", True), ("fulfilment", False)])
def test_only_an_owner_replaces_it(client, shop, role, may_see):
    make_bank_account(shop)
    pat = make_user("pat")
    ShopMember.objects.create(shop=shop, user=pat, role=role)
    client.force_login(pat)

    assert client.get(ADD).status_code == 403
    assert client.get(LIST).status_code == (200 if may_see else 403)
    fields = {"shop": shop.pk, "holder": "Pat", "iban": GERMAN, "password": PASSWORD}
    assert client.post(ADD, fields).status_code == 403
    assert BankAccount.objects.get().holder == "Fern & Co"


def test_a_rivals_shop_is_no_choice(fern, rival):
    answer = enter(fern, shop=[str(rival.pk)])

    assert answer.status_code == 200
    assert not BankAccount.objects.exists()


def test_staff_see_it_masked(client, shop):
    account = make_bank_account(shop, iban=PLAIN)
    client.force_login(make_user("vera", is_staff=True, is_superuser=True))

    for page in (
        "/admin/accounts/bankaccount/",
        f"/admin/accounts/bankaccount/{account.pk}/change/",
    ):
        text = client.get(page).content.decode()
        assert "DE•• •••• 3000" in text
        assert PLAIN not in text
