"""The head of a document: what it is, from whom, to whom, and what about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, Spacer, Table

from orders.documents import words
from orders.documents.fonts import RULE, SOFT, style
from orders.documents.sheets import WIDTH
from orders.models import Invoice

FLUSH = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 0),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
]


def pieces(content: dict[str, Any], kind: Invoice.Kind) -> Iterator[Flowable]:
    issuer = content["issuer"]
    title = [
        Paragraph(words.safe(kind.label), style(19, bold=True, right=True)),
        Paragraph(words.safe(content["number"]), style(10, right=True, colour=SOFT)),
    ]
    name = Paragraph(words.safe(issuer.get("trades_as") or issuer["name"]), style(13, bold=True))
    yield Table([[name, title]], colWidths=[WIDTH * 0.5, WIDTH * 0.5], style=FLUSH)
    yield Spacer(0, 9 * mm)
    yield Table(
        [[_party(_("From"), issuer), _party(_("To"), content["recipient"]), _facts(content)]],
        colWidths=[WIDTH * 0.34, WIDTH * 0.32, WIDTH * 0.34],
        style=[*FLUSH, ("RIGHTPADDING", (0, 0), (1, 0), 4 * mm)],
    )
    yield Spacer(0, 9 * mm)


def _party(label: str, party: dict[str, Any]) -> list[Flowable]:
    rows = [
        Paragraph(words.safe(label), style(7.5, colour=SOFT)),
        Spacer(0, 1),
        Paragraph(words.safe(party["name"]), style(9, bold=True)),
    ]
    rows += [Paragraph(words.safe(line), style(9)) for line in party["lines"]]
    if number := party.get("vat_number"):
        text = _("VAT number %(number)s") % {"number": number}
        rows.append(Paragraph(words.safe(text), style(9)))
    if email := party.get("email"):
        rows.append(Paragraph(words.safe(email), style(9)))
    return rows


def _facts(content: dict[str, Any]) -> Table:
    about = content["references"]
    facts = [(_("Issued"), words.day(content["issued_on"]))]
    if period := about.get("period"):
        facts.append((_("Month"), words.month(period)))
    if order := about.get("order"):
        facts.append((_("Order"), order))
    if invoice := about.get("invoice"):
        facts.append((_("Credits invoice"), invoice))
        facts.append((_("Invoiced"), words.day(about["invoice_on"])))
    elif ordered := about.get("ordered_on"):
        facts.append((_("Ordered"), words.day(ordered)))
    if paid := about.get("paid_on"):
        # Buyers pay with the order: the day of supply that the invoice has to name.
        facts.append((_("Paid"), words.day(paid)))
    rows = [
        [
            Paragraph(words.safe(name), style(8.5, colour=SOFT)),
            Paragraph(words.safe(value), style(8.5, right=True)),
        ]
        for name, value in facts
    ]
    rules = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.5, RULE),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ]
    return Table(rows, colWidths=[WIDTH * 0.13, WIDTH * 0.21], style=[*FLUSH, *rules])
