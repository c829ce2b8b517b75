from __future__ import annotations

from marketflow.core.environment import postgresql


def test_statements_are_prepared_and_planned_with_their_values(monkeypatch):
    url = "postgres://fern:secret@db:5432/market"
    monkeypatch.setenv("DATABASE_URL", url)

    options = postgresql(url, statement_seconds=30, idle_seconds=60)["OPTIONS"]

    assert options["server_side_binding"] is True
    assert options["prepare_threshold"] == 5
    # One plan for all values made a list by an option four times as slow.
    assert "-c plan_cache_mode=force_custom_plan" in options["options"]
