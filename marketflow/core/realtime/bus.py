"""What is pushed in any process, on its way to the hubs of all processes.

With Redis it goes by PUBLISH in the form of the channel layer, so that whoever listens there
hears it too; without, straight to the hubs of this one process, from whatever thread.
"""

from __future__ import annotations

import logging
import time
from functools import cache

import redis
from channels.layers import get_channel_layer
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from marketflow.core.realtime import hubs
from marketflow.core.realtime.frames import encode

PATIENCE = 0.25

logger = logging.getLogger(__name__)

_silent_until = 0.0


def publish(group: str, event: dict) -> None:
    """Tell every hub. Redis being away is logged, not raised; what isn't plain JSON raises."""
    encode(event)
    if settings.REDIS_URL:
        _publish_to_redis(group, event)
    else:
        hubs.tell_all(group, event)


def _publish_to_redis(group: str, event: dict) -> None:
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    message = get_channel_layer().serialize({"type": "push", "event": event})
    try:
        _publisher().publish(channel(group), message)
    except (redis.RedisError, OSError) as problem:
        # Nobody waits again and again for what is away.
        _silent_until = time.monotonic() + hubs.SILENCE
        logger.warning("open pages are not told: %s", problem)


def channel(group: str) -> str:
    """The name of `group` in Redis: that of the channel layer."""
    return f"{config()['prefix']}__group__{group}"


def config() -> dict:
    return settings.CHANNEL_LAYERS["default"]["CONFIG"]


@cache
def _publisher() -> redis.Redis:
    host = config()["hosts"][0]
    return redis.Redis.from_url(
        host["address"],
        max_connections=host["max_connections"],
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        # Once more: a kept connection may be from before a restart of Redis. Where it hangs,
        # waiting again would not help.
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )
