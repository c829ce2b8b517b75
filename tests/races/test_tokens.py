"""A17: one refresh token, sent by fifty threads at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now
from rest_framework.test import APIClient

from accounts.models import RefreshFamily, RefreshLink
from accounts.services import tokens
from accounts.tests.factories import make_user
from tests.races.racing import race

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

COPIES, ROUNDS = 50, 5


def refresh(token: str):
    return APIClient().post("/api/v1/auth/token/refresh/", {"refresh": token})


def refresh_at_once(token: str) -> list:
    return race(*[lambda: refresh(token)] * COPIES)


def heads() -> int:
    return RefreshLink.objects.filter(successor=None).count()


def test_fifty_refreshes_of_one_token_give_one_head_round_after_round():
    token = tokens.sign_in(make_user("ana")).refresh

    for number in range(ROUNDS):
        answers = refresh_at_once(token)

        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        assert (RefreshLink.objects.count(), heads()) == (number + 2, 1)
        token = answers[0].json()["refresh"]
    assert RefreshFamily.objects.get().revoked_at is None


def test_without_the_unique_successor_there_are_many_heads(settings):
    """The negative control: the race is one that the guard wins."""
    settings.TESTING, settings.DISABLED_GUARDS = True, ["refresh_unique"]

    answers = refresh_at_once(tokens.sign_in(make_user("ana")).refresh)

    assert len({answer.content for answer in answers}) > 1
    assert heads() > 1


def test_an_old_token_sent_by_fifty_ends_the_family_for_all_of_them():
    first = tokens.sign_in(make_user("ana")).refresh
    second = refresh(first).json()
    long_ago = now() - tokens.GRACE - timedelta(seconds=1)
    RefreshLink.objects.update(issued_at=long_ago)

    answers = refresh_at_once(first)

    assert {answer.status_code for answer in answers} == {401}
    assert "token_reused" in {answer.json()["code"] for answer in answers}
    assert refresh(second["refresh"]).json()["code"] == "token_invalid"
    client = APIClient(headers={"Authorization": f"Bearer {second['access']}"})
    assert client.get("/api/v1/users/me/").status_code == 401
    assert heads() == 1
