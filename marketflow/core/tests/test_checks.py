from __future__ import annotations

import base64

import pytest

from marketflow.core.checks import (
    nothing_for_show_in_production,
    providers_have_their_keys,
    switches_only_in_tests,
    web_push_is_whole_or_off,
)


@pytest.fixture
def production(settings):
    settings.DEMO = settings.EMBEDDED = settings.TESTING = False
    settings.REDIS_URL = "redis://redis"
    settings.SECRET_KEY = "kJ8#vQ2!" * 8
    settings.ALLOWED_HOSTS = ["market.example"]
    settings.ALLOWED_ORIGINS = ["https://market.example"]
    settings.PAYMENT_PROVIDERS = ["stripe"]
    settings.ALLOW_TEST_PAYMENTS = False
    return settings


def found() -> set[str]:
    return {error.id for error in nothing_for_show_in_production(None)}


def test_production_settings_pass(production):
    assert found() == set()


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("DEMO", True, "marketflow.E003"),
        ("ALLOWED_HOSTS", ["*"], "marketflow.E004"),
        ("ALLOWED_ORIGINS", ["*"], "marketflow.E005"),
        ("ALLOWED_ORIGINS", ["https://*.example"], "marketflow.E005"),
        ("TESTING", True, "marketflow.E006"),
        ("JWT_SIGNING_KEYS", ["short"], "marketflow.E013"),
        ("EMBEDDED", True, "marketflow.E007"),
        ("REDIS_URL", "", "marketflow.E008"),
        ("SECRET_KEY", "change-me" * 9, "marketflow.E009"),
        ("SECRET_KEY", "short", "marketflow.E009"),
        ("PAYMENT_PROVIDERS", ["test"], "marketflow.E010"),
        ("WEBHOOK_ALLOWED_NETWORKS", ["127.0.0.0/8"], "marketflow.E012"),
    ],
)
def test_what_must_not_reach_production_is_named(production, name, value, error):
    setattr(production, name, value)

    assert found() == {error}


def test_web_push_is_whole_or_off(settings):
    assert web_push_is_whole_or_off(None) == []

    settings.VAPID_PRIVATE_KEY = "not a key"
    problems = web_push_is_whole_or_off(None)

    assert [problem.id for problem in problems] == ["marketflow.E014"] * 2
    assert not any("not a key" in problem.msg for problem in problems)
    settings.VAPID_PRIVATE_KEY = base64.urlsafe_b64encode(bytes(31) + b"1").decode().rstrip("=")
    settings.VAPID_SUBJECT = "mailto:hello@market.example"
    assert web_push_is_whole_or_off(None) == []


def test_stripe_is_offered_only_with_its_keys(settings):
    settings.PAYMENT_PROVIDERS = ["test", "stripe"]
    settings.STRIPE_SECRET_KEY, settings.STRIPE_PUBLISHABLE_KEY = "sk_test_x", "pk_test_x"

    problems = providers_have_their_keys(None)

    assert [problem.id for problem in problems] == ["marketflow.E011"]
    assert "STRIPE_WEBHOOK_SECRET is missing" in problems[0].msg
    settings.STRIPE_WEBHOOK_SECRET = "whsec_x"
    assert providers_have_their_keys(None) == []


def test_who_does_not_use_stripe_needs_none_of_its_keys(settings):
    assert settings.PAYMENT_PROVIDERS == ["test"]
    assert providers_have_their_keys(None) == []


def test_guards_are_switched_off_in_tests_only(settings):
    settings.DISABLED_GUARDS, settings.TESTING = ["stock_condition"], False
    assert [error.id for error in switches_only_in_tests(None)] == ["marketflow.E001"]

    settings.TESTING = True
    assert switches_only_in_tests(None) == []

    settings.DISABLED_GUARDS = ["no_such_guard"]
    assert [error.id for error in switches_only_in_tests(None)] == ["marketflow.E002"]


def test_processes_crash_on_purpose_in_tests_only(settings):
    settings.CRASH_POINT, settings.TESTING = "key_claimed", False
    assert [error.id for error in switches_only_in_tests(None)] == ["marketflow.E001"]

    settings.TESTING = True
    assert switches_only_in_tests(None) == []

    settings.CRASH_POINT = "no_such_place"
    assert [error.id for error in switches_only_in_tests(None)] == ["marketflow.E011"]
