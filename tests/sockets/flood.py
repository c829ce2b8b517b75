"""A server for one purpose: everybody hears what one of them asks to be said, and how often.

`application` is run by daphne and by uvicorn; it needs no database.
"""

from __future__ import annotations

import asyncio
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketflow.settings")

import django

django.setup()

from marketflow.core.realtime import PushConsumer, apush  # noqa: E402
from marketflow.core.realtime.lines import KnowLines  # noqa: E402


class Flood(PushConsumer):
    COMMANDS = {"flood": "flood"}

    async def admit(self) -> None:
        await self.join("flood")

    async def flood(self, content: dict) -> None:
        filling = "x" * content["bytes"]
        for number in range(content["frames"]):
            await apush("flood", "said", number=number, filling=filling)
            await asyncio.sleep(content["pause"])


sockets = KnowLines(Flood.as_asgi())


async def application(scope: dict, receive, send) -> None:
    if scope["type"] == "websocket":
        await sockets(scope, receive, send)
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})
