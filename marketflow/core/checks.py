"""`manage.py check` errors for settings that must not reach production, or must not be at all."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.core.checks import Error, Tags, register

from marketflow.core.guards import CRASH_POINTS, GUARDS, switches_set

# A private number of P-256.
KEY_BYTES = 32


@register(Tags.security)
def switches_only_in_tests(app_configs: object, **kwargs: object) -> list[Error]:
    if not settings.TESTING:
        return [
            Error(f"{name}={value} outside tests.", id="marketflow.E001")
            for name, value in switches_set().items()
        ]
    unknown = sorted(set(settings.DISABLED_GUARDS) - GUARDS.keys())
    errors = [Error(f"Unknown guard: {name}", id="marketflow.E002") for name in unknown]
    if settings.CRASH_POINT and settings.CRASH_POINT not in CRASH_POINTS:
        errors.append(Error(f"Unknown place: {settings.CRASH_POINT}", id="marketflow.E011"))
    return errors


@register(Tags.security)
def providers_have_their_keys(app_configs: object, **kwargs: object) -> list[Error]:
    """Without its keys Stripe takes no payment, and no word of it can be believed."""
    if "stripe" not in settings.PAYMENT_PROVIDERS:
        return []
    names = ["STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRET"]
    message = "{} is missing: PAYMENT_PROVIDERS contains stripe."
    return [
        Error(message.format(name), id="marketflow.E011")
        for name in names
        if not getattr(settings, name)
    ]


@register(Tags.security)
def web_push_is_whole_or_off(app_configs: object, **kwargs: object) -> list[Error]:
    """Half set, people would be offered what never comes. The key itself is named nowhere."""
    key, subject = settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT
    if not key and not subject:
        return []
    problems = [
        not _is_private_key(key) and "VAPID_PRIVATE_KEY is not what make_vapid_key writes.",
        not subject.startswith(("mailto:", "https://"))
        and "VAPID_SUBJECT is not an address that begins with mailto: or https://.",
    ]
    return [Error(message, id="marketflow.E014") for message in problems if message]


@register(Tags.security, deploy=True)
def nothing_for_show_in_production(app_configs: object, **kwargs: object) -> list[Error]:
    problems = {
        "marketflow.E003": settings.DEMO and "DEMO is on: the demo accounts could sign in.",
        "marketflow.E004": "*" in settings.ALLOWED_HOSTS and "ALLOWED_HOSTS contains *.",
        "marketflow.E005": any("*" in origin for origin in settings.ALLOWED_ORIGINS)
        and "ALLOWED_ORIGINS contains *: name full origins.",
        "marketflow.E006": settings.TESTING and "MARKETFLOW_TEST is on.",
        "marketflow.E007": settings.EMBEDDED
        and "DATABASE_URL is missing: SQLite is for one process.",
        "marketflow.E008": not settings.REDIS_URL
        and "REDIS_URL is missing: processes could not hear each other.",
        "marketflow.E009": _is_weak(settings.SECRET_KEY)
        and "SECRET_KEY is an example: make one of 50 random characters.",
        "marketflow.E010": "test" in settings.PAYMENT_PROVIDERS
        and not settings.ALLOW_TEST_PAYMENTS
        and "PAYMENT_PROVIDERS contains test: goods would leave without money.",
        "marketflow.E013": any(len(key) < 32 for key in settings.JWT_SIGNING_KEYS)
        and "JWT_SIGNING_KEY is short: make each of 32 random characters or more.",
        "marketflow.E012": settings.WEBHOOK_ALLOWED_NETWORKS
        and "WEBHOOK_ALLOWED_NETWORKS is set: webhooks of shops could reach the own network.",
    }
    return [Error(message, id=code) for code, message in problems.items() if message]


def _is_private_key(text: str) -> bool:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        ec.derive_private_key(int.from_bytes(data, "big"), ec.SECP256R1())
    except ValueError:
        return False
    return len(data) == KEY_BYTES


def _is_weak(key: str) -> bool:
    return len(key) < 50 or len(set(key)) < 5 or key.startswith(("change", "django-insecure"))
