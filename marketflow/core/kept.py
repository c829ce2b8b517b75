"""Parts of pages that are rendered once for the same content.

What a part is made of is its key: where anything of it changes, it is another key, and nothing
here can be out of date. One memory for each process, of the parts asked for last.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

from django.db.models import Model


class Kept:
    """The last `most` parts."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._parts: OrderedDict[Hashable, str] = OrderedDict()
        self._lock = Lock()

    def get(self, content: Hashable, render: Callable[[], str]) -> str:
        """The part made of `content`. `render` is asked once, so it may read nothing else."""
        with self._lock:
            part = self._parts.get(content)
            if part is not None:
                self._parts.move_to_end(content)
                return part
        part = render()
        with self._lock:
            self._parts[content] = part
            if len(self._parts) > self._most:
                self._parts.popitem(last=False)
        return part

    def clear(self) -> None:
        with self._lock:
            self._parts.clear()


def content_of(row: Model) -> tuple[Hashable, ...]:
    """Every column of `row` that is loaded."""
    values = row.__dict__
    return tuple(
        repr(value) if isinstance(value, dict | list) else value
        for value in (values.get(field.attname) for field in row._meta.concrete_fields)
    )
