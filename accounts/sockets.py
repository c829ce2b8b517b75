"""Who opens a socket: the session cookie, or a ticket in the subprotocol. Never the address."""

from __future__ import annotations

from importlib import import_module

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.db import InterfaceError, OperationalError
from django.http import parse_cookie
from django.utils.crypto import constant_time_compare
from django.utils.timezone import now

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

    @classmethod
    def holding(cls, asked: list[SessionCredential]) -> set[SessionCredential]:
        people = people_of({credential._key for credential in asked})
        return {its for its in asked if people.get(its._key) == its.user}


class FamilyCredential(Credential):
    """A program's sign-in, as long as its family is not revoked."""

    def __init__(self, user: User, family: RefreshFamily) -> None:
        super().__init__(user, family.mark)
        self._family, self._version = family, user.session_version

    @classmethod
    def holding(cls, asked: list[FamilyCredential]) -> set[FamilyCredential]:
        alive = RefreshFamily.objects.filter(revoked_at=None).select_related("user")
        families = alive.in_bulk({credential._family.pk for credential in asked})
        return {its for its in asked if its._is_good_by(families.get(its._family.pk))}

    def _is_good_by(self, family: RefreshFamily | None) -> bool:
        """By the row as it is now; None where it is gone or revoked."""
        return (
            family is not None
            and may_sign_in(family.user)
            and family.user.session_version == self._version
        )


class Refused(Credential):
    """Something was shown, and it is not good."""

    @classmethod
    def holding(cls, asked: list[Refused]) -> set[Refused]:
        return set()


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
    return people_of({session_key}).get(session_key)


def people_of(session_keys: set[str]) -> dict[str, User]:
    """The same of many, by the key: two statements for all of them."""
    # From the database, which is written first: what the cache has may be older.
    store = import_module(settings.SESSION_ENGINE).SessionStore
    alive = store.get_model_class().objects.filter(expire_date__gt=now())
    found = {key: row.get_decoded() for key, row in alive.in_bulk(session_keys).items()}
    signed_in = {key: values for key, values in found.items() if SESSION_KEY in values}
    users = User.objects.in_bulk({int(values[SESSION_KEY]) for values in signed_in.values()})
    whose = {key: users.get(int(values[SESSION_KEY])) for key, values in signed_in.items()}
    return {key: user for key, user in whose.items() if user and is_begun_by(user, found[key])}


def is_begun_by(user: User, values: dict) -> bool:
    """Whether a session of these `values` has the seal of `user`, who may still sign in."""
    if not may_sign_in(user):
        return False
    seal = values.get(HASH_SESSION_KEY, "")
    good = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(seal, one) for one in good)


def may_sign_in(user: User) -> bool:
    return EmailBackend().user_can_authenticate(user)


def _session_cookie(scope: dict) -> str:
    cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    return parse_cookie(cookies.decode("latin-1")).get(settings.SESSION_COOKIE_NAME, "")
