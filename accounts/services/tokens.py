"""Signing programs in: pairs of a short access token and a refresh token that rotates.

A refresh token is used once. Sent again within 10 seconds it gives the same successor, since the
answer may have been lost; sent again later it was stolen, and its whole family ends. See RFC
9700, section 4.14.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from accounts.backends import EmailBackend
from accounts.models import RefreshFamily, RefreshLink, User
from accounts.services import signing
from accounts.services.signing import BadToken
from marketflow.core import guards, realtime

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
def sign_in(user: User, *, address: str = "", agent: str = "") -> Pair:
    """The first pair of a new family. Address and agent are what its owner knows it by."""
    family = RefreshFamily.objects.create(user=user, address=address, agent=agent[:300])
    return _pair(user, family, RefreshLink.objects.create(family=family))


def rotate(text: str) -> Pair:
    """The pair that follows the refresh token `text`. Raises `TokenRefused`."""
    link, claims = _found(text)
    family = link.family
    successor = _succeed(link)
    if successor is None:
        successor = RefreshLink.objects.get(parent=link)
        # By the database's clock: the two requests may have come to different hosts.
        late = RefreshLink.objects.filter(pk=successor.pk, issued_at__lt=Now() - GRACE)
        if late.exists():
            revoke(family)
            raise TokenRefused("token_reused")
    _require_current(family, claims)
    return _pair(family.user, family, successor)


def sign_out(text: str) -> None:
    """End the family of the refresh token `text`. One that is unknown or ended is no error."""
    try:
        link, _ = _found(text)
    except TokenRefused:
        return
    revoke(link.family)


def revoke(family: RefreshFamily) -> None:
    """End what came of one sign-in: its access tokens, from their next request on, and sockets."""
    RefreshFamily.objects.filter(pk=family.pk, revoked_at=None).update(revoked_at=Now())
    realtime.revoke(family.user_id, session=family.mark)


def holder(access: str) -> tuple[User, dict[str, object]]:
    """Whose access token it is, and its claims, by one look into the database.

    So a token ends at once when its family is ended, or all of its user's are. Raises
    `TokenRefused`.
    """
    try:
        claims = signing.read(access, kind="access")
        families = RefreshFamily.objects.select_related("user")
        family = families.get(uuid=uuid.UUID(str(claims[FAMILY])))
    except (BadToken, KeyError, ValueError, RefreshFamily.DoesNotExist):
        raise TokenRefused from None
    if claims["sub"] != str(family.user.uuid):
        raise TokenRefused
    _require_alive(family, claims)
    return family.user, claims


def _found(text: str) -> tuple[RefreshLink, dict[str, object]]:
    try:
        claims = signing.read(text, kind="refresh")
    except BadToken:
        raise TokenRefused from None
    links = RefreshLink.objects.select_related("family__user")
    link = links.filter(jti=claims["jti"]).first()
    if link is None:
        raise TokenRefused
    _require_current(link.family, claims)
    return link, claims


def _require_current(family: RefreshFamily, claims: dict[str, object]) -> None:
    family.refresh_from_db(fields=["revoked_at"])
    _require_alive(family, claims)


def _require_alive(family: RefreshFamily, claims: dict[str, object]) -> None:
    user = family.user
    may_sign_in = EmailBackend().user_can_authenticate(user)
    if family.revoked_at or not may_sign_in or claims.get(VERSION) != user.session_version:
        raise TokenRefused


def _succeed(link: RefreshLink) -> RefreshLink | None:
    """The one successor; None when there was one. Rivals wait on the unique index."""
    parent = link if guards.is_enabled("refresh_unique") else None
    try:
        with transaction.atomic():
            return RefreshLink.objects.create(family=link.family, parent=parent)
    except IntegrityError:
        return None


def _pair(user: User, family: RefreshFamily, link: RefreshLink) -> Pair:
    # Made from the row alone: asked again within the grace, the very same tokens come out.
    issued = int(link.issued_at.timestamp())
    claims = {
        "sub": str(user.uuid),
        "jti": link.jti.hex,
        FAMILY: str(family.uuid),
        VERSION: user.session_version,
        "iat": issued,
    }
    access = timedelta(minutes=settings.ACCESS_TOKEN_MINUTES)
    refresh = timedelta(days=settings.REFRESH_TOKEN_DAYS)
    return Pair(
        access=_lasting(claims, access, kind="access"),
        refresh=_lasting(claims, refresh, kind="refresh"),
    )


def _lasting(claims: dict[str, object], lifetime: timedelta, *, kind: str) -> str:
    exp = claims["iat"] + int(lifetime.total_seconds())
    return signing.sign({**claims, "exp": exp}, kind=kind)
