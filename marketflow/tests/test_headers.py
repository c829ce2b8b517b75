"""A24: what every answer bears, whoever asks for whatever address."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.tests.factories import make_user
from marketflow.tests.test_smoke import addresses

pytestmark = pytest.mark.django_db

# Read by scripts of ours: the token that forms send, the theme, the country.
READABLE = {"csrftoken", "theme", "country"}


@pytest.fixture
def secure(settings):
    """As in production."""
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True


def wrong(answer, address: str) -> list[str]:
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


@pytest.mark.parametrize("who", ["nobody", "seller", "staff"])
def test_every_answer_bears_the_headers_of_safety(secure, who, seller):
    client = Client()
    if who == "seller":
        client.force_login(seller)
    elif who == "staff":
        client.force_login(make_user("vera", is_staff=True, is_superuser=True))

    faults = {
        address: found
        for address in [*addresses(), "/nothing/", "/api/v1/nothing/"]
        if (found := wrong(client.get(address, secure=True), address))
    }

    assert faults == {}
