"""A file being read: first a look at its whole structure, then product by product."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext as _

from catalog.services.importing.drafts import ProductDraft, RowIssue, Severity
from catalog.services.importing.feeds import Feed
from catalog.services.importing.grouping import Groups
from catalog.services.importing.parsing import Parser
from catalog.services.importing.reading import Notes, Reading
from catalog.services.importing.rows import Row, Table
from catalog.services.importing.texts import decode_twice, unguard


class Catalogue:
    """Iterate for products and remarks, as often as needed; nothing is kept in memory.

    Raises FileRefused before the first product if the file as a whole can't be imported.
    """

    def __init__(
        self, source: Table | Feed, parser: Parser, *, currency: str, now: datetime
    ) -> None:
        self.source = source
        self.parser = parser
        self.format = parser.name
        self.fields = parser.field_names()
        self._currency = currency
        self._now = now
        self._groups: Groups | None = None

    def check(self) -> None:
        """Read the file once and note which rows belong together. Done by iterating as well."""
        if self._groups is not None:
            return
        if self.parser.learns:
            for row in self._rows():
                self.parser.learn(row)
        groups = Groups(self.source.limits)
        for row in self._rows():
            groups.note(self.parser.key_of(row), row.record)
        self._groups = groups

    @property
    def rows(self) -> int:
        """How many rows the file has, without the header and those that can't be read."""
        self.check()
        return self._groups.rows

    def __iter__(self) -> Iterator[ProductDraft | RowIssue]:
        self.check()
        yield from self._unread_columns()
        reading = Reading(currency=self._currency, now=self._now, columns=self.parser.has)
        remarks: deque[RowIssue] = deque()
        for key, rows in self._groups.gather(self._keyed(remarks)):
            yield from _drain(remarks)
            yield from self._product(key, rows, reading)
        yield from _drain(remarks)

    def _product(
        self, key: str, rows: list[Row], reading: Reading
    ) -> Iterator[ProductDraft | RowIssue]:
        notes = Notes()
        if self._groups.too_long(key):
            message = _("The product has more than %(count)d rows; the rest was left out.")
            message %= {"count": self.source.limits.rows_per_product}
            notes.error(rows[-1], "too_many_rows", message)
        draft = self.parser.product(key, rows, reading, notes)
        if draft is None:
            yield from notes.issues
        else:
            yield replace(draft, issues=tuple(notes.issues))

    def _rows(self) -> Iterator[Row]:
        rows = self.source.rows(self.parser.name_of)
        return (self._tidied(row)[0] for row in rows if isinstance(row, Row))

    def _keyed(self, remarks: deque[RowIssue]) -> Iterator[tuple[str, Row]]:
        """The rows with their keys; remarks about rows that can't be read are put aside."""
        repaired_before = False
        for row in self.source.rows(self.parser.name_of):
            if isinstance(row, RowIssue):
                remarks.append(row)
                continue
            row, repaired = self._tidied(row)
            if repaired and not repaired_before:
                message = _("Texts of the file had been encoded twice and were repaired.")
                remarks.append(row.issue(Severity.WARNING, "encoded_twice", message))
            repaired_before = repaired_before or repaired
            yield self.parser.key_of(row), row

    def _tidied(self, row: Row) -> tuple[Row, bool]:
        """Without the apostrophes that guard cells, and without a second encoding."""
        plain = {name: unguard(cell) for name, cell in row.cells.items()}
        cells = plain
        if self.parser.repairs:
            cells = {name: decode_twice(cell) for name, cell in plain.items()}
        return Row(row.record, row.line, cells), cells != plain

    def _unread_columns(self) -> Iterator[RowIssue]:
        if titles := self.parser.unread():
            message = _("These columns aren't known and were not read: %(titles)s.")
            yield RowIssue(
                record=self.source.header_record,
                line=self.source.header_record,
                severity=Severity.WARNING,
                code="unknown_columns",
                message=message % {"titles": ", ".join(titles[:20])},
            )


def _drain(remarks: deque[RowIssue]) -> Iterator[RowIssue]:
    """Whatever was put aside since, and no copy of it kept."""
    while remarks:
        yield remarks.popleft()
