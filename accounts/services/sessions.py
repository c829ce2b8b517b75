"""Where somebody is signed in, by browser and by program, and ending that."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.timezone import now

from accounts.models import BrowserSession, RefreshFamily, User
from accounts.services import agents, tokens
from marketflow.core import rate_limits, realtime

NOTED_EVERY = timedelta(minutes=5)
# In the session: which row of BrowserSession it is, whatever key it gets later.
DEVICE = "device"


@dataclass(frozen=True)
class Device:
    """One place somebody is signed in. `kind` is `browser` or `program`."""

    id: UUID
    kind: str
    agent: str
    address: str
    started_at: datetime
    seen_at: datetime
    is_current: bool

    @property
    def name(self) -> str:
        return agents.name_of(self.agent)


def note(request: HttpRequest) -> None:
    """Remember that this browser was here just now: at sign-in, and every 5 minutes after.

    Writes nothing more often, and nothing for who is not signed in.
    """
    session = request.session
    user_id = session.get(SESSION_KEY)
    if not user_id or not session.session_key:
        return
    if not cache.add(f"seen:{session.session_key}", 1, NOTED_EVERY.total_seconds()):
        return
    device = session.get(DEVICE)
    if device is None:
        session[DEVICE] = device = str(uuid4())
    values = {"session_key": session.session_key, "seen_at": Now()} | traits(request)
    # One statement, as a rule: it is on the way of a page.
    if BrowserSession.objects.filter(uuid=device, user_id=int(user_id)).update(**values):
        return
    try:
        with transaction.atomic():
            BrowserSession.objects.create(uuid=device, user_id=int(user_id), **values)
    except IntegrityError:
        # Two requests of one new session: the other wrote it.
        return


def forget_this(request: HttpRequest) -> None:
    """It signs out by itself."""
    if key := request.session.session_key:
        BrowserSession.objects.filter(session_key=key).delete()
        if user_id := request.session.get(SESSION_KEY):
            realtime.revoke(int(user_id), session=mark_of(key))


def this_one(request: HttpRequest) -> BrowserSession | None:
    """The sign-in that `request` comes from; None for who is not signed in."""
    mine = BrowserSession.objects.visible_to(request.user)
    return mine.filter(session_key=request.session.session_key or "").first()


def devices(
    user: User, *, request: HttpRequest | None = None, family: str | None = None
) -> list[Device]:
    """Where `user` is signed in, latest first; the browser of `request`, or the family, is this
    one."""
    key = request.session.session_key if request is not None else None
    browsers = BrowserSession.objects.visible_to(user).alive()
    programs = RefreshFamily.objects.visible_to(user).alive().with_last_use()
    found = [
        Device(
            id=row.uuid,
            kind="browser",
            agent=row.agent,
            address=row.address,
            started_at=row.started_at,
            seen_at=row.seen_at,
            is_current=row.session_key == key,
        )
        for row in browsers
    ] + [
        Device(
            id=row.uuid,
            kind="program",
            agent=row.agent,
            address=row.address,
            started_at=row.started_at,
            seen_at=row.last_used_at,
            is_current=str(row.uuid) == family,
        )
        for row in programs
    ]
    return sorted(found, key=lambda one: (one.is_current, one.seen_at), reverse=True)


def end(*, user: User, id: UUID) -> bool:
    """End one of the user's sign-ins. False where there is none of that id."""
    found = find(user=user, id=id)
    if isinstance(found, RefreshFamily):
        tokens.revoke(found)
    elif found is not None:
        _end_browsers([found])
    return found is not None


def find(*, user: User, id: UUID) -> RefreshFamily | BrowserSession | None:
    """The one of the user's sign-ins that bears the id."""
    families = RefreshFamily.objects.visible_to(user).alive()
    browsers = BrowserSession.objects.visible_to(user)
    return families.filter(uuid=id).first() or browsers.filter(uuid=id).first()


def end_all(user: User, *, but: HttpRequest | None = None) -> None:
    """Sign `user` out everywhere: sessions, access tokens, refresh families, open sockets.

    The browser of `but` stays on the list, with what hangs on it; whoever names it signs it in
    again.
    """
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(session_version=F("session_version") + 1)
        user.refresh_from_db(fields=["session_version"])
        RefreshFamily.objects.filter(user=user, revoked_at=None).update(revoked_at=Now())
        kept = but.session.session_key if but is not None else None
        BrowserSession.objects.filter(user=user).exclude(session_key=kept or "").delete()
        realtime.revoke(user.pk)


def _end_browsers(rows: Iterable[BrowserSession]) -> None:
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for row in rows:
        store(row.session_key).delete()
        row.delete()
        realtime.revoke(row.user_id, session=mark_of(row.session_key))


def mark_of(session_key: str) -> str:
    """What open sockets know a session by: it travels, so it is not the key."""
    return f"session:{hashlib.sha256(session_key.encode()).hexdigest()[:32]}"


def traits(request: HttpRequest) -> dict[str, str]:
    """What somebody knows one of their sign-ins by: the address it came from, and its program."""
    return {
        "address": rate_limits.address_of(request),
        "agent": request.META.get("HTTP_USER_AGENT", "")[:300],
    }


def forget_old(user: User) -> None:
    """Sessions that are over by themselves, when somebody signs in anew."""
    oldest = now() - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    BrowserSession.objects.filter(user=user, seen_at__lt=oldest).delete()
