"""What machines ask about the site's health."""

from __future__ import annotations

import logging
from collections.abc import Callable

import redis
from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, JsonResponse
from django.views.decorators.cache import never_cache

from marketflow.core.models import OutboxEvent
from marketflow.core.rate_limits import address_of
from marketflow.core.realtime import bus

logger = logging.getLogger(__name__)


@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process lives."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Each dependency by name; 503 when one is away."""
    parts = {name: _works(probe) for name, probe in PROBES.items()}
    ready = all(parts.values())
    words = {name: "ok" if works else "unavailable" for name, works in parts.items()}
    body = {"status": "ok" if ready else "unavailable", **words}
    return JsonResponse(body, status=200 if ready else 503)


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text, to `METRICS_ALLOWED_IPS` only."""
    if address_of(request) not in settings.METRICS_ALLOWED_IPS:
        return HttpResponseNotFound()
    waiting = OutboxEvent.objects.filter(done_at=None)
    figures = {
        "marketflow_outbox_waiting": ("Events not yet told", waiting.count()),
        "marketflow_outbox_stuck": (
            "Events that failed 5 times",
            OutboxEvent.objects.stuck().count(),
        ),
    }
    lines = []
    for name, (title, value) in figures.items():
        lines += [f"# HELP {name} {title}", f"# TYPE {name} gauge", f"{name} {value}"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4")


def _works(probe: Callable[[], object]) -> bool:
    try:
        probe()
    except (DatabaseError, redis.RedisError, OSError, TimeoutError) as problem:
        logger.warning("%s: %s", probe.__name__, problem)
        return False
    return True


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _cache() -> None:
    # Past the forgiving cache, which would hide what is asked here.
    if settings.REDIS_URL:
        _ping(settings.CACHES["default"]["LOCATION"])
    else:
        caches["default"].set("readyz", 1, 1)


def _channel_layer() -> None:
    # In memory there is nothing to ask.
    if settings.REDIS_URL:
        _ping(bus.config()["hosts"][0]["address"])


def _broker() -> None:
    if settings.REDIS_URL:
        _ping(settings.CELERY_BROKER_URL)


def _ping(url: str) -> None:
    with redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) as client:
        client.ping()


PROBES = {
    "database": _database,
    "cache": _cache,
    "channel_layer": _channel_layer,
    "broker": _broker,
}
