"""What every resource shares: its address, its errors, its lists, its events."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.psp_sim.books import Books, Object
from tests.psp_sim.http import Answer, Request

Handler = Callable[..., Any]
_routes: list[tuple[str, re.Pattern[str], str, Handler]] = []


class ApiError(Exception):
    """An answer of 4xx in Stripe's form. `kept` under the idempotency key: work had begun."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str = "",
        kind: str = "invalid_request_error",
        kept: bool = False,
        **facts: Any,
    ) -> None:
        super().__init__(message)
        self.kept = kept
        error = {"type": kind, "message": message, **facts} | ({"code": code} if code else {})
        self.answer = Answer(status, {"error": error})


@dataclass
class Call:
    """One request at work: the books, what was asked, and the events that it makes."""

    books: Books
    request: Request
    base: str
    events: list[Object] = field(default_factory=list)

    @property
    def params(self) -> dict[str, Any]:
        return self.request.params

    def tell(self, type: str, body: Object) -> None:
        """Write down an event about `body` as it is now."""
        self.events.append(
            self.books.add(
                "evt", "event", type=type, data={"object": dict(body)}, api_version="simulated"
            )
        )

    def required(self, name: str) -> str:
        value = self.params.get(name)
        if not value:
            raise ApiError(
                400, f"Missing required param: {name}.", code="parameter_missing", param=name
            )
        return value

    def amount(self, name: str = "amount") -> int:
        text = self.required(name)
        if not text.isdecimal() or int(text) < 1:
            raise ApiError(
                400, f"Invalid integer: {text}", code="parameter_invalid_integer", param=name
            )
        return int(text)

    def get(self, id: str, kind: str) -> Object:
        found = self.books.get(id, kind)
        if found is None:
            raise ApiError(404, f"No such {kind}: '{id}'", code="resource_missing", param="id")
        return found

    def page(self, rows: list[Object], url: str) -> Object:
        """A list as Stripe pages it: by `limit` and `starting_after`."""
        after = self.params.get("starting_after")
        if after:
            ids = [row["id"] for row in rows]
            rows = rows[ids.index(after) + 1 :] if after in ids else []
        limit = int(self.params.get("limit", 10))
        return {"object": "list", "url": url, "data": rows[:limit], "has_more": len(rows) > limit}


def route(method: str, path: str, operation: str) -> Callable[[Handler], Handler]:
    """Register a handler for `path`; `operation` is the name that faults go by."""
    pattern = re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path))

    def register(handler: Handler) -> Handler:
        _routes.append((method, pattern, operation, handler))
        return handler

    return register


def match(request: Request) -> tuple[str, Handler, dict[str, str]] | None:
    for method, pattern, operation, handler in _routes:
        found = pattern.fullmatch(request.path)
        if found and method == request.method:
            return operation, handler, found.groupdict()
    return None


def between(created: Any) -> dict[str, int]:
    """The `created[gte]` and `created[lte]` of a list."""
    if not isinstance(created, dict):
        return {}
    names = {"gte": "since", "lte": "until"}
    return {names[name]: int(value) for name, value in created.items() if name in names}
