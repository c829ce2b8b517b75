from __future__ import annotations

import pytest
from django.db import OperationalError, connection

from marketflow import health

pytestmark = pytest.mark.django_db


def test_a_living_process_says_so(client):
    assert client.get("/healthz").content == b"ok"


def test_readiness_names_every_part(client):
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "database": "ok",
        "cache": "ok",
        "channel_layer": "ok",
        "broker": "ok",
    }


@pytest.mark.logs_errors
def test_a_lost_part_is_named_and_makes_it_a_503(client, monkeypatch):
    def away():
        raise OperationalError("gone")

    monkeypatch.setitem(health.PROBES, "database", away)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["database"] == "unavailable"
    assert answer.json()["cache"] == "ok"


def test_figures_are_for_those_who_may_look(client, settings):
    assert b"marketflow_outbox_waiting" in client.get("/metrics").content

    settings.METRICS_ALLOWED_IPS = ["10.0.0.1"]

    assert client.get("/metrics").status_code == 404


def test_every_answer_bears_its_id(client):
    assert client.get("/healthz")["X-Request-ID"]
    given = client.get("/healthz", headers={"X-Request-ID": "a-request-of-mine"})
    assert given["X-Request-ID"] == "a-request-of-mine"
    forged = client.get("/healthz", headers={"X-Request-ID": "x\ny"})
    assert "\n" not in forged["X-Request-ID"]


@pytest.mark.logs_errors
@pytest.mark.parametrize("path", ["/api/v1/shops/", "/cart/"])
def test_a_database_that_is_away_is_a_503_and_no_bug(client, monkeypatch, path):
    def refuse(*args, **kwargs):
        raise OperationalError("the connection was lost")

    monkeypatch.setattr(connection, "cursor", refuse)

    answer = client.get(path)

    assert answer.status_code == 503
    assert answer["Retry-After"]
