"""Requests that follow from one another: what one made, the next asks for, changes or deletes.

Which may follow which is told by the document: by its links, and by the names of what its answers
hold. Whoever can take a step takes it. A scenario stands in a transaction that is rolled back.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import ExitStack
from copy import deepcopy
from typing import Any

import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import CHECKS
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.stateful.state_machine import APIStateMachine, StepInput, StepOutput

from accounts.services.tokens import sign_in
from marketflow.core import rate_limits
from tests.fuzz.asking import NEEDS_SIGN_IN, PROMISES, from_an_address, is_opened_by_token, undone
from tests.fuzz.requests import known
from tests.fuzz.stage import JSON, Stage

STEPS = 12
THERE = CHECKS.get_by_names(["ensure_resource_availability"])
GONE = CHECKS.get_by_names(["use_after_free"])
# Of each eight requests so many are as they should be; the others are as the document allows.
GOOD_OF_EIGHT = 6
# Who can take a step: the first whose line fits, else Ana, who buys.
ACTORS = [
    ("root", r".* analytics/marketplace/"),
    ("fern", r"\w+ products/.*|\w+ variants/.*|\w+ seller-orders/.*"),
    ("fern", r"(GET|POST) payouts/.*|\w+ webhook-.*|\w+ shops/.*"),
    ("fern", r"POST returns/\{id\}/(approval|rejection|receipt)/|POST disputes/\{id\}/answer/"),
    ("fern", r"POST reviews/\{id\}/reply/|\w+ conversations/\{id\}/assignment/"),
    ("fern", r".* analytics/shops/.*"),
]
# Deleting empties the first, which goes on telling that nobody is there; it takes the second off
# sale for good, which its own shop goes on seeing.
STILL_TOLD = r".*/assignment/|.*/products/\{slug\}/"
# These end who asks, or what all scenarios stand on.
LEFT_OUT = r"/auth/|/users/me/$|/users/me/sessions/"


class Scenarios:
    """Runs them, and remembers which step followed which and was done."""

    def __init__(self, document: dict[str, Any], stage: Stage, *, only: str = "") -> None:
        schema = schemathesis.openapi.from_dict(document)
        schema.app = from_an_address(WSGIHandler())
        # Who asks is told by `Steps`; made up as well, no answer would be sure to mean it.
        schema.config.generation.update(with_security_parameters=False)
        schema = schema.exclude(path_regex=LEFT_OUT)
        self.schema = schema.include(path_regex=only) if only else schema
        self.stage = stage
        # Every scenario begins with the same stage.
        self.values, self.wanted = known(stage), stage.wanted()
        self.followed: Counter[str] = Counter()
        self.asked = 0
        # What was seen to be for those alone who are signed in.
        self.guarded: set[str] = set()

    def run(self, number: int, *, is_random: bool = False) -> None:
        """Raises what was wrong, with the requests that led to it."""
        machine = type("Scenario", (Steps, self.schema.as_state_machine()), {"scenarios": self})
        machine.run(
            settings=hypothesis(
                max_examples=number,
                stateful_step_count=STEPS,
                derandomize=not is_random,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
        )

    def tokens(self) -> dict[str, str]:
        names = {"ana"} | {name for name, _path in ACTORS}
        return {name: sign_in(self.stage.people[name]).access for name in names}


class Steps(APIStateMachine):
    """One scenario."""

    scenarios: Scenarios

    def setup(self) -> None:
        self.stack = ExitStack()
        self.stack.enter_context(undone())
        self.tokens = self.scenarios.tokens()
        self.number = 0
        self.linked: set[str] = set()

    def teardown(self) -> None:
        self.stack.close()
        super().teardown()

    def step(self, input: StepInput) -> StepOutput:
        # What an earlier answer named.
        self.linked = {
            name for where, name in input.applied_parameters if where == ParameterLocation.PATH
        }
        output = super().step(input)
        if self.linked and output.response.status_code < 300:
            self.scenarios.followed[input.case.operation.label] += 1
        return output

    def before_call(self, case: Case) -> None:
        rate_limits.reset()
        self.number += 1
        self.scenarios.asked += 1
        is_meant_wrong = case.meta and case.meta.generation.mode == GenerationMode.NEGATIVE
        if is_meant_wrong or self.number % 8 >= GOOD_OF_EIGHT:
            return
        known = self.scenarios.values, self.scenarios.wanted
        good = self.scenarios.stage.good(case.operation, *known)
        case.headers.update(good.headers)
        case.headers["Idempotency-Key"] = f"good-{self.number}"
        case.query.clear()
        for name in good.path_parameters.keys() - self.linked:
            case.path_parameters[name] = good.path_parameters[name]
        if case.media_type == JSON:
            case.body = deepcopy(good.body)

    def get_call_kwargs(self, case: Case) -> dict[str, Any]:
        return {"headers": {"Authorization": f"Bearer {self.tokens[actor(case)]}"}}

    def validate_response(
        self, response: Response, case: Case, additional_checks=None, **kwargs: Any
    ) -> None:
        checks, guarded = [*PROMISES, *THERE], self.scenarios.guarded
        if not re.fullmatch(STILL_TOLD, case.operation.path):
            checks += GONE
        if case.operation.label not in guarded and not is_opened_by_token(case):
            checks += NEEDS_SIGN_IN
        case.validate_response(
            response, checks=checks, transport_kwargs=kwargs, recorder=self.recorder, **kwargs
        )
        if response.status_code < 300:
            guarded.add(case.operation.label)


def actor(case: Case) -> str:
    name = case.operation.label.replace("/api/v1/", "")
    return next((who for who, path in ACTORS if re.fullmatch(path, name)), "ana")
