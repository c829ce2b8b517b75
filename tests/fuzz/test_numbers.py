"""A14: whatever stands where the document takes a number, what is none is refused by name.

Of all there is to send every run sends a quarter, on each database another, and with the next
commit maybe a third.
"""

from __future__ import annotations

import pytest
from django.db import connection
from rest_framework.serializers import IntegerField

from marketflow.core.api.fields import WholeNumberField
from tests.fuzz.numbers import in_addresses, in_bodies
from tests.fuzz.sending import Sender, problems_of
from tests.turns import turn

pytestmark = pytest.mark.django_db
PARTS = 4


def test_what_is_no_number_is_refused_by_name(document, stage, record_property):
    sender = Sender(document, stage)
    all_of_it = list(sender.tried())
    part = turn() + (PARTS // 2 if connection.vendor == "sqlite" else 0)
    sent = all_of_it[part % PARTS :: PARTS]

    problems = problems_of(sender, sent)

    record_property("requests", len(sent))
    assert len(all_of_it) > 1500
    assert not problems, "\n".join(problems)


def test_the_document_says_how_small_and_how_large_every_number_may_be(document):
    places = {
        f"{method} {path} {'.'.join(place.path)}": place
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for place in (*in_bodies(document, operation), *in_addresses(document, operation))
    }

    assert [name for name, place in places.items() if not place.is_bounded] == []
    assert len(places) > 70


# --- that it would notice


def test_a_number_that_is_read_out_of_a_text_is_noticed(document, stage, monkeypatch):
    monkeypatch.setattr(WholeNumberField, "to_internal_value", IntegerField.to_internal_value)
    sender = Sender(document, stage)

    problems = problems_of(sender, list(sender.tried(only="PATCH /api/v1/cart/items/{id}/")))

    assert "PATCH /api/v1/cart/items/{id}/, quantity: '\"1\"', answered 200" in problems
