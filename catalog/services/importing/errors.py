"""Why a file is refused as a whole. A bad row is never one of these: it is a RowIssue."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from marketflow.core.errors import Refusal


class FileRefused(Refusal):
    """Base: nothing of the file has been imported, and nothing will be."""

    code = "file_refused"
    message = _("This file can't be imported.")


class UnreadableFile(FileRefused):
    """Not text, not a table, or not well-formed."""

    code = "unreadable_file"


class TruncatedFile(FileRefused):
    """The file breaks off: its last record, or its last quoted cell, has no end."""

    code = "truncated_file"


class FileTooLarge(FileRefused):
    """Over one of the caps on bytes, rows, columns or a single cell."""

    code = "file_too_large"


class UnknownFormat(FileRefused):
    """No format fits the header."""

    code = "unknown_format"


class ForeignFormat(FileRefused):
    """A known platform's file that the market doesn't read. `facts["platform"]` names it."""

    code = "foreign_format"
