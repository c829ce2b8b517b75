"""Sheets of paper: each document begins on one of its own, and counts its pages by itself."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.utils.translation import gettext as _
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import ActionFlowable

from orders.documents import fonts

MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN


class Beginning(ActionFlowable):
    """From here on, pages belong to the document of this name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def apply(self, doc: Any) -> None:
        doc.canv.document = self.name


class CountedCanvas(Canvas):
    """Keeps the pages until the last is known: only then "page 1 of 3" can be said."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.document = ""
        self._kept: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802
        self._kept.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        totals = Counter(page["document"] for page in self._kept)
        reached: Counter[str] = Counter()
        for page in self._kept:
            self.__dict__.update(page)
            reached[self.document] += 1
            self._draw_foot(reached[self.document], totals[self.document])
            super().showPage()
        super().save()

    def _draw_foot(self, number: int, total: int) -> None:
        self.setStrokeColor(fonts.RULE)
        self.setLineWidth(0.6)
        self.line(MARGIN, 15 * mm, A4[0] - MARGIN, 15 * mm)
        self.setFont(fonts.REGULAR, 7.5)
        self.setFillColor(fonts.SOFT)
        self.drawString(MARGIN, 10.5 * mm, self.document)
        place = _("Page %(number)d of %(total)d") % {"number": number, "total": total}
        self.drawRightString(A4[0] - MARGIN, 10.5 * mm, place)
