"""A cache that may be away: reads miss and writes are dropped while Redis is gone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cached_property, wraps
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


def _forgiving(method: Callable[..., Any], answer: Any) -> Callable[..., Any]:
    @wraps(method)
    def call(self: RedisCache, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except RedisError as problem:
            logger.warning("the cache is away: %s", problem)
            return kwargs.get("default") if answer is None else answer

    return call


class _OneClient(RedisCacheClient):
    """Asks by one client of redis-py: making one anew takes longer than what it is asked."""

    @cached_property
    def _kept(self) -> Redis:
        return super().get_client()

    def get_client(self, key: str | None = None, *, write: bool = False) -> Redis:
        return self._kept


class ForgivingRedisCache(RedisCache):
    """Pages go on without it. `incr` still raises: who counts must know that nobody counts."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _OneClient

    get = _forgiving(RedisCache.get, None)
    set = _forgiving(RedisCache.set, False)
    add = _forgiving(RedisCache.add, True)
    touch = _forgiving(RedisCache.touch, False)
    delete = _forgiving(RedisCache.delete, False)
    has_key = _forgiving(RedisCache.has_key, False)
    get_many = _forgiving(RedisCache.get_many, {})
    set_many = _forgiving(RedisCache.set_many, [])
    delete_many = _forgiving(RedisCache.delete_many, False)
