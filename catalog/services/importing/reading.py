"""What a pass over a file carries along: the market's currency, today, and remarks so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from catalog.services.importing.drafts import RowIssue, Severity
from catalog.services.importing.rows import Row


class BadRow(Exception):
    """A row that can't become a variant. Caught by its format and turned into a RowIssue."""

    def __init__(self, code: str, message: str, column: str = "") -> None:
        self.code, self.message, self.column = code, message, column
        super().__init__(message)


@dataclass(slots=True)
class Notes:
    """The remarks about the rows of one product, in the order they were made."""

    issues: list[RowIssue] = field(default_factory=list)

    def warn(self, row: Row, code: str, message: str, column: str = "") -> None:
        self.issues.append(row.issue(Severity.WARNING, code, message, column))

    def error(self, row: Row, code: str, message: str, column: str = "") -> None:
        self.issues.append(row.issue(Severity.ERROR, code, message, column))

    def skip(self, row: Row, code: str, message: str, column: str = "") -> None:
        self.issues.append(row.issue(Severity.SKIPPED, code, message, column))

    def bad(self, row: Row, bad: BadRow) -> None:
        self.error(row, bad.code, bad.message, bad.column)


@dataclass(slots=True)
class Reading:
    """One pass. `columns` are the names of the columns the file has, as its format calls them."""

    currency: str
    now: datetime
    columns: frozenset[str]
    skus: set[str] = field(default_factory=set)

    def has(self, column: str) -> bool:
        return column in self.columns
