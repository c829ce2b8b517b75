"""Switches that let a test take one guard away and see what it was for.

A switch works only while MARKETFLOW_TEST=1; set without it, `manage.py check` fails and no
process starts (checks.py).
"""

from __future__ import annotations

from django.conf import settings

GUARDS = {
    "stock_condition": "the condition of the stock UPDATE",
    "pk_order": "taking stock rows in primary-key order",
    "idempotency_unique": "the claim of an idempotency key",
}


def is_enabled(guard: str) -> bool:
    """Whether `guard` stands, which it always does outside tests."""
    if guard not in GUARDS:
        raise KeyError(guard)
    return not (settings.TESTING and guard in settings.DISABLED_GUARDS)
