"""Switches that let a test take one guard away, or die at one place, and see what happens.

They work only while MARKETFLOW_TEST=1; set without it, `manage.py check` fails and no process
starts (`require_tests`, called when the apps are loaded).
"""

from __future__ import annotations

import os
import signal

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

GUARDS = {
    "stock_condition": "the condition of the stock UPDATE",
    "pk_order": "taking stock rows in primary-key order",
    "idempotency_unique": "the claim of an idempotency key",
    "event_dedupe": "recognising a repeated payment event",
    "promotion_counter": "the condition of the promotion counter",
    "refresh_unique": "one successor for each refresh token",
    "refund_condition": "the condition that no more is refunded than can be",
    "conversation_lock": "the lock under which messages get their numbers",
}

# In the order in which a checkout and its payment pass them.
CRASH_POINTS = {
    "key_claimed": "the idempotency key is claimed, nothing else has happened",
    "order_written": "the order's rows are written, no stock is taken",
    "stock_allocated": "the stock is taken, nothing of it committed",
    "order_before_commit": "the work and the answer for its key are about to be committed",
    "outbox_waiting": "committed, and the relay is not woken yet",
    "outbox_nudged": "committed, and the relay is woken",
    "order_committed": "the work is committed, its answer is not on its way",
    "answer_built": "the answer is built and not sent",
    "payment_intent_committed": "the attempt to pay is committed, the provider not asked",
    "provider_answered": "the provider's reply is read, nothing of it written",
    "capture_booked": "the capture is booked, not committed",
    "capture_committed": "the capture is committed, the answer not built",
}


def is_enabled(guard: str) -> bool:
    """Whether `guard` stands, which it always does outside tests."""
    if guard not in GUARDS:
        raise KeyError(guard)
    return not (settings.TESTING and guard in settings.DISABLED_GUARDS)


def crash_point(name: str) -> None:
    """End this process by SIGKILL where MARKETFLOW_TEST_CRASH names this place.

    Raises KeyError for a place that CRASH_POINTS does not list.
    """
    if name not in CRASH_POINTS:
        raise KeyError(name)
    if settings.TESTING and name == settings.CRASH_POINT:
        os.kill(os.getpid(), signal.SIGKILL)


def switches_set() -> dict[str, str]:
    """The test-only switches that are set, by the names of their variables."""
    switches = {
        "MARKETFLOW_TEST_DISABLE": ",".join(settings.DISABLED_GUARDS),
        "MARKETFLOW_TEST_CRASH": settings.CRASH_POINT,
    }
    return {name: value for name, value in switches.items() if value}


def require_tests() -> None:
    """Stop the start of a process that bears a switch outside tests."""
    if settings.TESTING:
        return
    for name, value in switches_set().items():
        raise ImproperlyConfigured(f"{name}={value}: only tests may set this")
