"""Counting who asks how often."""

from __future__ import annotations

import pytest
import redis
from django.conf import settings as real_settings
from django.test import RequestFactory

from marketflow.core import rate_limits
from marketflow.core.rate_limits import TooMany


def address(remote: str, forwarded: str = "") -> str:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    return rate_limits.address_of(RequestFactory(REMOTE_ADDR=remote).get("/", headers=headers))


def allowed(scope: str, who: str = "ana") -> int:
    """How many go through before one is turned away."""
    for number in range(100):
        try:
            rate_limits.count(scope, who)
        except TooMany as refusal:
            assert 1 <= refusal.retry_after <= 300
            return number
    raise AssertionError("never turned away")


@pytest.fixture
def limit(settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"search": "12/300", "coupon": "12/300"}


def test_a_scope_and_a_caller_are_counted_apart(limit):
    assert [allowed("search"), allowed("coupon"), allowed("search", "sam")] == [12, 12, 12]


def test_what_is_forgotten_is_counted_anew(limit):
    allowed("search")

    rate_limits.forget("search", "ana")

    assert allowed("search") == 12


def test_without_redis_each_process_allows_its_share(limit, settings, monkeypatch):
    def away(*args, **kwargs):
        raise redis.ConnectionError("refused")

    settings.REDIS_URL, settings.WEB_WORKERS = "redis://127.0.0.1:1", 4
    monkeypatch.setattr(rate_limits, "_script", lambda: away)

    assert allowed("search") == 3
    settings.WEB_WORKERS = 50
    assert allowed("coupon") == 1


@pytest.mark.parametrize(
    ("proxies", "remote", "forwarded", "seen"),
    [
        (0, "192.0.2.1", "203.0.113.9", "192.0.2.1"),
        (1, "10.0.0.1", "203.0.113.9", "203.0.113.9"),
        (1, "10.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "192.0.2.1", "203.0.113.9", "192.0.2.1"),
        (1, "192.0.2.1", "nonsense", "unknown"),
        (0, "2001:db8:1:2:a::1", "", "2001:db8:1:2::/64"),
        (0, "2001:db8:1:2:b::2", "", "2001:db8:1:2::/64"),
        (0, "::ffff:192.0.2.1", "", "192.0.2.1"),
    ],
)
def test_whose_address_counts(settings, proxies, remote, forwarded, seen):
    settings.TRUSTED_PROXIES = proxies

    assert address(remote, forwarded) == seen


@pytest.mark.parametrize(
    "spelling", ["ANA@Example.TEST", " ana@example.test", "ａna@example.test"]
)
def test_one_account_has_one_spelling(spelling):
    assert rate_limits.account_of(spelling) == "ana@example.test"


def test_every_limit_is_a_setting_and_in_the_documents():
    example = (real_settings.BASE_DIR / ".env.example").read_text()
    guide = (real_settings.BASE_DIR / "docs" / "api.md").read_text()

    for scope, limit in real_settings.RATE_LIMITS.items():
        most, seconds = limit.split("/")
        assert int(most) > 0 and int(seconds) > 0
        assert f"RATE_LIMIT_{scope.upper()}={limit}" in example, scope
        assert f"`RATE_LIMIT_{scope.upper()}`" in guide, scope
