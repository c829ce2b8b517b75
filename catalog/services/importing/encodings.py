"""Which letters a file is written in, and whether it is a text at all."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from catalog.services.importing.errors import FileTooLarge, TruncatedFile, UnreadableFile
from catalog.services.importing.limits import LIMITS, Limits

CHUNK = 1 << 20
SAMPLE = 64 * 1024

MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0", "xls"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "gzip"),
    (b"\xfd7zXZ", "gzip"),
    (b"7z\xbc\xaf", "gzip"),
    (b"Rar!", "gzip"),
    (b"%PDF", "pdf"),
    (b"\xff\xd8\xff", "picture"),
    (b"\x89PNG", "picture"),
    (b"GIF8", "picture"),
    (b"RIFF", "picture"),
    (b"SQLite format 3", "database"),
    (b"PAR1", "database"),
    (b"\x7fELF", "program"),
    (b"MZ", "program"),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """The codec to open the file with. `damaged`: a few bytes don't fit it and are replaced."""

    codec: str
    damaged: bool = False


def require_text(path: Path, limits: Limits = LIMITS) -> None:
    """Refuse what is too big, empty, or plainly something else than a text."""
    size = path.stat().st_size
    if size > limits.file_bytes:
        raise FileTooLarge(
            _("The file is larger than %(megabytes)d MB. Split it, and import the parts.")
            % {"megabytes": limits.file_bytes // 2**20}
        )
    with path.open("rb") as file:
        start = file.read(64)
    if not start.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x00"):
        raise UnreadableFile(_("The file is empty."))
    for magic, kind in MAGIC:
        if start.startswith(magic) and not _is_word(start, magic):
            raise UnreadableFile(_kinds()[kind])


def _is_word(start: bytes, magic: bytes) -> bool:
    """'MZ' and 'RIFF' may begin an honest header; then the next bytes are letters as well."""
    return magic.isalnum() and start[len(magic) : len(magic) + 12].decode("latin-1").isprintable()


def _kinds() -> dict[str, str]:
    return {
        "zip": _(
            "This is a zip archive or a workbook (Excel, OpenDocument), not a text file. In the "
            "spreadsheet, save the sheet as CSV (UTF-8); unpack an archive first."
        ),
        "xls": _("This is an Excel workbook. Save the sheet as CSV (UTF-8) and import that."),
        "gzip": _("This is a compressed file. Unpack it and import what is inside."),
        "pdf": _("This is a PDF document, not a table. Export the catalogue as CSV."),
        "picture": _("This is a picture or a film, not a table of products."),
        "database": _("This is a database file. Export the catalogue as CSV."),
        "program": _("This is a program, not a table of products."),
    }


def detect_encoding(path: Path) -> Encoding:
    """A byte order mark decides; else UTF-8 if it fits (bar a few bytes), else Windows-1252."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
    if sample.startswith(codecs.BOM_UTF8):
        return Encoding("utf-8-sig", damaged=_count(path).invalid > 0)
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _utf_16(path, "utf-16")
    if guess := _utf_16_without_mark(sample):
        return _utf_16(path, guess)
    counted = _count(path)
    if not counted.invalid:
        return Encoding("utf-8")
    if counted.open_end and counted.invalid == 1 and counted.valid:
        raise TruncatedFile(_("The file ends in the middle of a letter: a part of it is missing."))
    if counted.valid > counted.invalid:
        return Encoding("utf-8", damaged=True)
    return Encoding("cp1252")


def _utf_16(path: Path, codec: str) -> Encoding:
    if path.stat().st_size % 2:
        raise TruncatedFile(_("The file ends in the middle of a letter: a part of it is missing."))
    return Encoding(codec)


def _utf_16_without_mark(sample: bytes) -> str | None:
    """Western text in UTF-16 has a zero in every other byte."""
    half = len(sample) // 2
    if half < 8:
        return None
    even, odd = sample[0 : half * 2 : 2].count(0), sample[1 : half * 2 : 2].count(0)
    if odd > half * 0.6 and even < half * 0.1:
        return "utf-16-le"
    return "utf-16-be" if even > half * 0.6 and odd < half * 0.1 else None


@dataclass(slots=True)
class _Letters:
    valid: int = 0  # letters outside ASCII
    invalid: int = 0  # bytes that fit no letter
    open_end: bool = False


def _count(path: Path) -> _Letters:
    counted = _Letters()
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            _tally(counted, decoder.decode(chunk), chunk.count(b"\xef\xbf\xbd"))
    rest = decoder.decode(b"", final=True)
    counted.open_end = bool(rest)
    counted.invalid += len(rest)
    counted.invalid = max(counted.invalid, 0)
    return counted


def _tally(counted: _Letters, text: str, written: int) -> None:
    """Replacement characters that the file itself contains (`written`) are no damage."""
    replaced = text.count("\ufffd")
    counted.invalid += replaced - written
    counted.valid += len(text) - len(text.encode("ascii", "ignore")) - replaced + written
