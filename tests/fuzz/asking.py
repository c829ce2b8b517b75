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
from schemathesis import APIOperation, Case, Response
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup

from accounts.services.tokens import sign_in
from marketflow.core import rate_limits
from tests.access.world import World
from tests.fuzz.requests import known, requests

PEOPLE = {"buyer": "ana", "seller": "fern", "staff": "root"}
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
    problems: dict[str, str] = field(default_factory=dict)

    def run(self, world: World, *, only: str = "") -> list[str]:
        """What was wrong, each once, with the command that asks for it."""
        values = known(world)
        for operation in self._operations():
            if only in operation.label:
                tokens = {role: sign_in(world.people[PEOPLE[role]]).access for role in PEOPLE}
                self._try(requests(operation, world, values), tokens)
        return list(self.problems.values())

    def _operations(self) -> Iterator[APIOperation]:
        schema = schemathesis.openapi.from_dict(self.document)
        # Not `get_wsgi_application`, which sets the logging up anew: pytest would hear no more.
        schema.app = WSGIHandler()
        for found in schema.get_all_operations():
            yield found.ok()

    def _try(self, cases: st.SearchStrategy[Case], tokens: dict[str, str]) -> None:
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

    def _ask(self, case: Case, role: str, token: str) -> None:
        self.asked += 1
        try:
            case.validate_response(_answer(case, token), checks=PROMISES)
        except FailureGroup as problem:
            titles = [failure.title for failure in problem.exceptions]
            name = ", ".join([case.operation.label, *titles])
            self.problems.setdefault(name, f"{name}, asked by {role}. {problem}")


def _answer(case: Case, token: str) -> Response:
    cache.clear()
    rate_limits.reset()
    with _connected(), transaction.atomic():
        answer = case.call(headers={"Authorization": f"Bearer {token}"})
        transaction.set_rollback(True)
    return answer


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
