"""Counting who asks how often: atomic in Redis, a counter in the process where there is none.

A limit is `how many/seconds` in a fixed window, named in `settings.RATE_LIMITS`. When Redis is
away each process goes on counting for itself, up to its share: never unlimited, never an error.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import threading
import time
import unicodedata
from functools import cache

import redis
from django.conf import settings
from django.http import HttpRequest

from marketflow.core.errors import Refusal

# Increment and start the window in one step: a crash in between would lock out for good.
SCRIPT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {n, redis.call('PTTL', KEYS[1])}
"""
MOST_KEYS = 50_000
FORWARDED = b"x-forwarded-for"

logger = logging.getLogger(__name__)

_lock = threading.Lock()
_counts: dict[str, tuple[int, float]] = {}


class TooMany(Refusal):
    """429. `retry_after` is in seconds."""

    code = "rate_limited"
    message = "Too many attempts. Try again later."

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after=retry_after)
        self.retry_after = retry_after


def count(scope: str, who: str) -> None:
    """Count one attempt of `who` (an address, an account) at `scope`.

    Raises `TooMany` with the seconds to wait when the limit of `settings.RATE_LIMITS[scope]`
    is used up.
    """
    most, seconds = _limit(settings.RATE_LIMITS[scope])
    key = _key(scope, who)
    shared = _increment(key, seconds)
    number, remaining = shared or _increment_here(key, seconds)
    if shared is None and settings.REDIS_URL:
        # Each process counts alone for a while: its share of what all may.
        most = max(1, most // settings.WEB_WORKERS)
    if number > most:
        raise TooMany(retry_after=max(1, round(remaining)))


def forget(scope: str, who: str) -> None:
    """Begin to count anew: for who has just proven to be no guesser."""
    key = _key(scope, who)
    with _lock:
        _counts.pop(key, None)
    if settings.REDIS_URL:
        try:
            _script().registered_client.delete(key)
        except redis.RedisError as problem:
            logger.warning("not forgotten: %s", problem)


def reset() -> None:
    """Forget this process's own counters."""
    with _lock:
        _counts.clear()


def address_of(request: HttpRequest) -> str:
    """The caller's address behind the counted trusted proxies; an IPv6 caller is its /64."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    return _address(forwarded, request.META.get("REMOTE_ADDR", ""))


def address_in(scope: dict) -> str:
    """`address_of` a socket, from its ASGI scope."""
    headers = [value.decode("latin-1") for name, value in scope["headers"] if name == FORWARDED]
    return _address(",".join(headers), (scope.get("client") or [""])[0])


def _address(forwarded: str, text: str) -> str:
    proxies = settings.TRUSTED_PROXIES
    hops = [part.strip() for part in forwarded.split(",")]
    if proxies and len(hops) >= proxies:
        text = hops[-proxies]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "unknown"
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


def account_of(email: str) -> str:
    """One spelling for one account, whatever case or Unicode form was typed."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


def _limit(text: str) -> tuple[int, int]:
    most, _, seconds = text.partition("/")
    return int(most), int(seconds)


def _key(scope: str, who: str) -> str:
    return f"limit:{scope}:{hashlib.sha256(who.encode()).hexdigest()[:32]}"


def _increment(key: str, seconds: int) -> tuple[int, float] | None:
    """What all processes counted together; None where they cannot."""
    if not settings.REDIS_URL:
        return None
    try:
        number, remaining = _script()(keys=[key], args=[seconds * 1000])
    except redis.RedisError as problem:
        logger.warning("counting in this process alone: %s", problem)
        return None
    return number, remaining / 1000


def _increment_here(key: str, seconds: int) -> tuple[int, float]:
    moment = time.monotonic()
    with _lock:
        number, ends = _counts.get(key, (0, 0.0))
        if ends <= moment:
            number, ends = 0, moment + seconds
        if len(_counts) >= MOST_KEYS:
            _forget_ended(moment)
        _counts[key] = (number + 1, ends)
    return number + 1, ends - moment


def _forget_ended(moment: float) -> None:
    for key in [key for key, (_, ends) in _counts.items() if ends <= moment]:
        del _counts[key]


@cache
def _script() -> redis.commands.core.Script:
    client = redis.Redis.from_url(
        settings.CACHES["default"]["LOCATION"], socket_timeout=0.25, socket_connect_timeout=0.25
    )
    return client.register_script(SCRIPT)
