"""What a pass over a file carries along: the market's currency, today, and remarks so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from catalog.services.importing.drafts import RowIssue, Severity
from catalog.services.importing.rows import Row


class BadRow(Exception):
    """A row that can't become a variant. Caught by its format and turned into RowIssues.

    `others` are further faults of the same row, see `all_of`.
    """

    def __init__(
        self, code: str, message: str, column: str = "", others: Sequence[BadRow] = ()
    ) -> None:
        self.code, self.message, self.column, self.others = code, message, column, others
        super().__init__(message)


def all_of(*readers: Callable[[], Any]) -> list[Any]:
    """What each of them reads. Each is asked, so that a seller mends a row once and not thrice.

    Raises BadRow with every fault there is.
    """
    values, faults = [], []
    for read in readers:
        try:
            values.append(read())
        except BadRow as bad:
            faults.append(bad)
    if faults:
        first, *others = faults
        raise BadRow(first.code, first.message, first.column, others)
    return values


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
        for fault in (bad, *bad.others):
            self.error(row, fault.code, fault.message, fault.column)


@dataclass(slots=True)
class Reading:
    """One pass. `columns` are the names of the columns the file has, as its format calls them."""

    currency: str
    now: datetime
    columns: frozenset[str]
    skus: set[str] = field(default_factory=set)

    def has(self, column: str) -> bool:
        return column in self.columns
