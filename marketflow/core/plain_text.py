"""What people write to each other: text, never HTML, and nothing in it that can't be seen."""

from __future__ import annotations

import re
import unicodedata

# Marks that turn the direction of what follows, or can't be seen: names are spoofed with them.
# The joiner of emoji (U+200D) and the marks of Arabic and Hebrew writing (U+200E, U+200F) stay.
HIDDEN = re.compile("[\u200b\u2028-\u202e\u2060-\u2069\ufeff]")
# Control characters and halves of pairs.
UNSEEN = ("Cc", "Cs")
MANY_BREAKS = re.compile(r"\n{3,}")


def plain_text(text: str) -> str:
    """`text` without hidden marks and control characters, with plain line breaks, trimmed."""
    text = HIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = (char for char in text if char in "\n\t" or unicodedata.category(char) not in UNSEEN)
    return MANY_BREAKS.sub("\n\n", "".join(kept)).strip()


def one_line(text: str) -> str:
    """The same, on one line."""
    return " ".join(plain_text(text).split())
