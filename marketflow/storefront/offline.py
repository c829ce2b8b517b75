"""What a browser keeps for the moment when there is no connection: one page, and its files."""

from __future__ import annotations

import hashlib
import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from notifications.services.pushing import vapid

HOUR = 3600
FILES = ("css/error.css", "js/offline.js", "js/lib/viewed.js", "img/favicon.svg")


@require_safe
@cache_control(public=True, max_age=HOUR)
def offline(request: HttpRequest) -> HttpResponse:
    """Rendered without the visitor: it is kept when they have long signed out."""
    return render(None, "offline.html")


@require_safe
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """At the root, because a worker answers only for what lies below its own address."""
    page, files = reverse("offline"), [static(path) for path in FILES]
    text = json.dumps([files, render_to_string("offline.html")])
    context = {
        # A new page or file is a new worker, which keeps its own and forgets the others'.
        "version": hashlib.sha256(text.encode()).hexdigest()[:12],
        "page": json.dumps(page),
        "files": json.dumps(files),
        "icon": json.dumps(static("img/icon-192.png")),
        "move": json.dumps(reverse("notifications:move")),
        "server_key": json.dumps(vapid.public_key() if vapid.is_on() else ""),
    }
    return render(None, "sw.js", context, content_type="text/javascript; charset=utf-8")
