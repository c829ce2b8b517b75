"""What takes no body refuses the fields of one: whoever sends them means something by them."""

from __future__ import annotations

import pytest
import schemathesis

from tests.fuzz.numbers import Attempt, Place
from tests.fuzz.sending import Sender, problems_of

pytestmark = pytest.mark.django_db
SURPRISE = Attempt(Place(("surprise",), {}, may_be_null=False), "1", body='{"surprise": 1}')
WRITES = ("POST", "PUT", "PATCH", "DELETE")


def without_a_body(sender: Sender, *, only: str = "") -> list:
    """Of every write that the document names no body for, a request that is done."""
    operations = schemathesis.openapi.from_dict(sender.document).get_all_operations()
    return [
        sender.stage.good(operation, sender.values)
        for operation in (found.ok() for found in operations)
        if operation.method.upper() in WRITES
        and "requestBody" not in operation.definition.raw
        and only in operation.label
    ]


def test_what_takes_no_body_refuses_a_field_and_changes_nothing(document, stage):
    sender = Sender(document, stage)
    cases = without_a_body(sender)

    problems = problems_of(sender, [(case, SURPRISE) for case in cases])

    assert len(cases) >= 26
    assert not problems, "\n".join(problems)


def test_a_field_that_is_ignored_is_noticed(document, stage, monkeypatch):
    monkeypatch.setattr("orders.api.viewsets.require_nothing", lambda request: None)
    sender = Sender(document, stage)
    [case] = without_a_body(sender, only="/orders/{number}/cancellation/")

    [problem] = problems_of(sender, [(case, SURPRISE)])

    assert "answered 201" in problem
