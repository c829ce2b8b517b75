"""Cells of exported tables, safe to open in a spreadsheet."""

from __future__ import annotations

import re

RISKY = ("=", "+", "-", "@", "\t", "\r", "\0")
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")


def guarded(value: object) -> str:
    """`value` as text; what a spreadsheet would run as a formula gets an apostrophe before it."""
    text = "" if value is None else str(value)
    if text.startswith(RISKY) and not NUMBER.fullmatch(text):
        return f"'{text}"
    return text
