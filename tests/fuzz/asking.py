"""Asks the API what `requests` makes up, and compares its answers with the document."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from django.core.cache import cache
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, CheckFunction, Response
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup

from accounts.services.tokens import sign_in
from marketflow.core import rate_limits
from marketflow.core.api.schema import OPENERS
from tests.fuzz.requests import known, requests
from tests.fuzz.stage import Stage

PEOPLE = {"nobody": "anonymous", "buyer": "ana", "seller": "fern", "staff": "root"}
load_all_checks()
PROMISES = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)
NEEDS_SIGN_IN = CHECKS.get_by_names(["ignored_auth"])


@dataclass
class Fuzzer:
    """Each request stands alone: what it changed is undone, and no limit remembers it.

    The application answers within the test's own transaction, so both databases are asked alike
    and nothing has to be cleaned up. What follows a commit is not tried.
    """

    document: dict[str, Any]
    examples: int
    is_random: bool = False
    asked: int = 0
    # By operation: what everybody was answered, until it was done for one of them.
    never_done: dict[str, set[str]] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    # What was seen to be for those alone who are signed in.
    guarded: set[str] = field(default_factory=set)
    problems: dict[str, str] = field(default_factory=dict)

    def run(self, stage: Stage, *, only: str = "") -> list[str]:
        """What was wrong, each once, with the command that asks for it.

        Of every operation first a request that can be done, then made up ones.
        """
        values = known(stage)
        for operation in self._operations():
            if only in operation.label:
                tokens = {role: _token(stage, name) for role, name in PEOPLE.items()}
                for role, token in tokens.items():
                    self._ask(stage.good(operation, values), role, token)
                self._try(requests(operation, stage, values), tokens)
        return list(self.problems.values())

    def _operations(self) -> Iterator[APIOperation]:
        schema = schemathesis.openapi.from_dict(self.document)
        # Not `get_wsgi_application`, which sets the logging up anew: pytest would hear no more.
        schema.app = from_an_address(WSGIHandler())
        for found in schema.get_all_operations():
            yield found.ok()

    def _try(self, cases: st.SearchStrategy[Case], tokens: dict[str, str | None]) -> None:
        @hypothesis(
            max_examples=self.examples,
            derandomize=not self.is_random,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(cases)
        def ask(case: Case) -> None:
            for role, token in tokens.items():
                self._ask(case, role, token)

        ask()

    def _ask(self, case: Case, role: str, token: str | None) -> None:
        self.asked += 1
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            with undone():
                answer = case.call(headers=sent)
                self._note(case.operation.label, role, answer)
                case.validate_response(answer, checks=self._promises(case, token), headers=sent)
            if token and answer.status_code < 300:
                self.guarded.add(case.operation.label)
        except FailureGroup as problem:
            titles = [failure.title for failure in problem.exceptions]
            name = ", ".join([case.operation.label, *titles])
            self.problems.setdefault(name, f"{name}, asked by {role}. {problem}")

    def _promises(self, case: Case, token: str | None) -> list[CheckFunction]:
        """`ignored_auth` asks again without a sign-in, and with false ones: once is enough.

        It takes 401 and 403 for a refusal. What a guest's token opens isn't there for those who
        come without: 404.
        """
        if is_opened_by_token(case) or (token and case.operation.label in self.guarded):
            return PROMISES
        return [*PROMISES, *NEEDS_SIGN_IN]

    def _note(self, label: str, role: str, answer: Response) -> None:
        if answer.status_code < 300:
            self.done.add(label)
            self.never_done.pop(label, None)
        elif label not in self.done:
            word = f"{role}: {answer.status_code} {answer.content[:200]!r}"
            self.never_done.setdefault(label, set()).add(word)


def is_opened_by_token(case: Case) -> bool:
    """Whether a guest's token opens what is asked for."""
    ways = case.operation.definition.raw.get("security", [])
    return any(way.keys() & set(OPENERS.values()) for way in ways)


def from_an_address(app: Any) -> Any:
    """As every server does, and no tool that calls the application by itself."""

    def answer(environ: dict[str, Any], start: Any) -> Any:
        environ.setdefault("REMOTE_ADDR", "192.0.2.7")
        return app(environ, start)

    return answer


def _token(stage: Stage, name: str) -> str | None:
    person = stage.people[name]
    return sign_in(person).access if person else None


@contextmanager
def undone() -> Iterator[None]:
    """What is asked within leaves nothing behind."""
    cache.clear()
    rate_limits.reset()
    with _connected(), transaction.atomic():
        try:
            yield
        finally:
            transaction.set_rollback(True)


@contextmanager
def _connected() -> Iterator[None]:
    """As Django's test client: the end of a request must not close the test's own connection."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    try:
        yield
    finally:
        request_started.connect(close_old_connections)
        request_finished.connect(close_old_connections)
