"""The process: connections, idempotency keys, faults, and the events that follow the work."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.psp_sim.api import ApiError, Call, Handler, match
from tests.psp_sim.books import Books
from tests.psp_sim.control import control
from tests.psp_sim.faults import Faults
from tests.psp_sim.http import Answer, Request, read_request
from tests.psp_sim.webhooks import Sender

BROKEN = {"error": {"type": "api_error", "message": "An unknown error occurred"}}
# The buyer's browser asks across origins with the publishable key.
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "authorization, content-type, stripe-version",
}


class Simulator:
    def __init__(self, *, port: int, books: Path | str, webhook_url: str, secret: str) -> None:
        self.books = Books(books)
        self.port = port
        self.faults = Faults()
        self.sender = Sender(webhook_url, secret)
        self.requests = 0
        self._running: set[str] = set()

    async def serve(self) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", self.port, backlog=256)
        async with server:
            await server.serve_forever()

    @contextmanager
    def work(
        self, params: dict[str, Any] | None = None, request: Request | None = None
    ) -> Iterator[Call]:
        """One transaction of the books; its events are sent once it has committed."""
        request = request or Request("POST", "", params or {}, {})
        call = Call(self.books, request, f"http://127.0.0.1:{self.port}")
        with self.books:
            yield call
        self.sender.send(call.events)

    async def _connection(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while request := await read_request(reader):
                answer = await self._answer(request)
                if answer is None:
                    writer.transport.abort()
                    return
                writer.write(answer.encode())
                await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()

    async def _answer(self, request: Request) -> Answer | None:
        """None where the connection is to be dropped."""
        if request.path.startswith("/_sim/"):
            return await control(self, request)
        self.requests += 1
        if request.method == "OPTIONS":
            return Answer(204, "", CORS)
        found = match(request)
        if found is None:
            message = f"Unrecognized request URL ({request.method}: {request.path})."
            return ApiError(404, message).answer
        operation, handler, ids = found
        if request.path.startswith("/v1/") and not _is_authorised(request):
            return ApiError(401, "You did not provide an API key.").answer

        answer, moved = await self._once(request, operation, handler, ids)
        for fault in self.faults.take([operation, *moved], "after"):
            if fault.do == "hold":
                await self.faults.hold(operation, fault.ms)
            elif fault.do == "drop":
                return None
            elif fault.do == "error":
                answer = Answer(500, BROKEN)
                self._forget_the_truth(request)
        return answer

    async def _once(
        self, request: Request, operation: str, handler: Handler, ids: dict[str, str]
    ) -> tuple[Answer | None, list[str]]:
        """Do the work, or give the answer that is kept under the idempotency key."""
        key = request.headers.get("idempotency-key", "") if request.method == "POST" else ""
        kept = self.books.answer(key) if key else None
        if kept:
            return _replayed(kept, request), []
        if key in self._running:
            busy = "There is currently another in-progress request using this Idempotency Key."
            return ApiError(
                409, busy, code="idempotency_key_in_use", kind="idempotency_error"
            ).answer, []
        self._running |= {key} - {""}
        try:
            for fault in self.faults.take([operation], "before"):
                if fault.do == "latency":
                    await asyncio.sleep(fault.ms / 1000)
                else:
                    return (Answer(500, BROKEN) if fault.do == "error" else None), []
            return self._work(request, key, handler, ids)
        finally:
            self._running.discard(key)

    def _work(
        self, request: Request, key: str, handler: Handler, ids: dict[str, str]
    ) -> tuple[Answer, list[str]]:
        try:
            with self.work(request=request) as call:
                result = handler(call, **ids)
                answer = result if isinstance(result, Answer) else Answer(200, result)
                if key:
                    self.books.keep_answer(key, _fingerprint(request), answer.status, answer.body)
        except ApiError as problem:
            if key and problem.kept:
                answer = problem.answer
                with self.books:
                    self.books.keep_answer(key, _fingerprint(request), answer.status, answer.body)
            return problem.answer, []
        return replace(answer, headers=CORS | answer.headers), list(self.books.moved)

    def _forget_the_truth(self, request: Request) -> None:
        """As at Stripe, a 500 is what the same key gets ever after, whatever was done."""
        key = request.headers.get("idempotency-key")
        if key:
            with self.books:
                self.books.keep_answer(key, _fingerprint(request), 500, BROKEN)


def _replayed(kept: tuple[str, int, Any], request: Request) -> Answer:
    fingerprint, status, body = kept
    if fingerprint != _fingerprint(request):
        message = "Keys for idempotent requests can only be used with the same parameters."
        return ApiError(400, message, kind="idempotency_error").answer
    return Answer(status, body, {"Idempotent-Replayed": "true"})


def _fingerprint(request: Request) -> str:
    text = json.dumps([request.path, request.params], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _is_authorised(request: Request) -> bool:
    key = request.headers.get("authorization", "").removeprefix("Bearer ")
    if key.startswith("sk_test_"):
        return True
    is_the_browsers = (
        request.path == "/v1/confirmation_tokens" or "client_secret" in request.params
    )
    return key.startswith("pk_test_") and is_the_browsers
