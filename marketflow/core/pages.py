"""Pages and API through ASGI, where one process serves them beside the sockets."""

from __future__ import annotations

import asyncio

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse


class PagesHandler(ASGIHandler):
    """A request runs in one thread, from the first middleware to the answer, as under WSGI.

    Nothing here is asynchronous but sockets. Django's handler calls middleware and view from the
    loop one by one, and the thread waits for the loop in between: for good, where the server stops
    meanwhile, and then the process does not end either.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponse:
        answering = asyncio.ensure_future(sync_to_async(self.get_response)(request))
        try:
            return await asyncio.shield(answering)
        except asyncio.CancelledError:
            # The visitor left. What was begun is finished before its request is closed.
            await sync_to_async((await answering).close)()
            raise
