from __future__ import annotations

from django.core.cache.backends.base import DEFAULT_TIMEOUT

from marketflow.core.cache import ForgivingRedisCache

NOBODY_THERE = "redis://127.0.0.1:1/0"


def test_reads_miss_and_writes_are_dropped_while_redis_is_away(caplog):
    cache = ForgivingRedisCache(NOBODY_THERE, {})

    assert cache.get("bowl", default="none") == "none"
    assert cache.get("bowl") is None
    assert cache.add("bowl", 1) is True
    assert cache.set("bowl", 1, DEFAULT_TIMEOUT) is False
    assert cache.get_many(["bowl"]) == {}
    assert "the cache is away" in caplog.text


def test_redis_is_asked_by_one_client_however_often():
    client = ForgivingRedisCache(NOBODY_THERE, {})._cache

    assert client.get_client("bowl") is client.get_client("plate", write=True)
