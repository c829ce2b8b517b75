"""What is pushed in any process, on its way to the hubs of all processes.

With Redis it goes by PUBLISH in the form of the channel layer, so that whoever listens there
hears it too; without, straight to the hubs of this one process, from whatever thread.
"""

from __future__ import annotations

import logging
import threading
from functools import cache

import redis
from channels.layers import get_channel_layer
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from marketflow.core.realtime import hubs
from marketflow.core.realtime.frames import MISSED, encode

PATIENCE = 0.25
AWAY = (redis.RedisError, OSError)

logger = logging.getLogger(__name__)

_lock = threading.Lock()
# The groups that something was for while this process keeps silent; None while it does not.
_untold: set[str] | None = None


def publish(group: str, event: dict) -> None:
    """Tell every hub. Redis being away is logged, not raised; what isn't plain JSON raises.

    What can't be told now is made up for: whoever is in the group looks again for itself as soon
    as Redis answers.
    """
    encode(event)
    if settings.REDIS_URL:
        _publish_to_redis(group, event)
    else:
        hubs.tell_all(group, event)


def is_heard(group: str) -> bool:
    """Whether any hub listens to `group`. True where that can't be known now."""
    if not settings.REDIS_URL:
        return hubs.has_anybody(group)
    with _lock:
        if _untold is not None:
            return True
    try:
        ((_channel, hubs_listening),) = _publisher().pubsub_numsub(channel(group))
    except AWAY:
        return True
    return hubs_listening > 0


def _publish_to_redis(group: str, event: dict) -> None:
    with _lock:
        if _untold is not None:
            _untold.add(group)
            return
    try:
        _send({group: event})
    except AWAY as problem:
        logger.warning("open pages are not told: %s", problem)
        _keep_silent({group})


def _keep_silent(groups: set[str]) -> None:
    """Nobody waits again and again for what is away."""
    global _untold
    with _lock:
        if _untold is not None:
            _untold |= groups
            return
        _untold = groups
    timer = threading.Timer(hubs.SILENCE, _speak_again)
    timer.daemon = True
    timer.start()


def _speak_again() -> None:
    global _untold
    with _lock:
        groups, _untold = _untold, None
    try:
        _send({group: {"type": MISSED} for group in groups})
    except AWAY:
        _keep_silent(groups)


def _send(events: dict[str, dict]) -> None:
    serialize = get_channel_layer().serialize
    with _publisher().pipeline(transaction=False) as pipeline:
        for group, event in events.items():
            pipeline.publish(channel(group), serialize({"type": "push", "event": event}))
        pipeline.execute()


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
