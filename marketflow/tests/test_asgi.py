"""Requests that end otherwise than they should, where one process serves pages and sockets."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.http import HttpResponse
from django.urls import path

from marketflow.asgi import application

SCOPE = {
    "type": "http", "method": "GET", "path": "/slow/", "query_string": b"",
    "headers": [(b"host", b"testserver")], "http_version": "1.1",
}  # fmt: skip


def slow(request):
    """Answers when it may."""
    stage.entered.set()
    stage.may_go_on.wait(10)
    stage.done.append("view")
    return HttpResponse("At last")


def notes_the_end(get_response):
    def middleware(request):
        response = get_response(request)
        stage.done.append("middleware")
        stage.ended.set()
        return response

    return middleware


urlpatterns = [path("slow/", slow)]
stage = SimpleNamespace()


@pytest.fixture
def pages(settings):
    """The front door to one slow page, between two middlewares of which one could be async."""
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [
        f"{__name__}.notes_the_end",
        "django_structlog.middlewares.RequestMiddleware",
    ]
    stage.entered, stage.may_go_on, stage.ended = (threading.Event() for _ in range(3))
    stage.done = []
    yield type(application.application_mapping["http"])()
    stage.may_go_on.set()


async def asked(pages) -> ApplicationCommunicator:
    """Somebody whose page is being made."""
    visitor = ApplicationCommunicator(pages, dict(SCOPE))
    await visitor.send_input({"type": "http.request", "body": b""})
    while not stage.entered.is_set():
        await asyncio.sleep(0.005)
    return visitor


def test_a_page_is_answered(pages):
    async def read():
        stage.may_go_on.set()
        visitor = await asked(pages)
        start, body = await visitor.receive_output(5), await visitor.receive_output(5)
        return start["status"], body["body"]

    assert asyncio.run(read()) == (200, b"At last")


def test_what_was_begun_is_finished_where_the_visitor_leaves(pages):
    async def leave():
        visitor = await asked(pages)
        await visitor.send_input({"type": "http.disconnect"})
        await asyncio.sleep(0.05)
        stage.may_go_on.set()
        await visitor.wait(5)

    asyncio.run(leave())

    assert stage.done == ["view", "middleware"]


def test_no_thread_waits_for_a_server_that_has_stopped(pages):
    loop = asyncio.new_event_loop()
    visitor = loop.run_until_complete(asked(pages))

    # Nobody runs the loop now.
    stage.may_go_on.set()

    assert stage.ended.wait(5)
    loop.run_until_complete(visitor.wait(5))
    loop.close()


def test_the_collector_of_garbage_passes_over_what_is_loaded():
    asked = "import gc, marketflow.asgi; print(gc.get_freeze_count(), len(gc.get_objects()))"
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=settings.BASE_DIR, capture_output=True, text=True
    )

    passed_over, looked_through = map(int, done.stdout.split())
    assert looked_through < passed_over / 10
