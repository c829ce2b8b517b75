"""Celery beat as a daemon thread of the one web process: the embedded default's scheduler.

Tasks run eagerly, in the thread that sends them. One process only.
"""

from __future__ import annotations

import threading

from celery import beat

from marketflow.celery import app


def start_beat(max_interval: int = 1) -> beat.Service:
    """Start the scheduler; it looks every `max_interval` seconds for what is due."""
    # Without this the task names are unknown, and beat sends them to a broker that nobody
    # reads. It raises nothing.
    app.loader.import_default_modules()
    service = beat.Service(
        app,
        max_interval=max_interval,
        scheduler_cls="django_celery_beat.schedulers:DatabaseScheduler",
    )
    threading.Thread(
        target=service.start,
        kwargs={"embedded_process": False},
        daemon=True,
        name="celery-beat",
    ).start()
    return service
