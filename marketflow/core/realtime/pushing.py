"""Telling open pages. What goes this way is a hint: it may be lost, and never fails its sender."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.db import transaction

from marketflow.core.realtime import bus

REVOKE, RECHECK = "revoke", "recheck"


def is_heard(group: str) -> bool:
    """Whether a socket is in `group`: ask before working out what to push. From a thread.

    Who joins later reads the truth after it has joined, so nobody misses what is not pushed.
    """
    return bus.is_heard(group)


def push(group: str, kind: str, /, **payload: object) -> None:
    """Send `payload`, marked with its `kind`, to every socket in `group`, in whatever process.

    `payload` is plain JSON. From a thread; a coroutine awaits `apush`.
    """
    bus.publish(group, {**payload, "type": kind})


async def apush(group: str, kind: str, /, **payload: object) -> None:
    """`push`, from a coroutine."""
    await sync_to_async(push, thread_sensitive=False)(group, kind, **payload)


def push_on_commit(group: str, kind: str, /, **payload: object) -> None:
    """Push once the surrounding transaction has committed."""
    transaction.on_commit(lambda: push(group, kind, **payload), robust=True)


def revoke(user_id: int, *, session: str | None = None) -> None:
    """Close the sockets of a person with 4401 once the transaction has committed.

    With `session` only those opened by that credential: its `Credential.session`.
    """
    push_on_commit(control_group(user_id), REVOKE, session=session)


def recheck(user_id: int) -> None:
    """Make the sockets of a person ask again whether they may stay, after the commit."""
    push_on_commit(control_group(user_id), RECHECK)


def user_group(user_id: int) -> str:
    """The open pages of a person."""
    return f"user.{user_id}"


def control_group(user_id: int) -> str:
    return f"user.{user_id}.control"
