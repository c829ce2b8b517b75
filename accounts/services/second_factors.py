"""Second factors: codes of an app, passkeys, recovery codes; and asking for one again.

A code counts once, whoever sends it first. What moves money asks for the factor anew when the last
time is longer ago than ACCOUNT_REAUTHENTICATION_TIMEOUT.
"""

from __future__ import annotations

import hashlib
import time

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest

from accounts.models import User
from marketflow.core import rate_limits

# Longer than a code of an app lives, its tolerance included.
USED_SECONDS = 180
CODES = [Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES]


def are_on(user: User) -> bool:
    return Authenticator.objects.filter(user=user).exists()


def count_attempt(user: User) -> None:
    """Count a guess at a code, before it is looked at. Raises `TooMany`."""
    rate_limits.count("second_factor", f"user:{user.pk}")


def use_once(user: User, code: str) -> bool:
    """Whether nobody used this code of `user` just now: of two at once, one."""
    plain = code.replace(" ", "").replace("-", "").lower()
    digest = hashlib.sha256(f"{user.pk}:{plain}".encode()).hexdigest()
    return cache.add(f"second-factor:{digest}", 1, USED_SECONDS)


@transaction.atomic
def accept_code(user: User, code: str) -> bool:
    """Whether `code` is one of the user's app, or a recovery code, which is spent by that.

    Locks the person, so that two codes spent at once are both spent. Raises `TooMany`.
    """
    count_attempt(user)
    User.objects.select_for_update().get(pk=user.pk)
    for factor in Authenticator.objects.filter(user=user, type__in=CODES).order_by("-type"):
        if factor.wrap().validate_code(code):
            factor.record_usage()
            return use_once(user, code)
    return False


def was_shown(request: HttpRequest) -> bool:
    """Whether this browser proved itself lately: by the second factor where there is one."""
    wanted = "mfa" if are_on(request.user) else "password"
    records = get_authentication_records(request, request.user)
    times = [record["at"] for record in records if record["method"] == wanted]
    return bool(times) and time.time() - max(times) < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def is_missing(user: User) -> bool:
    """Whether `user` needs a second factor here and has none."""
    return settings.REQUIRE_MFA and not are_on(user)


def remove_all(user: User) -> None:
    """For who lost every one of them; they sign in by password until they add new ones."""
    Authenticator.objects.filter(user=user).delete()
