"""Text that people sent, made safe to keep and to show. It is never HTML."""

from __future__ import annotations

import re
import unicodedata

# Marks that turn the direction of what follows, or can't be seen: names are spoofed with them.
# The joiner of emoji (U+200D) and the marks of Arabic and Hebrew writing (U+200E, U+200F) stay.
HIDDEN = re.compile("[\u200b\u2028-\u202e\u2060-\u2069\ufeff]")


def clean(text: str) -> str:
    """`text` without control characters and hidden marks, with plain line breaks, trimmed."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    plain = HIDDEN.sub("", plain)
    kept = (c for c in plain if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    return "".join(kept).strip()
