"""Two of the staff rearrange the list of commission rules at once."""

from __future__ import annotations

import pytest

from orders.models import CommissionRule
from orders.services import commission_rules
from orders.services.commission_rules import ListChanged
from tests.races.racing import race

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]


def test_moves_and_new_rules_at_once_leave_one_order():
    rules = [commission_rules.put_on_top(CommissionRule(name=name)) for name in "abcd"]

    def move(rule, by):
        return lambda: commission_rules.move(rule, by=by)

    def add(name):
        return lambda: commission_rules.put_on_top(CommissionRule(name=name))

    results = race(
        move(rules[0], -1), move(rules[3], 1), move(rules[1], -1), add("e"), add("f"), add("g")
    )

    failed = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(problem, ListChanged) for problem in failed), failed
    added = [result for result in results[3:] if not isinstance(result, Exception)]
    kept = list(CommissionRule.objects.order_by("position").values_list("position", flat=True))
    assert kept == list(range(1, 4 + len(added) + 1))
