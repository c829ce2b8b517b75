"""A14 in several steps: what was made is there for the next request, and gone once deleted."""

from __future__ import annotations

import os

import pytest
from rest_framework.response import Response
from schemathesis.core.failures import FailureGroup

from accounts.api.people import AddressViewSet
from accounts.models import Address
from marketflow.core.api.permissions import AllowAny
from tests.fuzz.scenarios import Scenarios

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
FEW = 20
# So many operations at least were done to what an earlier request named. Which, is chance.
LEAST_FOLLOWED = 10
pytestmark = pytest.mark.django_db
ADDRESSES = "/users/me/addresses/"


def test_what_one_request_made_the_next_finds(document, stage, record_property):
    scenarios = Scenarios(document, stage)

    scenarios.run(EXAMPLES * 4 or FEW, is_random=bool(EXAMPLES))

    record_property("requests", scenarios.asked)
    record_property("followed", dict(scenarios.followed))
    assert len(scenarios.followed) >= LEAST_FOLLOWED, scenarios.followed


# --- that it would notice


def test_what_is_deleted_and_still_there_is_noticed(document, stage, monkeypatch):
    monkeypatch.setattr(AddressViewSet, "destroy", lambda *args, **kwargs: Response(status=204))

    with pytest.raises(FailureGroup, match="previously deleted"):
        Scenarios(document, stage, only=ADDRESSES).run(20)


@pytest.mark.logs_errors
def test_what_needs_no_sign_in_and_should_is_noticed(document, stage, monkeypatch):
    monkeypatch.setattr(AddressViewSet, "permission_classes", [AllowAny])
    monkeypatch.setattr(AddressViewSet, "get_queryset", lambda view: Address.objects.all())

    with pytest.raises(FailureGroup, match="without authentication"):
        Scenarios(document, stage, only=ADDRESSES).run(20)


def test_what_was_made_and_is_not_there_is_noticed(document, stage, monkeypatch):
    monkeypatch.setattr(AddressViewSet, "get_queryset", lambda view: Address.objects.none())

    with pytest.raises(FailureGroup, match="just created"):
        Scenarios(document, stage, only=ADDRESSES).run(20)
