"""What a browser may tell of a page: read strictly, and cleared of what could name somebody.

Whatever does not fit is nothing: who sends it learns neither that nor why.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from analytics import pages
from analytics.models import PageVital, ScriptError

MOST_BYTES = 4096
MOST_ERRORS = 5
MOST_LINES = 100_000
MOST_CHARACTERS = 200
# An hour in milliseconds: a page may have been left open, but not for ever.
LONGEST = 3_600_000
MEMBERS = {"page", "device", "errors", *PageVital.Metric.values}
# Of a file of ours, below /static/; the hash in its name changes with every release.
MODULE = re.compile(r"(?!.*\.\.)[\w./-]{1,96}\.js", re.ASCII)
HASH = re.compile(r"\.[0-9a-f]{12}(?=\.js$)")
# Addresses, mail addresses, what JSON.parse quotes of its text, tokens, and numbers of anything.
PRIVATE = re.compile(r"\S*[/@]\S*|\"[^\"]*\"?|[\w-]{24,}|\d{3,}")


@dataclass(frozen=True)
class Failure:
    """An error of a script, by the file below /static/ and the line."""

    message: str
    module: str
    line: int


@dataclass(frozen=True)
class Told:
    """Of one visit to one page. `vitals`: milliseconds, and thousandths of layout shifts."""

    page: str
    device: str
    vitals: dict[str, int]
    failures: list[Failure]


def read(body: bytes) -> Told | None:
    """What `body` tells; None unless every bit of it is as our own script writes it."""
    try:
        return _told(json.loads(body))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _told(sent: Any) -> Told:
    if not isinstance(sent, dict) or sent.keys() - MEMBERS:
        raise ValueError
    page, device, errors = sent["page"], sent["device"], sent["errors"]
    if page not in pages.names() or device not in PageVital.Device.values:
        raise ValueError
    if not isinstance(errors, list) or len(errors) > MOST_ERRORS:
        raise ValueError
    vitals = {name: _vital(name, sent[name]) for name in PageVital.Metric.values if name in sent}
    return Told(page, device, vitals, [_failure(**error) for error in errors])


def _vital(name: str, value: Any) -> int:
    # A truth is an int to Python; not a number is within no bounds.
    if isinstance(value, bool) or not 0 <= value <= LONGEST:
        raise ValueError
    return round(value * 1000) if name == PageVital.Metric.CLS else round(value)


def _failure(message: str, module: str, line: int) -> Failure:
    if isinstance(line, bool) or not isinstance(line, int) or not 0 <= line <= MOST_LINES:
        raise ValueError
    if not MODULE.fullmatch(module) or not isinstance(message, str):
        raise ValueError
    if len(message) > MOST_CHARACTERS:
        raise ValueError
    return Failure(_cleared(message), HASH.sub("", module), line)


def _cleared(message: str) -> str:
    most = ScriptError._meta.get_field("message").max_length
    printable = "".join(sign if sign.isprintable() else " " for sign in message)
    return PRIVATE.sub("…", printable)[:most].strip()
