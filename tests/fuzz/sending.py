"""Sends in place of a request that is done another one, which has to be refused."""

from __future__ import annotations

import json
from collections.abc import Iterator

import schemathesis
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from schemathesis import Case

from accounts.services.tokens import sign_in
from marketflow.tests.two_shops import digest
from tests.access.asking import WRITES
from tests.fuzz.asking import PEOPLE, undone
from tests.fuzz.numbers import Attempt, attempts
from tests.fuzz.requests import known
from tests.fuzz.stage import Stage

# Of an Idempotency-Key, which a refusal rolls back: marketflow/tests/test_api_idempotency.py.
CLAIM = "core_idempotentrequest"


class Sender:
    """Sends as the person that an operation is done for, and undoes what that changes."""

    def __init__(self, document: dict, stage: Stage) -> None:
        self.document, self.stage, self.values = document, stage, known(stage)
        people = [stage.people[name] for name in PEOPLE.values()]
        signed_in = [f"Bearer {sign_in(person).access}" for person in people if person]
        self.ways = [{}, *({"Authorization": bearer} for bearer in signed_in)]
        self.before = digest()

    def tried(self, *, only: str = "") -> Iterator[tuple[Case, Attempt]]:
        """A request that is done, and what is sent in its place, for everything there is."""
        for found in schemathesis.openapi.from_dict(self.document).get_all_operations():
            operation = found.ok()
            if only in operation.label:
                case = self.stage.good(operation, self.values)
                for attempt in attempts(self.document, operation.definition.raw, case.body):
                    yield case, attempt

    def way_of(self, case: Case) -> dict[str, str]:
        """The sign-in of the first of all people that it is done for."""
        body = json.dumps(case.body) if case.media_type else ""
        for way in self.ways:
            with undone():
                if self._send(case, way, body, "").status_code < 300:
                    return way
        raise AssertionError(f"{case.operation.label} is done for nobody")

    def problem(self, case: Case, way: dict[str, str], attempt: Attempt) -> str:
        """What is wrong with the answer; blank where nothing is."""
        wrote: list[str] = []

        def note(execute, sql, params, many, context):
            if sql.lstrip().upper().startswith(WRITES) and CLAIM not in sql:
                wrote.append(sql)
            return execute(sql, params, many, context)

        with undone(), connection.execute_wrapper(note):
            answer = self._send(case, way, attempt.body, attempt.query)
            is_changed = bool(wrote) and digest() != self.before
        if answer.status_code != 400:
            return f"answered {answer.status_code}"
        if is_changed:
            return "refused, and something changed"
        named = answer.json().get("fields", {})
        return f"named are {list(named)}" if attempt.names and attempt.names not in named else ""

    def _send(self, case: Case, way: dict[str, str], body: str, query: str) -> HttpResponse:
        return Client(raise_request_exception=False).generic(
            case.method,
            f"{case.operation.path.format(**case.path_parameters)}?{query}",
            body,
            "application/json",
            headers={"Idempotency-Key": "good"} | way,
        )


def problems_of(sender: Sender, sent: list[tuple[Case, Attempt]]) -> list[str]:
    ways: dict[str, dict[str, str]] = {}
    found = []
    for case, attempt in sent:
        label = case.operation.label
        if label not in ways:
            ways[label] = sender.way_of(case)
        if problem := sender.problem(case, ways[label], attempt):
            place = ".".join(attempt.place.path)
            found.append(f"{label}, {place}: {attempt.wrong!r}, {problem}")
    return found
