"""An XML product feed as a stream of rows: one per item, a few kilobytes in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser
from django.utils.translation import gettext as _

from catalog.services.importing.encodings import require_text
from catalog.services.importing.errors import FileTooLarge, TruncatedFile, UnreadableFile
from catalog.services.importing.limits import LIMITS, Limits
from catalog.services.importing.rows import Row

CHUNK = 64 * 1024
ITEMS = ("item", "entry")
# Several values of one column are joined by what no value can hold.
JOIN = "\n"


class Feed:
    """An RSS or Atom file that can be read any number of times. Item 1 is record 2."""

    header_record = 1

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        require_text(path, limits)
        self.path = path
        self.limits = limits

    def rows(self, name_of: Callable[[str], str | None]) -> Iterator[Row]:
        items = _Items(self.limits)
        parser = DefusedXMLParser(target=items, forbid_dtd=True)
        try:
            with self.path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    parser.feed(chunk)
                    yield from items.take(name_of, parser)
                parser.close()
            yield from items.take(name_of, parser)
        except DefusedXmlException as error:
            raise UnreadableFile(
                _("The file declares its own XML entities, which a product feed has no need of.")
            ) from error
        except ParseError as error:
            raise self._unreadable(error, items) from error
        except (LookupError, ValueError) as error:
            raise UnreadableFile(_("The XML names a character set that isn't known.")) from error

    def _unreadable(self, error: ParseError, items: _Items) -> UnreadableFile | TruncatedFile:
        if items.open and _at_end(error):
            text = _("The file ends in the middle of record %(number)d: a part of it is missing.")
            return TruncatedFile(text % {"number": items.number + 1}, record=items.number + 1)
        text = _("The XML is not well-formed, in line %(line)d.")
        return UnreadableFile(text % {"line": error.position[0]})


def _at_end(error: ParseError) -> bool:
    """Expat's "no element found" and "unclosed token": the text stopped too early."""
    return error.code in (3, 5)


class _Items:
    """Collects the children of each item. Told of every tag by the parser."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.number = 1
        self.open: list[str] = []
        self._cells: dict[str, list[str]] | None = None
        self._text: list[str] = []
        self._room = 0
        self._done: list[tuple[int, dict[str, list[str]]]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = _local(tag)
        self.open.append(name)
        if len(self.open) > self.limits.xml_depth:
            raise FileTooLarge(_("The XML is nested too deeply for a product feed."))
        if self._cells is None and name in ITEMS:
            self._cells, self._room = {}, self.limits.record_chars
        if self._cells is not None and "href" in attributes and name == "link":
            self._cells.setdefault(name, []).append(attributes["href"])
        self._text = []

    def end(self, tag: str) -> None:
        name = self.open.pop()
        text, self._text = "".join(self._text), []
        if self._cells is None:
            return
        if name in ITEMS and not any(parent in ITEMS for parent in self.open):
            self._finish()
        elif text.strip() and self.open[-1] in ITEMS:
            self._cells.setdefault(name, []).append(text.strip())

    def data(self, text: str) -> None:
        if self._cells is None:
            return
        self._room -= len(text)
        if self._room < 0:
            raise FileTooLarge(
                _("Record %(number)d is longer than %(count)d characters.")
                % {"number": self.number + 1, "count": self.limits.record_chars}
            )
        self._text.append(text)

    def close(self) -> None:
        """The parser asks for a result at the end; the items have been taken before."""

    def _finish(self) -> None:
        self.number += 1
        if self.number > self.limits.records:
            raise FileTooLarge(
                _("The file has more than %(count)d records. Split it, and import the parts.")
                % {"count": self.limits.records}
            )
        self._done.append((self.number, self._cells or {}))
        self._cells = None

    def take(self, name_of: Callable[[str], str | None], parser: object) -> Iterator[Row]:
        """The items finished since the last call."""
        line = parser.parser.CurrentLineNumber
        done, self._done = self._done, []
        for number, found in done:
            cells: dict[str, str] = {}
            for tag, values in found.items():
                if (name := name_of(tag)) and name not in cells:
                    kept = (v[: self.limits.cell_chars].replace(JOIN, " ") for v in values)
                    cells[name] = JOIN.join(kept) if len(values) > 1 else values[0]
            yield Row(number, line, cells)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
