"""Second factors: adding, signing in with them, and being asked again where money moves."""

from __future__ import annotations

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth.models import Permission
from django.core import mail
from rest_framework.test import APIClient

from accounts.models import ApiKey, BankAccount
from accounts.services import api_keys
from accounts.tests.factories import PASSWORD, make_user
from accounts.tests.forms import fill_in
from marketflow.core.models import AuditEntry

pytestmark = pytest.mark.django_db

SECRET = "JBSWY3DPEHPK3PXP" * 2


def add_app(user) -> str:
    """An app for codes, and its secret."""
    totp.TOTP.activate(user, SECRET)
    return SECRET


def code(secret: str = SECRET, steps: int = 0) -> str:
    counter = int(time.time()) // 30 + steps
    return totp.format_hotp_value(totp.hotp_value(secret, counter))


def sign_in(client, email="ana@example.test", **more):
    return fill_in(client, "/account/login/", login=email, password=PASSWORD, **more)


def is_in(client) -> bool:
    return client.get("/account/security/").status_code == 200


def token(**more):
    body = {"email": "ana@example.test", "password": PASSWORD} | more
    return APIClient().post("/api/v1/auth/token/", body)


# --- adding one


def test_an_app_is_added_by_its_code_and_brings_recovery_codes(
    client, buyer, django_capture_on_commit_callbacks
):
    sign_in(client)
    asked = client.get("/account/second-factor/app/add/")
    fill_in(client, asked["Location"], password=PASSWORD)
    page = client.get("/account/second-factor/app/add/").content.decode()
    secret = re.search(r"<code>(\w+)</code>", page)[1]

    wrong = client.post("/account/second-factor/app/add/", {"code": "000000"})
    with django_capture_on_commit_callbacks(execute=True):
        right = client.post("/account/second-factor/app/add/", {"code": code(secret)})

    assert (wrong.status_code, right.status_code) == (422, 303)
    shown = client.get(right["Location"]).content.decode()
    assert len(re.findall(r"<code>[\d]{8}</code>", shown)) == 10
    assert "data:image/svg+xml" in page
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in stored and totp.decrypt(stored) == secret
    assert any("An app for codes was added." in message.body for message in mail.outbox)


def test_adding_needs_the_password_again(client, buyer):
    client.force_login(buyer)

    for path in ("app/add", "passkeys/add", "codes/new"):
        answer = client.get(f"/account/second-factor/{path}/")
        assert (answer.status_code, answer["Location"].split("?")[0]) == (
            302,
            "/account/reauthenticate/",
        )


def test_the_page_of_passkeys_asks_the_browser_and_works_without_it(client, buyer):
    sign_in(client)
    fill_in(client, "/account/reauthenticate/", password=PASSWORD)

    page = client.get("/account/second-factor/passkeys/add/").content.decode()

    assert "<mf-passkey" in page and '"challenge"' in page
    answer = client.post("/account/second-factor/passkeys/add/", {"credential": "{}"})
    assert answer.status_code == 422
    assert not Authenticator.objects.exists()


# --- signing in


def test_the_password_alone_leads_to_the_code(client, buyer):
    add_app(buyer)

    answer = sign_in(client)

    assert (answer.status_code, answer["Location"]) == (303, "/account/second-factor/code/")
    assert not is_in(client)
    page = client.get(answer["Location"]).content.decode()
    assert "Enter a code" in page and "Use a passkey" in page
    wrong = client.post(answer["Location"], {"code": "000000"})
    assert (wrong.status_code, is_in(client)) == (422, False)
    right = client.post(answer["Location"], {"code": code()})
    assert (right.status_code, is_in(client)) == (303, True)


def test_a_recovery_code_opens_once(client, client_of_another, buyer):
    add_app(buyer)
    spare = RecoveryCodes.activate(buyer).get_unused_codes()[0]

    for browser, opens in ((client, True), (client_of_another, False)):
        sign_in(browser)
        browser.post("/account/second-factor/code/", {"code": spare})
        assert is_in(browser) is opens


def test_a_code_of_the_app_opens_once(client, client_of_another, buyer):
    add_app(buyer)
    same = code()

    for browser, opens in ((client, True), (client_of_another, False)):
        sign_in(browser)
        browser.post("/account/second-factor/code/", {"code": same})
        assert is_in(browser) is opens


def test_guesses_at_codes_are_counted(client, buyer, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"second_factor": "2/300"}
    add_app(buyer)
    sign_in(client)
    for _ in range(2):
        client.post("/account/second-factor/code/", {"code": "000000"})

    answer = client.post("/account/second-factor/code/", {"code": code()})

    assert answer.status_code == 429 and int(answer["Retry-After"]) > 0
    assert token(code=code(steps=1)).status_code == 429
    assert not is_in(client)


# --- programs


def test_a_program_sends_the_code_with_the_password(buyer):
    add_app(buyer)

    without, wrong, right = token(), token(code="000000"), token(code=code())

    for answer in (without, wrong):
        assert (answer.status_code, answer.json()["code"]) == (401, "second_factor_required")
        assert list(answer.json()["fields"]) == ["code"]
    assert right.status_code == 200
    assert token(code=code()).status_code == 401  # the same one again


def test_a_wrong_password_says_nothing_of_the_second_factor(buyer):
    add_app(buyer)

    answer = token(password="wrong", code=code())

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")


def test_a_program_may_spend_a_recovery_code(buyer):
    add_app(buyer)
    spare = RecoveryCodes.activate(buyer).get_unused_codes()[0]

    assert [token(code=spare).status_code for _ in range(2)] == [200, 401]


# --- where money moves

ACCOUNT = "/seller/accounts/bankaccount/add/"
KEY = "/seller/accounts/apikey/add/"


@pytest.fixture
def strict(settings):
    settings.REQUIRE_MFA = True


@pytest.mark.parametrize("page", [ACCOUNT, KEY])
def test_who_has_no_second_factor_is_led_to_add_one(client, seller, strict, page):
    sign_in(client, seller.email)

    for answer in (client.get(page), client.post(page, {})):
        assert (answer.status_code, answer["Location"]) == (302, "/account/second-factor/")
    assert not BankAccount.objects.exists() and not ApiKey.objects.exists()


@pytest.mark.parametrize("page", [ACCOUNT, KEY])
def test_who_has_one_shows_it_again_after_a_while(client, seller, strict, page):
    add_app(seller)
    client.force_login(seller)
    asked = client.get(page)
    assert asked["Location"].startswith("/account/second-factor/prove/?next=")
    assert client.post(page, {})["Location"].startswith("/account/second-factor/prove/")

    shown = fill_in(client, asked["Location"], code=code())

    assert (shown.status_code, shown["Location"]) == (303, page)
    assert client.get(page).status_code == 200


def test_the_password_does_not_stand_in_for_the_factor(client, seller, strict):
    add_app(seller)
    client.force_login(seller)
    fill_in(client, "/account/reauthenticate/", password=PASSWORD)

    assert client.get(ACCOUNT)["Location"].startswith("/account/second-factor/prove/")


def test_signing_in_with_the_factor_counts_for_a_while(client, seller, strict):
    add_app(seller)
    sign_in(client, seller.email)
    client.post("/account/second-factor/code/", {"code": code()})

    assert client.get(ACCOUNT).status_code == 200


def test_payouts_settings_ask_and_other_settings_do_not(client, seller, shop, strict):
    add_app(seller)
    client.force_login(seller)
    page = f"/seller/accounts/shop/{shop.pk}/change/"

    answer = fill_in(client, page, payout_schedule="daily")
    shop.refresh_from_db()
    assert answer["Location"].startswith("/account/second-factor/prove/")
    assert shop.payout_schedule == "weekly"

    other = fill_in(client, page, tagline="Bowls")
    shop.refresh_from_db()
    assert (other.status_code, shop.tagline) == (302, "Bowls")
    assert "second-factor" not in other["Location"]


def test_staffs_pages_of_money_ask_when_something_is_sent(client, strict):
    vera = make_user("vera", is_staff=True, is_superuser=True)
    add_app(vera)
    client.force_login(vera)

    assert client.get("/admin/orders/payout/").status_code == 200
    answer = client.post("/admin/orders/payout/", {"action": "x"})

    assert answer["Location"].startswith("/account/second-factor/prove/")


def test_where_it_is_not_asked_for_the_pages_are_as_before(client, seller):
    client.force_login(seller)

    assert client.get(ACCOUNT).status_code == 200


# --- making a key in the back office


def test_a_key_is_made_in_the_back_office_and_shown_once(client, seller, shop):
    client.force_login(seller)
    body = {"shop": shop.pk, "name": "ERP", "scopes": ["orders:read", "stock:write"]}
    body |= {"expires_at_0": "", "expires_at_1": ""}

    answer = client.post(KEY, body)

    text = re.search(r"mfk_\w{40}", answer.content.decode())[0]
    key = ApiKey.objects.get()
    assert (key.shop, key.made_by, key.scopes) == (shop, seller, ["orders:read", "stock:write"])
    assert "no-store" in answer["Cache-Control"]
    program = APIClient(headers={"Authorization": f"Bearer {text}"})
    assert program.get("/api/v1/seller-orders/").status_code == 200
    for page in ("/seller/accounts/apikey/", f"/seller/accounts/apikey/{key.pk}/change/"):
        shown = client.get(page)
        assert shown.status_code == 200 and text not in shown.content.decode()

    client.post("/seller/accounts/apikey/", {"action": "revoke", "_selected_action": [key.pk]})

    assert program.get("/api/v1/seller-orders/").status_code == 401


def test_nobody_makes_or_sees_keys_of_another_shop(client, seller, shop, rival):
    client.force_login(seller)
    body = {"shop": rival.pk, "name": "ERP", "scopes": ["orders:read"]}

    answer = client.post(KEY, body | {"expires_at_0": "", "expires_at_1": ""})

    assert "mfk_" not in answer.content.decode()
    without = client.post(KEY, {"name": "x", "scopes": ["orders:read"]})
    assert "mfk_" not in without.content.decode()
    assert not ApiKey.objects.exists()


def test_the_account_page_revokes_ones_own_key(client, seller, shop, buyer):
    key, _text = api_keys.make(by=seller, shop=shop, name="ERP", scopes=["orders:read"])
    client.force_login(buyer)
    assert client.post(f"/account/security/keys/{key.uuid}/revoke/").status_code == 404
    client.force_login(seller)
    assert key.prefix in client.get("/account/security/").content.decode()

    client.post(f"/account/security/keys/{key.uuid}/revoke/")

    key.refresh_from_db()
    assert key.revoked_at is not None


def test_staff_remove_the_factors_of_who_lost_them_and_not_of_staff(client, buyer):
    clerk = make_user("cleo", is_staff=True)
    powers = Permission.objects.filter(codename__in=["view_user", "change_user"])
    clerk.user_permissions.set(powers)
    vera = make_user("vera", is_staff=True, is_superuser=True)
    for person in (buyer, vera):
        add_app(person)
    version = buyer.session_version
    client.force_login(clerk)
    rows = {"action": "remove_second_factors", "_selected_action": [buyer.pk, vera.pk]}

    client.post("/admin/accounts/user/", rows)

    assert [one.user for one in Authenticator.objects.all()] == [vera]
    buyer.refresh_from_db()
    assert buyer.session_version == version + 1
    assert AuditEntry.objects.get().action == "accounts.user.second_factors_removed"
