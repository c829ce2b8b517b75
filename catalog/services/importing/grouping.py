"""Rows that belong together, though they stand apart: two passes over the file, little memory.

The first pass notes where each product's rows begin and end. In the second, products whose rows
stand together pass straight through; rows of the others wait in a temporary file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import BinaryIO

from catalog.services.importing.limits import LIMITS, Limits
from catalog.services.importing.rows import Row


@dataclass(slots=True)
class _Span:
    first: int
    last: int
    rows: int = 1


class Groups:
    """Which keys the file holds, and where their rows stand."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self._spans: dict[str, _Span] = {}
        self._scattered: set[str] = set()
        self._latest: str | None = None

    def note(self, key: str, record: int) -> None:
        """First pass: a row of `key` stands at `record`."""
        span = self._spans.get(key)
        if span is None:
            self._spans[key] = _Span(first=record, last=record)
        else:
            span.last, span.rows = record, span.rows + 1
            if self._latest != key:
                self._scattered.add(key)
        self._latest = key

    def __contains__(self, key: str) -> bool:
        return key in self._spans

    @property
    def rows(self) -> int:
        """How many rows were noted."""
        return sum(span.rows for span in self._spans.values())

    def too_long(self, key: str) -> bool:
        return self._spans[key].rows > self.limits.rows_per_product

    def gather(self, keyed: Iterable[tuple[str, Row]]) -> Iterator[tuple[str, list[Row]]]:
        """Second pass: all rows of a key at once, when the last of them has been read.

        Of a key with too many rows only the first ones are kept; ask `too_long`.
        """
        together: list[Row] = []
        with TemporaryFile() as file:
            waiting = _Waiting(file)
            for key, row in keyed:
                span = self._spans[key]
                if key not in self._scattered:
                    if len(together) < self.limits.rows_per_product:
                        together.append(row)
                    if row.record == span.last:
                        yield key, together
                        together = []
                    continue
                if waiting.count(key) < self.limits.rows_per_product:
                    waiting.put(key, row)
                if row.record == span.last:
                    yield key, waiting.take(key)


class _Waiting:
    """Rows on disk, by key."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self._places: dict[str, list[int]] = {}

    def count(self, key: str) -> int:
        return len(self._places.get(key, ()))

    def put(self, key: str, row: Row) -> None:
        place = self.file.seek(0, 2)
        line = json.dumps([row.record, row.line, row.cells])
        self.file.write(line.encode("ascii") + b"\n")
        self._places.setdefault(key, []).append(place)

    def take(self, key: str) -> list[Row]:
        rows = []
        for place in self._places.pop(key, []):
            self.file.seek(place)
            record, line, cells = json.loads(self.file.readline())
            rows.append(Row(record, line, cells))
        return rows
