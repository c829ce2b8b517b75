"""Titles of columns, compared without case, accents, blanks and signs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from catalog.services.importing.texts import mend

_UNIT = re.compile(r"\(([^()]*)\)\s*$")


def header_word(title: str) -> str:
    """'Größe (cm)' is 'grossecm'."""
    plain = unicodedata.normalize("NFKD", mend(title).casefold())
    return "".join(letter for letter in plain if letter.isalnum())


def by_word(titles: Mapping[str, str]) -> dict[str, str]:
    """From {"name": "title | other title"} to {"title": "name", "othertitle": "name"}."""
    return {
        header_word(title): name
        for name, spellings in titles.items()
        for title in spellings.split("|")
    }


def unit_of(title: str) -> str:
    """'Weight (lbs)' is in 'lbs'."""
    found = _UNIT.search(title)
    return found[1].strip() if found else ""


def without_unit(title: str) -> str:
    return _UNIT.sub("", title).strip()
