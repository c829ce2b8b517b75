"""From the content of documents to the bytes of one PDF: the same content, the same bytes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.utils.translation import override
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, PageBreak, SimpleDocTemplate

from orders.documents import body, fonts, head
from orders.documents.sheets import MARGIN, Beginning, CountedCanvas
from orders.models import Invoice

PADDING = 6  # That reportlab gives its frames.


def draw(invoices: Iterable[Invoice]) -> bytes:
    """One PDF of `invoices`, each on pages of its own. Asks the database nothing."""
    invoices = list(invoices)
    fonts.register()
    paper = io.BytesIO()
    first = invoices[0].content
    with override(first.get("language", settings.LANGUAGE_CODE)):
        document = SimpleDocTemplate(
            paper,
            pagesize=A4,
            leftMargin=MARGIN - PADDING,
            rightMargin=MARGIN - PADDING,
            topMargin=16 * mm,
            bottomMargin=22 * mm,
            # No moment and no random id in the file.
            invariant=1,
            title=", ".join(invoice.content["number"] for invoice in invoices),
            author=first["issuer"]["name"],
            lang=first.get("language", settings.LANGUAGE_CODE),
        )
        flow = [piece for invoice in invoices for piece in _pieces(invoice)]
        # The last break would leave an empty sheet.
        document.build(flow[:-1], canvasmaker=CountedCanvas)
    return paper.getvalue()


def _pieces(invoice: Invoice) -> Iterator[Flowable]:
    content, kind = invoice.content, Invoice.Kind(invoice.kind)
    yield Beginning(f"{content['issuer']['name']} · {kind.label} {content['number']}")
    yield from head.pieces(content, kind)
    yield from body.pieces(content, kind)
    yield PageBreak()
