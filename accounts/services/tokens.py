"""Signing programs in: pairs of a short access token and a refresh token that rotates.

A refresh token is used once. Sent again within 10 seconds it gives the same successor, since the
answer may have been lost; sent again later it was stolen, and its whole family ends. See RFC
9700, section 4.14.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.timezone import now
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from accounts.backends import EmailBackend
from accounts.models import RefreshFamily, RefreshLink, User

GRACE = timedelta(seconds=10)
FAMILY, VERSION = "fam", "sv"


class TokenRefused(Exception):
    """401. `code` is `token_invalid` or `token_reused`."""

    def __init__(self, code: str = "token_invalid") -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Pair:
    access: str
    refresh: str


@transaction.atomic
def sign_in(user: User) -> Pair:
    """The first pair of a new family."""
    family = RefreshFamily.objects.create(user=user)
    return _pair(user, family, RefreshLink.objects.create(family=family))


def rotate(text: str) -> Pair:
    """The pair that follows the refresh token `text`. Raises `TokenRefused`."""
    link, token = _found(text)
    family = link.family
    successor = _succeed(link)
    if successor is None:
        successor = RefreshLink.objects.get(parent=link)
        if successor.issued_at < now() - GRACE:
            revoke(family)
            raise TokenRefused("token_reused")
    _require_current(family, token)
    return _pair(family.user, family, successor)


def sign_out(text: str) -> None:
    """End the family of the refresh token `text`. One that is unknown or ended is no error."""
    try:
        link, _ = _found(text)
    except TokenRefused:
        return
    revoke(link.family)


def revoke(family: RefreshFamily) -> None:
    RefreshFamily.objects.filter(pk=family.pk, revoked_at=None).update(revoked_at=now())


def _found(text: str) -> tuple[RefreshLink, RefreshToken]:
    try:
        token = RefreshToken(text)
    except TokenError:
        raise TokenRefused from None
    links = RefreshLink.objects.select_related("family__user")
    link = links.filter(jti=token["jti"]).first()
    if link is None:
        raise TokenRefused
    _require_current(link.family, token)
    return link, token


def _require_current(family: RefreshFamily, token: RefreshToken) -> None:
    family.refresh_from_db(fields=["revoked_at"])
    user = family.user
    may_sign_in = EmailBackend().user_can_authenticate(user)
    if family.revoked_at or not may_sign_in or token[VERSION] != user.session_version:
        raise TokenRefused


def _succeed(link: RefreshLink) -> RefreshLink | None:
    """The one successor; None when there was one. Rivals wait on the unique index."""
    try:
        with transaction.atomic():
            return RefreshLink.objects.create(family=link.family, parent=link)
    except IntegrityError:
        return None


def _pair(user: User, family: RefreshFamily, link: RefreshLink) -> Pair:
    # Made from the row alone: asked again within the grace, the very same tokens come out.
    refresh = RefreshToken()
    lifetime = timedelta(days=settings.REFRESH_TOKEN_DAYS)
    _describe(refresh, user, family, link, lifetime)
    access = AccessToken()
    _describe(access, user, family, link, timedelta(minutes=settings.ACCESS_TOKEN_MINUTES))
    return Pair(access=str(access), refresh=str(refresh))


def _describe(
    token: AccessToken | RefreshToken,
    user: User,
    family: RefreshFamily,
    link: RefreshLink,
    lifetime: timedelta,
) -> None:
    token["sub"] = str(user.uuid)
    token["jti"] = link.jti.hex
    token[FAMILY] = str(family.uuid)
    token[VERSION] = user.session_version
    token.set_iat(at_time=link.issued_at)
    token.set_exp(from_time=link.issued_at, lifetime=lifetime)
