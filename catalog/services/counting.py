"""How many products a list has, without counting a large one again for each who looks."""

from __future__ import annotations

import hashlib

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from catalog.services.facets import CAP, SECONDS


def count_of(products: QuerySet) -> int:
    """Counted now; but beyond `CAP` as of a minute ago at most, as the counts of facets are."""
    try:
        sql, params = products.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        # A search that found nothing asks the database nothing.
        return 0
    text = f"{connection.alias}|{sql}|{params}"
    name = f"count:{hashlib.sha256(text.encode()).hexdigest()[:40]}"
    known = cache.get(name)
    if known is not None:
        return known
    number = products.count()
    if number > CAP:
        cache.set(name, number, SECONDS)
    return number
