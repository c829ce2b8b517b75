"""A delimited text as a stream of records: memory stays bounded whatever the file holds.

The csv module does the reading, fed line by line. Lines end at LF, CR or CRLF and nowhere else:
U+2028 is a letter like any other. The header is record 1; a cell may hold line breaks, so the
line number of a record runs ahead of its record number.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from django.utils.translation import gettext as _

from catalog.services.importing.drafts import RowIssue, Severity
from catalog.services.importing.encodings import Encoding, detect_encoding, require_text
from catalog.services.importing.errors import FileTooLarge, TruncatedFile, UnreadableFile
from catalog.services.importing.limits import LIMITS, Limits

csv.field_size_limit(LIMITS.record_chars)

DELIMITERS = ",;\t"
_SEP_LINE = re.compile(r'^"?sep=(.)"?\s*$', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """One record, its cells by the name a format gives the column. Missing is empty."""

    record: int
    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def issue(self, severity: Severity, code: str, message: str, column: str = "") -> RowIssue:
        return RowIssue(
            record=self.record,
            line=self.line,
            severity=severity,
            code=code,
            message=message,
            column=column,
        )


@dataclass(frozen=True, slots=True)
class Record:
    number: int
    line: int
    cells: list[str]
    closed: bool  # It ends with a line end, as every record but the last must.


class Table:
    """A delimited file that can be read any number of times."""

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        require_text(path, limits)
        self.path = path
        self.limits = limits
        self.encoding: Encoding = detect_encoding(path)
        self.delimiter, self._preface = self._dialect()
        self.header, self.header_record = self._header()

    def rows(self, name_of: Callable[[str], str | None]) -> Iterator[Row | RowIssue]:
        """The records after the header, without the columns for which `name_of` gives None.

        A record with too few or too many cells is reported instead. A file that breaks off raises
        TruncatedFile, at its end.
        """
        names = _first_of_each([name_of(title) for title in self.header])
        wanted = [(index, name) for index, name in enumerate(names) if name]
        for record in self.records():
            if record.number <= self.header_record or not any(map(str.strip, record.cells)):
                continue
            cells = self._fitting(record)
            if cells is None:
                yield self._ragged(record)
                continue
            row = Row(record.number, record.line, {n: c for i, n in wanted if (c := cells[i])})
            yield from _mend(row, self.limits)
            yield row

    def records(self) -> Iterator[Record]:
        with self._open() as file:
            yield from _records(file, self.delimiter, self.limits)

    def _open(self) -> TextIO:
        return self.path.open(encoding=self.encoding.codec, errors="replace", newline="")

    def _dialect(self) -> tuple[str, bool]:
        """The delimiter: as a `sep=;` line says, else the one that parts the header most often."""
        with self._open() as file:
            line = file.readline(self.limits.record_chars)
        if told := _SEP_LINE.match(line):
            return told[1], True
        cells = {d: len(next(csv.reader([line], delimiter=d), [])) for d in DELIMITERS}
        return max(DELIMITERS, key=lambda d: cells[d]), False

    def _header(self) -> tuple[list[str], int]:
        number = 2 if self._preface else 1
        record = next((r for r in self.records() if r.number == number), None)
        if record is None or not any(cell.strip() for cell in record.cells):
            raise UnreadableFile(_("The first line must name the columns, and it is empty."))
        if len(record.cells) > self.limits.columns:
            raise FileTooLarge(
                _("The file has more than %(count)d columns.") % {"count": self.limits.columns}
            )
        return [cell.strip() for cell in record.cells], number

    def _fitting(self, record: Record) -> list[str] | None:
        """The cells if they match the header; blank ones too many are no matter."""
        cells, width = record.cells, len(self.header)
        if len(cells) > width and not any(cells[width:]):
            cells = cells[:width]
        if len(cells) < width and not record.closed:
            raise _breaks_off(record.number)
        return cells if len(cells) == width else None

    def _ragged(self, record: Record) -> RowIssue:
        text = _("The record has %(cells)d cells, but the header has %(columns)d columns.")
        return RowIssue(
            record=record.number,
            line=record.line,
            severity=Severity.ERROR,
            code="ragged_row",
            message=text % {"cells": len(record.cells), "columns": len(self.header)},
        )


def _first_of_each(names: list[str | None]) -> list[str | None]:
    """Of two columns with the same name the first counts."""
    return [name if name not in names[:i] else None for i, name in enumerate(names)]


def _mend(row: Row, limits: Limits) -> Iterator[RowIssue]:
    """Empty the cells that are over the cap, take out zero bytes, and say so."""
    for name, cell in list(row.cells.items()):
        if len(cell) > limits.cell_chars:
            row.cells[name] = ""
            text = _("The cell is longer than %(count)d characters and was left out.")
            text %= {"count": limits.cell_chars}
            yield row.issue(Severity.WARNING, "cell_too_long", text, name)
        elif "\x00" in cell:
            row.cells[name] = cell.replace("\x00", "")
            text = _("The cell holds zero bytes, which were left out.")
            yield row.issue(Severity.WARNING, "zero_bytes", text, name)
        elif "\ufffd" in cell:
            text = _("The cell holds letters that can't be read.")
            yield row.issue(Severity.WARNING, "unreadable_letters", text, name)


def _records(file: TextIO, delimiter: str, limits: Limits) -> Iterator[Record]:
    """Parse `file`, and notice when it stops inside a quoted cell."""
    feed = _Lines(file, limits)
    reader = csv.reader(feed, delimiter=delimiter)
    for number in range(1, limits.records + 2):
        line = feed.count + 1
        feed.start_record(number)
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableFile(
                _("Record %(number)d can't be read as a row of a table.") % {"number": number}
            ) from error
        if feed.ended:
            raise _breaks_off(number)
        yield Record(number, line, cells, closed=feed.closed)
    raise FileTooLarge(
        _("The file has more than %(count)d records. Split it, and import the parts.")
        % {"count": limits.records}
    )


def _breaks_off(number: int) -> TruncatedFile:
    text = _(
        "The file ends in the middle of record %(number)d: a part of it is missing, or a "
        "quotation mark was never closed. Nothing was imported."
    )
    return TruncatedFile(text % {"number": number}, record=number)


class _Lines:
    """The file's lines for the csv module, with an eye on how much one record takes."""

    def __init__(self, file: TextIO, limits: Limits) -> None:
        self.file = file
        self.limits = limits
        self.count = 0
        self.ended = False
        self.closed = True
        self._number = 1
        self._left = limits.record_chars

    def start_record(self, number: int) -> None:
        self._number, self._left = number, self.limits.record_chars

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.file.readline(self._left + 1)
        if not line:
            self.ended = True
            raise StopIteration
        self._left -= len(line)
        if self._left < 0:
            raise FileTooLarge(self._too_long())
        self.closed = line[-1] in "\r\n"
        self.count += 1
        return line

    def _too_long(self) -> str:
        text = _(
            "Record %(number)d is longer than %(count)d characters. Probably a quotation mark in "
            "it was never closed."
        )
        return text % {"number": self._number, "count": self.limits.record_chars}
