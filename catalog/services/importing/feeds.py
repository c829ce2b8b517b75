"""An XML product feed as a stream of rows: one per item, a few kilobytes in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler

from defusedxml import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser
from django.utils.translation import gettext as _

from catalog.services.importing.encodings import require_text
from catalog.services.importing.errors import FileTooLarge, TruncatedFile, UnreadableFile
from catalog.services.importing.limits import LIMITS, Limits
from catalog.services.importing.rows import Row

CHUNK = 64 * 1024
ITEMS = ("item", "entry")
# Several values of one column are joined by what no value can hold.
JOIN = "\n"
# What expat says when a text stops too early.
_STOPPED = ("no element found", "unclosed token", "partial character", "unclosed CDATA section")


class Feed:
    """An RSS or Atom file that can be read any number of times. Item 1 is record 2."""

    header_record = 1

    def __init__(self, path: Path, limits: Limits = LIMITS) -> None:
        require_text(path, limits)
        self.path = path
        self.limits = limits

    def rows(self, name_of: Callable[[str], str | None]) -> Iterator[Row]:
        items = _Items(self.limits)
        parser = DefusedExpatParser(forbid_dtd=True)
        parser.setContentHandler(items)
        items.setDocumentLocator(parser)
        try:
            with self.path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    parser.feed(chunk)
                    yield from items.take(name_of)
                parser.close()
            yield from items.take(name_of)
        except DefusedXmlException as error:
            raise UnreadableFile(
                _("The file declares its own XML entities, which a product feed has no need of.")
            ) from error
        except SAXParseException as error:
            raise self._unreadable(error, items) from error
        except (LookupError, ValueError) as error:
            raise UnreadableFile(_("The XML names a character set that isn't known.")) from error

    def _unreadable(
        self, error: SAXParseException, items: _Items
    ) -> UnreadableFile | TruncatedFile:
        if items.open and error.getMessage() in _STOPPED:
            text = _(
                "The file ends in the middle of record %(number)d: a part of it is missing. "
                "Nothing was imported."
            )
            return TruncatedFile(text % {"number": items.number + 1}, record=items.number + 1)
        text = _("The XML is not well-formed, in line %(line)d.")
        return UnreadableFile(text % {"line": error.getLineNumber()})


class _Items(ContentHandler):
    """Collects the children of each item. Told of every tag by the parser."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self.limits = limits
        self.number = 1
        self.open: list[str] = []
        self._cells: dict[str, list[str]] | None = None
        self._text: list[str] = []
        self._room = 0
        self._line = 1
        self._done: list[tuple[int, int, dict[str, list[str]]]] = []

    def startElement(self, tag: str, attributes: Mapping[str, str]) -> None:  # noqa: N802
        name = _local(tag)
        self.open.append(name)
        if len(self.open) > self.limits.xml_depth:
            raise FileTooLarge(_("The XML is nested too deeply for a product feed."))
        if self._cells is None and name in ITEMS:
            self._cells, self._room = {}, self.limits.record_chars
            self._line = self._locator.getLineNumber()
        if self._cells is not None and "href" in attributes and name == "link":
            self._cells.setdefault(name, []).append(attributes["href"])
        self._text = []

    def endElement(self, tag: str) -> None:  # noqa: N802
        name = self.open.pop()
        text, self._text = "".join(self._text), []
        if self._cells is None:
            return
        if name in ITEMS and not any(parent in ITEMS for parent in self.open):
            self._finish()
        elif text.strip() and self.open[-1] in ITEMS:
            self._cells.setdefault(name, []).append(text.strip())

    def characters(self, text: str) -> None:
        if self._cells is None:
            return
        self._room -= len(text)
        if self._room < 0:
            raise FileTooLarge(
                _("Record %(number)d is longer than %(count)d characters.")
                % {"number": self.number + 1, "count": self.limits.record_chars}
            )
        self._text.append(text)

    def _finish(self) -> None:
        self.number += 1
        if self.number > self.limits.records:
            raise FileTooLarge(
                _("The file has more than %(count)d records. Split it, and import the parts.")
                % {"count": self.limits.records}
            )
        self._done.append((self.number, self._line, self._cells or {}))
        self._cells = None

    def take(self, name_of: Callable[[str], str | None]) -> Iterator[Row]:
        """The items finished since the last call."""
        done, self._done = self._done, []
        for number, line, found in done:
            cells: dict[str, str] = {}
            for tag, values in found.items():
                if (name := name_of(tag)) and name not in cells:
                    kept = (v[: self.limits.cell_chars].replace(JOIN, " ") for v in values)
                    cells[name] = JOIN.join(kept) if len(values) > 1 else values[0]
            yield Row(number, line, cells)


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]
