"""Every address answers, whoever asks, and with the headers of safety (A24)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.http import HttpResponse
from django.urls import get_resolver

from accounts.tests.factories import make_user
from catalog.tests.factories import make_variant
from orders.tests.factories import make_order

pytestmark = pytest.mark.django_db

# Read by scripts of ours: the token that forms send, the theme, the country.
READABLE = {"csrftoken", "theme", "country"}


def addresses(patterns=None, prefix: str = "/") -> Iterator[str]:
    """Every address that takes no argument."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if pattern.pattern.regex.groups:
            continue
        address = prefix + re.sub(r"\\(.)|[\^$]|\\Z", r"\1", str(pattern.pattern))
        if hasattr(pattern, "url_patterns"):
            yield from addresses(pattern.url_patterns, address)
        else:
            yield address


@pytest.fixture
def secure(settings):
    """As in production."""
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True


@pytest.fixture
def market(buyer, shop, seller):
    bowl = make_variant(shop, "Oak bowl")
    make_order(buyer, bowl, paid=True)


def wrong(answer: HttpResponse, address: str) -> list[str]:
    found = []
    # The back offices' own scripts are written for it (core.csp).
    allowed = {"'unsafe-eval'"} if address.startswith(("/admin/", "/seller/")) else set()
    policy = {
        directive.split(" ")[0]: directive.split(" ")[1:]
        for directive in answer.headers.get("Content-Security-Policy", "").split("; ")
    }
    scripts = policy.get("script-src", policy.get("default-src"))
    forbidden = {"'unsafe-inline'", "'unsafe-eval'", "*", "data:"} - allowed
    if scripts is None or forbidden & set(scripts):
        found.append(f"scripts: {scripts}")
    if "frame-ancestors" not in policy or "base-uri" not in policy:
        found.append("policy")
    expected = {
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "strict-origin-when-cross-origin",
    }
    found += [name for name, value in expected.items() if answer.headers.get(name) != value]
    if "max-age=31536000" not in answer.headers.get("Strict-Transport-Security", ""):
        found.append("Strict-Transport-Security")
    if answer.headers.get("Access-Control-Allow-Origin"):
        found.append("Access-Control-Allow-Origin")
    for name, cookie in answer.cookies.items():
        is_hidden = cookie["httponly"] or name in READABLE
        if not (cookie["secure"] and cookie["samesite"] and is_hidden):
            found.append(f"cookie {name}")
    return found


@pytest.mark.parametrize("who", ["nobody", "buyer", "seller", "staff"])
def test_every_address_answers_with_the_headers_of_safety(who, secure, market, client, request):
    if who == "staff":
        client.force_login(make_user("vera", is_staff=True, is_superuser=True))
    elif who != "nobody":
        client.force_login(request.getfixturevalue(who))
    answers, faults = {}, {}

    for address in addresses():
        answer = client.get(address, secure=True)
        answers[address] = answer.status_code
        if found := wrong(answer, address):
            faults[address] = found

    assert {"/", "/cart/", "/help/", "/api/v1/wishlist/", "/seller/", "/metrics"} <= set(answers)
    assert not {address: status for address, status in answers.items() if status >= 500}
    # An address of ours is never unknown; what it wants may be missing, or not for everybody.
    public = ("/", "/search/", "/cart/", "/help/", "/sell/", "/robots.txt", "/healthz")
    assert {answers[address] for address in public} == {200}
    assert not faults


@pytest.mark.parametrize("address", ["/nothing/", "/api/v1/nothing/"])
def test_what_is_not_there_bears_them_too(secure, client, address):
    answer = client.get(address, secure=True)

    assert answer.status_code == 404
    assert not wrong(answer, address)
