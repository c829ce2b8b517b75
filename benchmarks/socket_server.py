"""What `benchmarks.sockets` measures: one update to everybody, through the hub and without it."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketflow.settings")

import django

django.setup()

from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402

from marketflow.core.realtime import PushConsumer  # noqa: E402
from marketflow.core.realtime.lines import KnowLines  # noqa: E402

GROUP = "bench"


class Hub(PushConsumer):
    async def admit(self) -> None:
        await self.join(GROUP)
        await self.send_json({"type": "ready"})


class Plain(AsyncJsonWebsocketConsumer):
    """As the documentation of Channels has it: every socket is a member of the group."""

    async def connect(self) -> None:
        await self.accept()
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.send_json({"type": "ready"})

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def push(self, message: dict) -> None:
        await self.send_json(message["event"])


sockets = {"/hub": KnowLines(Hub.as_asgi()), "/plain": Plain.as_asgi()}


async def application(scope: dict, receive, send) -> None:
    if scope["type"] == "websocket":
        await sockets[scope["path"]](scope, receive, send)
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})
