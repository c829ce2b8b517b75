from __future__ import annotations

import pytest

from marketflow.celery import app


def test_beat_knows_every_task_it_sends():
    # A misspelt name would be sent to workers that throw it away, and nothing would happen.
    app.loader.import_default_modules()

    missing = {entry["task"] for entry in app.conf.beat_schedule.values()} - set(app.tasks)

    assert missing == set()


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(app.conf.beat_schedule))
def test_a_scheduled_task_finds_nothing_to_do_in_an_empty_market(name):
    app.loader.import_default_modules()
    task = app.tasks[app.conf.beat_schedule[name]["task"]]

    assert not task.apply(throw=True).get() or name == "roll-up-analytics"
