"""Single texts: control characters, double encoding, escapes, lists in one cell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from django.utils.text import slugify

# C0 and C1 without TAB and LF, the byte order mark, and halves of surrogate pairs.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ud800-\udfff]")
_MOJIBAKE = re.compile("[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u2122]")
_LINE_ENDS = re.compile("\r\n?")
_GUARDED = re.compile("'+[=+\\-@\t\r\n\x00＝＋－＠]")
_DANGEROUS = re.compile("'*[=+\\-@\t\r\n\x00＝＋－＠]")
_PIECES = re.compile(r"\\[,\\]|,|[^,\\]+|\\")
COLON = "\\:"
_PAIR = re.compile(r"((?:[^\\:]|\\.|:(?! ))+): (.*)")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


def mend(text: str) -> str:
    """`text` without control characters, with one kind of line end."""
    return _CONTROLS.sub("", _LINE_ENDS.sub("\n", text)).strip()


def decode_twice(text: str) -> str:
    """'CafÃ©' was UTF-8 read as Windows-1252. Undone only if the whole text says so."""
    if not _MOJIBAKE.search(text):
        return text
    try:
        return b"".join(_as_byte(letter) for letter in text).decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text


def _as_byte(letter: str) -> bytes:
    try:
        return letter.encode("cp1252")
    except UnicodeEncodeError:
        return letter.encode("latin-1")


def one_line(text: str) -> str:
    if not text:  # Most cells of most files; the rest of the work costs a hundred times more.
        return ""
    return " ".join(mend(text).split())


def unescape_breaks(text: str) -> str:
    """Some exports write a line break as the two characters \\n."""
    return text.replace("\\r\\n", "\n").replace("\\n", "\n")


def split_list(text: str) -> tuple[str, ...]:
    """The distinct values of a cell, parted by commas; a backslash keeps the comma after it."""
    parts, value = [], ""
    for piece in _PIECES.findall(mend(text)):
        if piece == ",":
            parts.append(value)
            value = ""
        else:
            value += piece[1:] if piece in ("\\,", "\\\\") else piece
    values = (" ".join(part.split()) for part in [*parts, value])
    return tuple(dict.fromkeys(value for value in values if value))


def join_list(values: Iterable[str]) -> str:
    return ", ".join(value.replace("\\", "\\\\").replace(",", "\\,") for value in values)


def split_pairs(text: str) -> Iterator[tuple[str, str]]:
    """Lines of 'Material: Linen'; a backslash keeps a colon in a name."""
    for line in mend(text).split("\n"):
        if found := _PAIR.fullmatch(line):
            name, value = (re.sub(r"\\(.)", r"\1", part) for part in found.groups())
            yield one_line(name), one_line(value)


def join_pairs(pairs: Iterable[tuple[str, str]]) -> str:
    lines = []
    for name, value in pairs:
        name, value = name.replace("\\", "\\\\"), value.replace("\\", "\\\\")
        lines.append(f"{name.replace(':', COLON)}: {value}")
    return "\n".join(lines)


def split_path(text: str) -> tuple[str, ...]:
    """'A > B' as (A, B)."""
    return tuple(name for part in text.split(">") if (name := " ".join(part.split())))


def guard(cell: str) -> str:
    """An apostrophe before what a spreadsheet would execute; `unguard` takes it away again."""
    if _DANGEROUS.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def unguard(cell: str) -> str:
    return cell[1:] if _GUARDED.match(cell) else cell


def slug_of(text: str) -> str:
    """ASCII, at most 100 characters; empty where nothing of the text can be written so."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ø", "o"))
    return slugify(plain)[:100].strip("-")
