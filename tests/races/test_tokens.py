"""One refresh token, sent by twenty threads at once."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.models import RefreshFamily, RefreshLink
from accounts.services import tokens
from accounts.tests.factories import make_user
from tests.races.racing import race

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

COPIES = 20


def test_twenty_refreshes_of_one_token_give_one_successor():
    first = tokens.sign_in(make_user("ana"))

    def refresh():
        url = "/api/v1/auth/token/refresh/"
        return APIClient().post(url, {"refresh": first.refresh})

    answers = race(*[refresh] * COPIES)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert RefreshLink.objects.count() == 2
    assert RefreshFamily.objects.get().revoked_at is None
