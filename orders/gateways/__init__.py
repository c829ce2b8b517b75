"""Payment providers behind one small protocol, chosen by PAYMENT_PROVIDERS."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from orders.gateways.protocol import Gateway, Outcome
from orders.gateways.test import TestGateway

__all__ = ["Gateway", "Outcome", "enabled", "for_payouts", "named"]


@cache
def _stripe() -> Gateway:
    # Its SDK is 24 MB in every process: only where it is used.
    from orders.gateways.stripe import StripeGateway

    return StripeGateway()


@cache
def _test() -> Gateway:
    return TestGateway()


_known: dict[str, Callable[[], Gateway]] = {"test": _test, "stripe": _stripe}


def enabled() -> list[Gateway]:
    """The providers a buyer may choose from, in the operator's order.

    Raises ImproperlyConfigured for a name that no provider has.
    """
    unknown = [name for name in settings.PAYMENT_PROVIDERS if name not in _known]
    if unknown:
        known = ", ".join(sorted(_known))
        raise ImproperlyConfigured(f"PAYMENT_PROVIDERS={unknown[0]!r}: expected {known}")
    return [_known[name]() for name in settings.PAYMENT_PROVIDERS]


def for_payouts() -> Gateway:
    """The provider that shops are paid out by: PAYOUT_PROVIDER, else the operator's first.

    Raises ImproperlyConfigured where it is not among PAYMENT_PROVIDERS.
    """
    name = settings.PAYOUT_PROVIDER
    chosen = named(name) if name else enabled()[0]
    if chosen is None:
        raise ImproperlyConfigured(f"PAYOUT_PROVIDER={name!r}: expected one of PAYMENT_PROVIDERS")
    return chosen


def named(name: str) -> Gateway | None:
    """The enabled provider `name`; None where there is none."""
    return next((gateway for gateway in enabled() if gateway.name == name), None)
