"""Asking the site as somebody, with nothing left behind."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client

from accounts.models import User

SIGN_IN = re.compile(r"^/(account|seller|admin)/login/")
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
# Every request of somebody signed in may note when their browser was seen.
SEEN = "accounts_browsersession"
# What differs between any two answers.
CHANGING = re.compile(
    r'name="csrfmiddlewaretoken" value="\w+"|nonce="[^"]+"|csrf_token\W+\w+|data-token="\w+"'
)


@dataclass
class Answer:
    status: int
    location: str
    body: str
    headers: Mapping[str, str]
    wrote: list[str] = field(default_factory=list)

    @property
    def word(self) -> str:
        """What became of the question: in, sign in, hidden, forbidden, or no such method."""
        if self.status == 401 or (self.status in (301, 302, 303) and SIGN_IN.match(self.location)):
            return "sign in"
        words = {403: "forbidden", 404: "hidden", 405: "no method"}
        return words.get(self.status, "in")


class Asker:
    """One person with one browser."""

    def __init__(self, user: User | None) -> None:
        self.client = Client(raise_request_exception=False)
        self.is_somebody = user is not None
        if user:
            self.client.force_login(user)

    def ask(self, method: str, address: str, names: Collection[str]) -> Answer:
        """The answer without `names`, with what it wrote undone."""
        with self.undone():
            return self.send(method, address, names)

    @contextmanager
    def undone(self) -> Iterator[None]:
        cookies = self.client.cookies.copy()
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
        self.client.cookies = cookies

    def send(self, method: str, address: str, names: Collection[str]) -> Answer:
        cache.clear()
        wrote: list[str] = []

        def note(execute, sql, params, many, context):
            if sql.lstrip().upper().startswith(WRITES) and SEEN not in sql:
                wrote.append(sql)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(note):
            answer = getattr(self.client, method)(address, **_body(method, address))
        return Answer(
            status=answer.status_code,
            location=answer.get("Location", ""),
            body=_neutral(_text(answer), names),
            headers={name: _neutral(value, names) for name, value in answer.items()},
            wrote=wrote,
        )


def _body(method: str, address: str) -> dict[str, object]:
    if method == "get":
        return {}
    if address.startswith("/api/"):
        return {"data": "{}", "content_type": "application/json", "HTTP_IDEMPOTENCY_KEY": "k" * 36}
    return {"data": {"post": "1"}}


def _text(answer) -> str:
    if getattr(answer, "streaming", False):
        return f"a stream of {answer.get('Content-Type')}"
    return answer.content.decode(errors="replace")


def _neutral(text: str, names: Collection[str]) -> str:
    """Without what the address itself says, and without what no two answers share."""
    for name in names:
        text = re.sub(rf"(?:(?<=%2F)|(?<![\w-])){re.escape(name)}(?![\w-])", "?", text)
    return CHANGING.sub("", text)
