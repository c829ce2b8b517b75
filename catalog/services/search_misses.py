"""What people searched for and did not find, for staff to read.

Reading a page writes nothing: misses wait in the cache until a sweep puts them down. What the
cache loses meanwhile is a number less in a list of thousands.
"""

from __future__ import annotations

import logging
import time
from collections import Counter

from django.core.cache import cache
from django.db import transaction
from django.db.models import F
from django.utils.timezone import now
from redis.exceptions import RedisError

from catalog.models import SearchMiss
from catalog.services.search import tidy

NOTED, WRITTEN, SWEEP = "search-misses", "search-misses-written", "search-misses-sweep"
KEPT_SECONDS = 86_400
SWEEP_SECONDS = 60
MOST_AT_ONCE = 2000

logger = logging.getLogger(__name__)


def note(text: str) -> None:
    """Remember that `text` was not found. Asks the database nothing."""
    term = tidy(text)[0].casefold()
    if not term:
        return
    try:
        # Begins at the time of day, so that a counter that was lost never goes over old ground.
        cache.add(NOTED, int(time.time() * 1000), None)
        cache.set(_name(cache.incr(NOTED)), term, KEPT_SECONDS)
    except (RedisError, ValueError) as problem:
        # The cache is away, or emptied between the two calls.
        logger.warning("a search without result was not noted: %s", problem)


def write_down() -> int:
    """Put down what was noted since the last time, one sweep at a time; how many there were."""
    if not cache.add(SWEEP, 1, SWEEP_SECONDS):
        return 0
    last = cache.get(NOTED, 0)
    first = max(cache.get(WRITTEN, 0), last - MOST_AT_ONCE) + 1
    names = [_name(number) for number in range(first, last + 1)]
    terms = Counter(cache.get_many(names).values())
    _write(terms)
    cache.set(WRITTEN, last, None)
    cache.delete_many(names)
    cache.delete(SWEEP)
    return terms.total()


@transaction.atomic
def _write(terms: Counter[str]) -> None:
    moment = now()
    for term, times in sorted(terms.items()):
        misses = SearchMiss.objects.filter(term=term)
        if not misses.update(times=F("times") + times, last_at=moment):
            SearchMiss.objects.create(term=term, times=times, last_at=moment)


def _name(number: int) -> str:
    return f"search-miss:{number}"
