"""What a socket was opened with: put into the scope by wiring, read by an app above the kernel."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Self

from channels.db import database_sync_to_async
from django.contrib.auth.models import AnonymousUser

PROTOCOL = "marketflow.v1"


class Credential:
    """Nobody's, as here, or made by an app that knows sessions and tickets."""

    def __init__(self, user: object = None, session: str = "") -> None:
        self.user = user or AnonymousUser()
        # Names the sign-in it came from, for `revoke(user_id, session=...)`.
        self.session = session

    @classmethod
    def holding(cls, asked: list[Self]) -> set[Self]:
        """Those of `asked`, all of this class, that would still be accepted: from a thread, and of
        the database once for all of them."""
        return set(asked)

    async def holds(self) -> bool:
        """Whether it would still be accepted. Asks the database."""
        return self in await database_sync_to_async(self.holding)([self])


def that_hold(asked: Iterable[Credential]) -> set[Credential]:
    """Those of `asked`, of whatever class, that would still be accepted. From a thread."""
    of_a_kind = defaultdict(list)
    for credential in asked:
        of_a_kind[type(credential)].append(credential)
    return set().union(*(kind.holding(those) for kind, those in of_a_kind.items()))
