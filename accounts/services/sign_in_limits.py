"""Counting tries at a password, before the hasher works: by address, by account, and by both.

Whoever shares an address with a guesser, or is guessed at from elsewhere, is turned away late: the
count of both is the tight one. A success forgives that one alone.
"""

from __future__ import annotations

from django.http import HttpRequest

from marketflow.core import rate_limits


def count(request: HttpRequest, email: str) -> None:
    """Count a try at the account of `email`, known or not. Raises `TooMany`."""
    address, account = rate_limits.address_of(request), rate_limits.account_of(email)
    rate_limits.count("sign_in_address", address)
    rate_limits.count("sign_in_account", account)
    rate_limits.count("sign_in_both", f"{account} {address}")


def forgive(request: HttpRequest, email: str) -> None:
    """The password was right."""
    address, account = rate_limits.address_of(request), rate_limits.account_of(email)
    rate_limits.forget("sign_in_both", f"{account} {address}")
