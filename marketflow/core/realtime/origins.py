from __future__ import annotations

from django.conf import settings


class OwnOriginOnly:
    """ASGI: refuses the handshake of a socket that another site's page, or no page, opens.

    Origins are compared whole: scheme, host and port. A program that opens a socket with a ticket
    says the origin of the market as a browser would.
    """

    def __init__(self, app) -> None:
        self.app = app

    async def __call__(self, scope: dict, receive, send) -> None:
        # uvicorn writes the address of every socket into its log: what a mistaken client put
        # there, such as a token, must not be in it. Nothing here reads it.
        scope["query_string"] = b""
        origins = [value for name, value in scope["headers"] if name == b"origin"]
        allowed = {origin.rstrip("/").lower() for origin in settings.ALLOWED_ORIGINS}
        if len(origins) == 1 and origins[0].decode("latin-1").lower() in allowed:
            await self.app(scope, receive, send)
        else:
            await refuse(scope, receive, send)


async def refuse(scope: dict, receive, send) -> None:
    """ASGI: no socket here. The handshake is answered with 403."""
    await receive()
    await send({"type": "websocket.close"})
