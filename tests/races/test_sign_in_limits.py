"""A18: three hundred wrong passwords at once, and how many of them the hasher gets to see."""

from __future__ import annotations

import threading
import time

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from rest_framework.test import APIClient

from accounts.tests.factories import make_user
from marketflow.core import rate_limits
from tests.races.racing import race

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]

THREADS, EACH = 30, 10
SPELLINGS = ["ana@example.test", "ANA@example.test", " ana@example.test ", "ａna@example.test"]


@pytest.fixture
def hashed(monkeypatch):
    """How often a password was hashed, for a real account or for none."""
    lock, calls = threading.Lock(), []
    encode = MD5PasswordHasher.encode

    def counted(self, password, salt):
        with lock:
            calls.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    return calls


def guess(thread: int) -> list[int]:
    client, answers = APIClient(), []
    for number in range(EACH):
        body = {"email": SPELLINGS[number % len(SPELLINGS)], "password": f"guess {number}"}
        forged = {"X-Forwarded-For": f"203.0.113.{thread}, 198.51.100.{number}"}
        answers.append(client.post("/api/v1/auth/token/", body, headers=forged).status_code)
    return answers


def guess_at_once() -> list[int]:
    answers = race(*[lambda thread=thread: guess(thread) for thread in range(THREADS)])
    return [status for one in answers for status in one]


def test_no_more_than_the_limit_reach_the_hasher(settings, hashed):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {
        "sign_in_address": "1000/300",
        "sign_in_account": "12/300",
        "sign_in_both": "1000/300",
    }
    ana = make_user("ana")
    hashed.clear()

    answers = guess_at_once()

    assert len(answers) == THREADS * EACH
    assert set(answers) == {401, 429}
    assert answers.count(401) == len(hashed) == 12
    ana.refresh_from_db()
    assert ana.last_login is None


def test_addresses_that_hop_inside_their_network_are_one(settings, hashed):
    settings.TRUSTED_PROXIES = 1
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sign_in_address": "12/300"}

    def hop(thread: int) -> int:
        body = {"email": f"{thread}@example.test", "password": "guess"}
        headers = {"X-Forwarded-For": f"203.0.113.{thread}, 2001:db8:1:2::{thread:x}"}
        return APIClient().post("/api/v1/auth/token/", body, headers=headers).status_code

    answers = race(*[lambda thread=thread: hop(thread) for thread in range(40)])

    assert answers.count(401) == len(hashed) == 12
    assert answers.count(429) == 28


def test_a_counter_that_reads_and_then_writes_lets_more_through(settings, hashed, monkeypatch):
    """The negative control: the race is one that counting in one step wins."""
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"sign_in_account": "12/300"}
    settings.RATE_LIMITS |= {"sign_in_address": "1000/300", "sign_in_both": "1000/300"}
    make_user("ana")
    hashed.clear()
    counts: dict[str, int] = {}

    def read_then_write(key: str, seconds: int) -> tuple[int, float]:
        number = counts.get(key, 0) + 1
        time.sleep(0.01)
        counts[key] = number
        return number, float(seconds)

    monkeypatch.setattr(rate_limits, "_increment", read_then_write)

    guess_at_once()

    assert len(hashed) > 12
