"""A19: nobody learns who has an account: a known and an unknown address look alike everywhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.http import HttpResponse
from django.test import Client
from rest_framework.test import APIClient

from accounts.tests.factories import make_shop, make_user
from accounts.tests.forms import fill_in
from catalog.tests.factories import make_variant
from orders.models import Order
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db

KNOWN, UNKNOWN = "known@example.test", "other@example.test"
PASSWORD = "not the right horse"
# What differs between any two answers.
VARIES = re.compile(
    rb'csrfmiddlewaretoken" value="\w+"|[\w.-]+@example\.test|[0-9a-f-]{36}|MF-\w+|nonce-[\w=-]+'
)
LEFT_OUT = {"X-Request-ID", "Expires", "Content-Length", "ETag"}


def program(path: str, **body: str) -> Callable[[str], HttpResponse]:
    return lambda email: APIClient().post(f"/api/v1/auth/{path}/", {"email": email, **body})


def page(path: str, field: str, **body: str) -> Callable[[str], HttpResponse]:
    return lambda email: fill_in(Client(), path, **{field: email, **body})


def own_page(path: str, field: str, person: str, **body: str) -> Callable[[str], HttpResponse]:
    def ask(email: str) -> HttpResponse:
        client = Client()
        client.force_login(make_user(person))
        return fill_in(client, path, **{field: email, **body})

    return ask


PLACES = {
    "sign in": page("/account/login/", "login", password=PASSWORD),
    "sign in, by program": program("token", password=PASSWORD),
    "sign up": page("/account/signup/", "email", name="N", password1=PASSWORD),
    "sign up, by program": program("register", name="N", password=PASSWORD),
    "new password": page("/account/password/reset/", "email"),
    "new password, by program": program("password/reset"),
    "change of address": own_page("/account/email/", "email", "ana"),
    "invitation": own_page(
        "/seller/accounts/shopinvitation/add/", "email", "fern", role="support"
    ),
    "order of a guest": lambda email: fill_in(
        Client(), "/orders/find/", number=Order.objects.get().number, email=email
    ),
}


@dataclass
class Seen:
    status: int
    headers: dict[str, str]
    body: bytes
    cookies: set[str]
    mails: int
    hashes: int


@pytest.fixture
def look(mailoutbox, monkeypatch, django_capture_on_commit_callbacks):
    hashes = []
    encode = MD5PasswordHasher.encode

    def counted(self, password, salt):
        hashes.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)

    def ask(place: Callable[[str], HttpResponse], email: str) -> Seen:
        hashes.clear()
        mailoutbox.clear()
        with django_capture_on_commit_callbacks(execute=True):
            answer = place(email)
        headers = {k: v for k, v in answer.headers.items() if k not in LEFT_OUT}
        return Seen(
            status=answer.status_code,
            headers={k: VARIES.sub(b"", v.encode()).decode() for k, v in headers.items()},
            body=VARIES.sub(b"", answer.content),
            cookies=set(answer.cookies),
            mails=len(mailoutbox),
            hashes=len(hashes),
        )

    return ask


@pytest.mark.parametrize("name", PLACES)
def test_known_and_unknown_look_alike(name, look):
    known = make_user("known")
    make_user("ana")
    shop = make_shop("Fern & Co", members=["fern"])
    make_order(known, make_variant(shop, "Oak bowl"), paid=True)

    seen = [look(PLACES[name], email) for email in (KNOWN, UNKNOWN)]

    if name == "order of a guest":
        # Only the address of the order gets its link, in a mail that nobody else sees.
        seen[0].mails = seen[1].mails = 0
    assert seen[0].status < 500
    assert seen[0] == seen[1]
