from __future__ import annotations

from django.http import HttpResponse
from django_structlog.middlewares import RequestMiddleware
from structlog.contextvars import get_contextvars


def test_lines_bear_the_address_by_trusted_proxies_whatever_a_header_says(rf, settings):
    settings.TRUSTED_PROXIES = 1
    seen = {}

    def answer(request):
        seen.update(get_contextvars())
        return HttpResponse()

    RequestMiddleware(answer)(rf.get("/", headers={"X-Forwarded-For": "203.0.113.6, 192.0.2.7"}))

    assert seen["ip"] == "192.0.2.7"
