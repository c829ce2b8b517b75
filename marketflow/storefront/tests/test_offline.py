"""The service worker, and the one page it keeps."""

from __future__ import annotations

import json
import re

import pytest
from django.contrib.staticfiles import finders
from django.test.utils import override_settings

from marketflow.core.tests.pages import Page

pytestmark = pytest.mark.django_db


def kept(client) -> list[str]:
    script = client.get("/sw.js").content.decode()
    page, files = (re.search(rf"const {name} = (.*);", script)[1] for name in ("PAGE", "FILES"))
    return [json.loads(page), *json.loads(files)]


def test_the_worker_stands_at_the_root_and_is_asked_for_anew(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/sw.js")

    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer["Cache-Control"] == "no-cache"
    assert "worker-src 'self'" in answer["Content-Security-Policy"]
    assert re.search(r"offline-|`\$\{PREFIX\}[0-9a-f]{12}`", answer.content.decode())


def test_it_keeps_one_page_and_static_files_only(client):
    page, *files = kept(client)

    assert page == "/offline/"
    assert files
    assert all(path.startswith("/static/") for path in files)
    assert all(finders.find(path.removeprefix("/static/")) for path in files)


def test_everything_the_page_needs_is_kept(client):
    html = client.get("/offline/").content.decode()

    needed = set(re.findall(r'(?:href|src)="([^"#]+)"', html))
    assert needed
    assert needed <= set(kept(client))


def test_the_page_is_the_same_for_everybody(client, buyer):
    before = client.get("/offline/")
    client.force_login(buyer)

    after = client.get("/offline/")

    assert before.content == after.content
    assert (after.status_code, Page(after, "/offline/").title[:15]) == (200, "You are offline")
    assert not after.cookies
    assert b"noindex" in after.content


def test_a_changed_page_is_a_new_worker(client, settings):
    before = client.get("/sw.js").content

    with override_settings(STATIC_URL="/files/"):
        after = client.get("/sw.js").content

    assert before != after


def test_the_files_are_kept_by_their_hashed_names(client, collected):
    _page, *files = kept(client)

    assert all(re.search(r"\.[0-9a-f]{12}\.\w+$", path) for path in files)
    (script,) = [path for path in files if "/offline." in path]
    (imported,) = re.findall(r'from "\./(.+?)"', (collected / script[8:]).read_text())
    assert f"/static/js/{imported}" in files
