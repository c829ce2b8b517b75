"""What a row's relations hold, where the code that wrote them knows it without asking."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Model


def remember(row: Model, relation: str, rows: Iterable[Model]) -> None:
    """Let `row.<relation>.all()` be `rows`, as if they had been prefetched."""
    manager = getattr(row, relation)
    found = manager.all()
    found._result_cache = list(rows)
    found._prefetch_done = True
    cache = row.__dict__.setdefault("_prefetched_objects_cache", {})
    cache[manager.field.remote_field.cache_name] = found
