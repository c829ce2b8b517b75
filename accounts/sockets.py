"""Who opens a socket: the session cookie, or a ticket in the subprotocol. Never the address."""

from __future__ import annotations

from importlib import import_module

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.db import InterfaceError, OperationalError
from django.http import parse_cookie
from django.utils.crypto import constant_time_compare

from accounts.backends import EmailBackend
from accounts.models import RefreshFamily, SocketTicket, User
from accounts.services import sessions, socket_tickets
from marketflow.core.realtime import Credential

TICKET = "ticket."


class ReadCredentials:
    """ASGI: puts the `Credential` of a socket into its scope."""

    def __init__(self, app) -> None:
        self.app = app

    async def __call__(self, scope: dict, receive, send) -> None:
        try:
            credential = await database_sync_to_async(credential_of)(scope)
        except (OperationalError, InterfaceError) as problem:
            credential = Unreadable(problem)
        await self.app(scope | {"credential": credential}, receive, send)


class SessionCredential(Credential):
    """A browser's session, as long as it lives and its seal is that of the user."""

    def __init__(self, user: User, key: str) -> None:
        super().__init__(user, sessions.mark_of(key))
        self._key = key

    @database_sync_to_async
    def holds(self) -> bool:
        return person_of(self._key) == self.user


class FamilyCredential(Credential):
    """A program's sign-in, as long as its family is not revoked."""

    def __init__(self, user: User, family: RefreshFamily) -> None:
        super().__init__(user, family.mark)
        self._family, self._version = family, user.session_version

    @database_sync_to_async
    def holds(self) -> bool:
        alive = RefreshFamily.objects.filter(pk=self._family.pk, revoked_at=None)
        family = alive.select_related("user").first()
        return (
            family is not None
            and may_sign_in(family.user)
            and family.user.session_version == self._version
        )


class Refused(Credential):
    """Something was shown, and it is not good."""

    async def holds(self) -> bool:
        return False


class Unreadable(Credential):
    """The database is away: nobody knows."""

    def __init__(self, problem: Exception) -> None:
        super().__init__()
        self._problem = problem

    async def holds(self) -> bool:
        raise self._problem


def credential_of(scope: dict) -> Credential:
    cookie = _session_cookie(scope)
    person = person_of(cookie) if cookie else None
    tickets = [text for text in scope.get("subprotocols", ()) if text.startswith(TICKET)]
    if tickets:
        ticket = socket_tickets.take(tickets[0].removeprefix(TICKET))
        # A browser that is signed in as somebody else has no business with it.
        if ticket is None or (person and person != ticket.user):
            return Refused()
        return _of_ticket(ticket)
    return SessionCredential(person, cookie) if person else Credential()


def _of_ticket(ticket: SocketTicket) -> Credential:
    if ticket.family:
        return FamilyCredential(ticket.user, ticket.family)
    return SessionCredential(ticket.user, ticket.session_key)


def person_of(session_key: str) -> User | None:
    """Whose session it is, if it lives, and they may still sign in with it."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    values = store(session_key).load()
    user = User.objects.filter(pk=values.get(SESSION_KEY)).first()
    if user is None or not may_sign_in(user):
        return None
    seal = values.get(HASH_SESSION_KEY, "")
    good = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return user if any(constant_time_compare(seal, one) for one in good) else None


def may_sign_in(user: User) -> bool:
    return EmailBackend().user_can_authenticate(user)


def _session_cookie(scope: dict) -> str:
    cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    return parse_cookie(cookies.decode("latin-1")).get(settings.SESSION_COOKIE_NAME, "")
