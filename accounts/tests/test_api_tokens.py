"""Signing programs up, in and out."""

from __future__ import annotations

import re
from datetime import timedelta

import jwt
import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils.timezone import now
from rest_framework.test import APIClient

from accounts.models import RefreshFamily, RefreshLink, User
from accounts.services import sessions, signing, tokens
from accounts.tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db

NEW = "another horse battery"


@pytest.fixture
def program():
    return APIClient()


def auth(program, path: str, body: dict):
    return program.post(f"/api/v1/auth/{path}/", body)


def sign_in(program, email: str = "ana@example.test", password: str = PASSWORD):
    return auth(program, "token", {"email": email, "password": password})


def refresh(program, token: str):
    return auth(program, "token/refresh", {"refresh": token})


def bearer(access: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client


def is_in(access: str) -> bool:
    return bearer(access).get("/api/v1/users/me/").status_code == 200


def refused(answer, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (401, code)


# --- signing up


def test_a_known_address_gets_the_same_answer_and_another_mail(program, buyer):
    body = {"email": "new@example.test", "password": NEW, "name": "New"}

    new = auth(program, "register", body)
    known = auth(program, "register", body | {"email": buyer.email.upper()})

    assert (new.status_code, known.status_code) == (201, 201)
    assert new.content == known.content
    assert [message.to for message in mail.outbox] == [["new@example.test"], [buyer.email]]
    assert mail.outbox[0].subject != mail.outbox[1].subject
    assert User.objects.count() == 2
    buyer.refresh_from_db()
    assert buyer.check_password(PASSWORD)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"password": "short"}, "password"),
        ({"password": "password123"}, "password"),
        ({"password": "new@example.test"}, "password"),
        ({"email": "no address"}, "email"),
        ({"name": ""}, "name"),
        ({"is_staff": True}, "is_staff"),
        ({"is_superuser": True}, "is_superuser"),
        ({"email_verified": True}, "email_verified"),
        ({"role": "owner"}, "role"),
    ],
)
def test_an_account_that_can_not_be_is_refused_by_field(program, changes, field):
    body = {"email": "new@example.test", "password": NEW, "name": "New"}

    answer = auth(program, "register", body | changes)

    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert not User.objects.exists()


def test_sign_up_is_counted_by_address(program, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"register": "1/3600"}
    auth(program, "register", {})

    answer = auth(program, "register", {})

    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert int(answer.headers["Retry-After"]) > 3000


# --- signing in


def test_a_pair_opens_the_account(program, buyer):
    pair = sign_in(program, "ANA@Example.test").json()

    assert set(pair) == {"access", "refresh"}
    assert bearer(pair["access"]).get("/api/v1/users/me/").json()["email"] == buyer.email
    assert not is_in(pair["refresh"])


def test_a_wrong_password_and_an_unknown_address_are_the_same_bytes(program, buyer):
    wrong = sign_in(program, password="wrong")
    unknown = sign_in(program, email="nobody@example.test")
    gone = make_user("gone", is_active=False)
    inactive = sign_in(program, email=gone.email)

    refused(wrong, "invalid_credentials")
    assert wrong.content == unknown.content == inactive.content


def test_an_address_that_is_not_confirmed_waits_where_mail_is_sent(program, buyer, settings):
    settings.API_NEEDS_CONFIRMED_EMAIL = True
    assert sign_in(program).status_code == 200
    buyer.emailaddress_set.update(verified=False)

    refused(sign_in(program), "email_unverified")


def test_demo_people_exist_in_a_demo_only(program, settings):
    ana = make_user("demo", email="ana@demo.test")
    pair = sign_in(program, ana.email).json()
    assert is_in(pair["access"])

    settings.DEMO = False

    refused(sign_in(program, ana.email), "invalid_credentials")
    refused(refresh(program, pair["refresh"]), "token_invalid")
    assert not is_in(pair["access"])


def test_attempts_are_counted_by_account_whatever_the_address_looks_like(program, buyer, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sign_in_account": "2/300"}
    sign_in(program, password="wrong")
    sign_in(program, email="ANA@EXAMPLE.TEST", password="wrong")

    answer = sign_in(program)

    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert 0 < int(answer.headers["Retry-After"]) <= 300


def test_attempts_are_counted_by_the_callers_address(program, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sign_in_address": "2/300"}
    for number in range(2):
        refused(sign_in(program, email=f"{number}@example.test"), "invalid_credentials")

    answer = sign_in(program, email="3@example.test")
    forged = program.post(
        "/api/v1/auth/token/",
        {"email": "4@example.test", "password": "x"},
        headers={"X-Forwarded-For": "203.0.113.9"},
    )

    assert (answer.status_code, forged.status_code) == (429, 429)


# --- rotating


def test_a_refresh_token_gives_the_next_pair(program, buyer):
    first = sign_in(program).json()

    second = refresh(program, first["refresh"]).json()

    assert second["refresh"] != first["refresh"]
    assert is_in(second["access"])
    assert refresh(program, second["refresh"]).status_code == 200


def test_the_same_token_at_once_again_has_the_same_successor(program, buyer):
    first = sign_in(program).json()

    answers = [refresh(program, first["refresh"]) for _ in range(3)]

    assert len({answer.content for answer in answers}) == 1
    assert RefreshLink.objects.count() == 2


def test_a_token_used_again_later_ends_its_family(program, buyer):
    first = sign_in(program).json()
    elsewhere = sign_in(program).json()
    second = refresh(program, first["refresh"]).json()
    RefreshLink.objects.update(issued_at=now() - tokens.GRACE - timedelta(seconds=1))

    refused(refresh(program, first["refresh"]), "token_reused")

    refused(refresh(program, second["refresh"]), "token_invalid")
    assert RefreshFamily.objects.filter(revoked_at=None).count() == 1
    assert refresh(program, elsewhere["refresh"]).status_code == 200


@pytest.mark.parametrize("token", ["", "x", "a.b.c", None, 7])
def test_what_is_no_token_is_refused(program, token):
    assert refresh(program, token).status_code in (400, 401)


def test_an_access_token_is_no_refresh_token(program, buyer):
    pair = sign_in(program).json()

    refused(refresh(program, pair["access"]), "token_invalid")


# --- ending


def test_signing_out_ends_the_family(program, buyer):
    first = sign_in(program).json()
    second = refresh(program, first["refresh"]).json()

    answer = auth(program, "logout", {"refresh": second["refresh"]})

    assert (answer.status_code, answer.content) == (204, b"")
    refused(refresh(program, second["refresh"]), "token_invalid")
    assert auth(program, "logout", {"refresh": "unknown"}).status_code == 204


def test_a_new_password_ends_every_sign_in(program, buyer):
    pair, other = sign_in(program).json(), sign_in(program).json()
    browser = Client()
    browser.force_login(buyer)
    body = {"current_password": PASSWORD, "new_password": NEW}

    answer = auth(bearer(pair["access"]), "password/change", body)

    assert answer.status_code == 204
    assert not is_in(pair["access"])
    for one in (pair, other):
        refused(refresh(program, one["refresh"]), "token_invalid")
    assert browser.get("/api/v1/users/me/").status_code == 401
    refused(sign_in(program), "invalid_credentials")
    assert sign_in(program, password=NEW).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"current_password": "wrong", "new_password": NEW}, "current_password"),
        ({"current_password": PASSWORD, "new_password": "short"}, "new_password"),
    ],
)
def test_a_password_that_can_not_be_changed_ends_nothing(program, buyer, body, field):
    pair = sign_in(program).json()

    answer = auth(bearer(pair["access"]), "password/change", body)

    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert is_in(pair["access"])


def test_ending_all_sessions_ends_tokens(program, buyer):
    pair = sign_in(program).json()

    sessions.end_all(buyer)

    assert not is_in(pair["access"])
    refused(refresh(program, pair["refresh"]), "token_invalid")


def test_who_is_locked_out_is_out_at_once(program, buyer):
    pair = sign_in(program).json()
    User.objects.update(is_active=False)

    assert not is_in(pair["access"])
    refused(refresh(program, pair["refresh"]), "token_invalid")


def test_a_token_of_another_key_opens_nothing(program, buyer, settings):
    pair = sign_in(program).json()
    claims = jwt.decode(pair["access"], options={"verify_signature": False})
    key, foreign = settings.JWT_SIGNING_KEYS[0], "another key of at least thirty-two bytes"
    kid = {"kid": signing.kid_of(key)}
    assert is_in(jwt.encode(claims, key, algorithm="HS256", headers=kid))

    for forged in (
        jwt.encode(claims, foreign, algorithm="HS256", headers=kid),
        jwt.encode(claims, foreign, algorithm="HS256", headers={"kid": signing.kid_of(foreign)}),
        jwt.encode(claims, None, algorithm="none", headers=kid),
        jwt.encode(claims, key, algorithm="HS384", headers=kid),
        jwt.encode(claims, key, algorithm="HS256"),
        jwt.encode(claims, key, algorithm="HS256", headers={"kid": "x"}),
        jwt.encode(claims | {"aud": "elsewhere"}, key, algorithm="HS256", headers=kid),
        jwt.encode(claims | {"iss": "elsewhere"}, key, algorithm="HS256", headers=kid),
        jwt.encode(claims | {"typ": "refresh"}, key, algorithm="HS256", headers=kid),
        jwt.encode(claims | {"exp": 1}, key, algorithm="HS256", headers=kid),
        jwt.encode(claims | {"fam": "x"}, key, algorithm="HS256", headers=kid),
        jwt.encode(claims | {"sub": "x"}, key, algorithm="HS256", headers=kid),
        jwt.encode(claims | {"sv": 99}, key, algorithm="HS256", headers=kid),
    ):
        assert not is_in(forged), jwt.decode(forged, options={"verify_signature": False})


def test_a_key_is_changed_without_signing_anybody_out(program, buyer, settings):
    old = settings.JWT_SIGNING_KEYS[0]
    pair = sign_in(program).json()

    settings.JWT_SIGNING_KEYS = ["a new key of at least thirty-two bytes", old]
    assert is_in(pair["access"])
    later = refresh(program, pair["refresh"]).json()
    settings.JWT_SIGNING_KEYS = settings.JWT_SIGNING_KEYS[:1]

    assert is_in(later["access"])
    assert not is_in(pair["access"])
    refused(refresh(program, pair["refresh"]), "token_invalid")


@pytest.mark.parametrize(("seconds", "opens"), [(25, True), (35, False)])
def test_clocks_may_differ_by_half_a_minute(program, buyer, settings, seconds, opens):
    pair = sign_in(program).json()

    with time_machine.travel(now() + timedelta(minutes=5, seconds=seconds), tick=False):
        assert is_in(pair["access"]) is opens
    with time_machine.travel(now() - timedelta(seconds=seconds), tick=False):
        assert is_in(pair["access"]) is opens


def test_an_access_token_lasts_as_long_as_is_set(program, buyer, settings):
    settings.ACCESS_TOKEN_MINUTES = 2

    claims = jwt.decode(sign_in(program).json()["access"], options={"verify_signature": False})

    assert claims["exp"] - claims["iat"] == 120


# --- a new password by mail


def key_of_mail() -> str:
    return re.search(r"/account/password/reset/key/(\S+)/", mail.outbox[-1].body)[1]


def test_a_forgotten_password_is_replaced_by_the_key_of_a_mail(program, buyer):
    pair = sign_in(program).json()
    assert auth(program, "password/reset", {"email": "ANA@example.test"}).status_code == 202
    body = {"key": key_of_mail(), "password": NEW}

    answer = auth(program, "password/reset/confirm", body)

    assert (answer.status_code, answer.content) == (204, b"")
    assert sign_in(program, password=NEW).status_code == 200
    assert not is_in(pair["access"])
    refused(refresh(program, pair["refresh"]), "token_invalid")
    again = auth(program, "password/reset/confirm", body | {"password": NEW + "2"})
    assert (again.status_code, list(again.json()["fields"])) == (400, ["key"])
    assert sign_in(program, password=NEW).status_code == 200


def test_asking_for_a_known_or_unknown_address_is_the_same(program, buyer):
    known = auth(program, "password/reset", {"email": buyer.email})
    unknown = auth(program, "password/reset", {"email": "who@example.test"})

    assert known.status_code == unknown.status_code == 202
    assert known.content == unknown.content
    assert [message.to for message in mail.outbox] == [[buyer.email], ["who@example.test"]]


@pytest.mark.parametrize("key", ["x", "x-y", "1-set-password", "", "-", "%00-x"])
def test_a_key_that_is_none_changes_nothing(program, buyer, key):
    answer = auth(program, "password/reset/confirm", {"key": key, "password": NEW})

    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["key"])
    buyer.refresh_from_db()
    assert buyer.check_password(PASSWORD)


def test_a_weak_new_password_leaves_the_key_good(program, buyer):
    auth(program, "password/reset", {"email": buyer.email})
    key = key_of_mail()

    weak = auth(program, "password/reset/confirm", {"key": key, "password": "short"})

    assert (weak.status_code, list(weak.json()["fields"])) == (400, ["password"])
    body = {"key": key, "password": NEW}
    assert auth(program, "password/reset/confirm", body).status_code == 204


def test_asking_is_counted_by_address_and_by_account(program, buyer, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"password_reset": "2/3600"}
    asked = [
        auth(program, "password/reset", {"email": email}).status_code
        for email in ("a@example.test", "b@example.test", "c@example.test")
    ]

    assert asked == [202, 202, 429]
