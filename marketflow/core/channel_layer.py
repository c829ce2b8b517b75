"""An in-memory channel layer that any thread or event loop of the process may call.

The stock layer keeps `asyncio.Queue` objects, which are not thread-safe: a put from another loop
does not wake the receiver, which then notices by chance, up to a second later. Here every send
from a foreign loop runs on the loop that owns the receivers, the ASGI server's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from channels.layers import InMemoryChannelLayer


class ThreadSafeInMemoryChannelLayer(InMemoryChannelLayer):
    _home: asyncio.AbstractEventLoop | None = None

    async def receive(self, channel: str) -> dict:
        self._home = asyncio.get_running_loop()
        return await super().receive(channel)

    async def send(self, channel: str, message: dict) -> None:
        return await self._at_home(super().send, channel, message)

    async def group_send(self, group: str, message: dict) -> None:
        return await self._at_home(super().group_send, group, message)

    async def _at_home(self, method: Callable[..., Any], *args: Any) -> Any:
        home = self._home
        if home is None or not home.is_running() or home is asyncio.get_running_loop():
            return await method(*args)
        future = asyncio.run_coroutine_threadsafe(method(*args), home)
        return await asyncio.wrap_future(future)
