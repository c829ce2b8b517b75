"""What people write to each other: text, never HTML, and nothing in it that can't be seen."""

from __future__ import annotations

import re
import unicodedata

# Marks that turn the direction of what follows, or can't be seen: names are spoofed with them.
# The joiner of emoji (U+200D) and the marks of Arabic and Hebrew writing (U+200E, U+200F) stay.
HIDDEN = re.compile("[\u200b\u2028-\u202e\u2060-\u2069\ufeff]")
# Control characters and halves of pairs.
UNSEEN = ("Cc", "Cs")
# What shows nothing by itself, however much of it there is: white space, the blank of Braille, and
# what Unicode tells a font to ignore (Default_Ignorable_Code_Point). Emoji need some of it.
NOTHING_SEEN = re.compile(
    "[\\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]*"
)
MANY_BREAKS = re.compile(r"\n{3,}")


def plain_text(text: str) -> str:
    """`text` without hidden marks and control characters, with plain line breaks, trimmed.

    Blank where nothing of it can be seen.
    """
    text = HIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = (char for char in text if char in "\n\t" or unicodedata.category(char) not in UNSEEN)
    written = MANY_BREAKS.sub("\n\n", "".join(kept)).strip()
    return "" if NOTHING_SEEN.fullmatch(written) else written


def one_line(text: str) -> str:
    """The same, on one line."""
    return " ".join(plain_text(text).split())
