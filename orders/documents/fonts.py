"""The face of documents: it has the letters of Europe, Greek and Cyrillic among them."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR, BOLD = "DejaVuSansCondensed", "DejaVuSansCondensed-Bold"
INK, SOFT, RULE = "#1b1a17", "#5f5b53", "#d8d4cb"


@cache
def register() -> None:
    """Make both weights known to reportlab, once a process."""
    for name in (REGULAR, BOLD):
        path = settings.BASE_DIR / "static" / "vendor" / "dejavu" / f"{name}.ttf"
        pdfmetrics.registerFont(TTFont(name, path))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR)


def style(
    size: float = 9, *, bold: bool = False, right: bool = False, colour: str = INK
) -> ParagraphStyle:
    return ParagraphStyle(
        name="",
        fontName=BOLD if bold else REGULAR,
        fontSize=size,
        leading=size * 1.36,
        textColor=colour,
        alignment=2 if right else 0,
        # A word longer than its cell is broken, never printed over its neighbour.
        splitLongWords=1,
    )
