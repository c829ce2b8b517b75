"""The body of a document: its lines, the VAT by rate, the total, and what is to be said of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Paragraph, Spacer, Table

from orders.documents import words
from orders.documents.fonts import INK, RULE, SOFT, style
from orders.documents.head import FLUSH
from orders.documents.sheets import WIDTH
from orders.models import Invoice

Kind = Invoice.Kind
FEES = {Kind.COMMISSION, Kind.COMMISSION_CREDIT}
GRID = [
    *FLUSH,
    ("LINEBELOW", (0, 0), (-1, 0), 0.9, INK),
    ("LINEBELOW", (0, 1), (-1, -1), 0.5, RULE),
    ("TOPPADDING", (0, 0), (-1, -1), 3),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
    ("LEFTPADDING", (1, 0), (-1, -1), 6),
]


def pieces(content: dict[str, Any], kind: Kind) -> Iterator[Flowable]:
    columns = _fees(content) if kind in FEES else _goods(content, kind)
    yield _table(columns, content["lines"])
    yield Spacer(0, 6 * mm)
    yield KeepTogether([_sums(content), Spacer(0, 6 * mm), *_notes(content, kind)])


# A column: its heading, its share of the width, and the words of a line in it.
Column = tuple[str, float, Any]


def _goods(content: dict[str, Any], kind: Kind) -> list[Column]:
    currency = content["currency"]
    has_discount = any(line.get("discount_minor") for line in content["lines"])
    columns = [
        (_("Item"), 0.46, None),
        (_("Units"), 0.08, lambda line: str(line["quantity"]) if line["quantity"] else "–"),
    ]
    if kind == Kind.SALE:
        columns.append((_("Price"), 0.14, lambda line: words.amount(line["unit_minor"], currency)))
    if has_discount:
        columns.append((_("Discount"), 0.13, lambda line: _discount(line, currency)))
    return columns + _last(content)


def _fees(content: dict[str, Any]) -> list[Column]:
    currency = content["currency"]
    columns = [(_("Order"), 0.3, None), (_("Day"), 0.2, lambda line: words.day(line["on"]))]
    if any(line["base_minor"] for line in content["lines"]):
        columns.append(
            (_("Sold for"), 0.16, lambda line: words.amount(line["base_minor"], currency))
        )
    return columns + _last(content)


def _last(content: dict[str, Any]) -> list[Column]:
    currency = content["currency"]
    heading = _("Net") if content["is_net"] else _("Amount")
    return [
        (_("VAT"), 0.09, lambda line: words.rate(line["basis_points"])),
        (heading, 0.15, lambda line: words.amount(line["amount_minor"], currency)),
    ]


def _discount(line: dict[str, Any], currency: str) -> str:
    given = line.get("discount_minor", 0)
    return words.amount(-given, currency) if given else ""


def _table(columns: list[Column], lines: list[dict[str, Any]]) -> Table:
    def cell(text: str, **look: Any) -> Paragraph:
        return Paragraph(words.safe(text), style(8.5, right=True, **look))

    first, *others = columns
    heading = [Paragraph(words.safe(first[0]), style(8, bold=True))]
    heading += [
        Paragraph(words.safe(title), style(8, bold=True, right=True)) for title, *_rest in others
    ]
    rows = [
        [_what(line), *(cell(describe(line)) for _title, _share, describe in others)]
        for line in lines
    ]
    # The first column takes what the others leave.
    widths = [WIDTH * share for _title, share, _describe in others]
    return Table(
        [heading, *rows],
        colWidths=[WIDTH - sum(widths), *widths],
        style=GRID,
        repeatRows=1,
    )


def _what(line: dict[str, Any]) -> list[Flowable]:
    title = line["title"]
    if line.get("is_delivery"):
        title = _("Delivery: %(way)s") % {"way": title} if title else _("Delivery")
    cells = [Paragraph(words.safe(title), style(8.5))]
    if line["detail"]:
        cells.append(Paragraph(words.safe(line["detail"]), style(7.5, colour=SOFT)))
    return cells


def _sums(content: dict[str, Any]) -> Table:
    """VAT by rate on the left, the total on the right."""
    currency = content["currency"]
    rows = [[_("VAT rate"), _("Net"), _("VAT"), _("Gross")]]
    rows += [
        [
            words.rate(rate["basis_points"]),
            *(words.amount(rate[f"{name}_minor"], currency) for name in ("net", "tax", "gross")),
        ]
        for rate in content["rates"]
    ]
    cells = [
        [
            Paragraph(words.safe(text), style(8, bold=row == 0, right=column > 0, colour=SOFT))
            for column, text in enumerate(texts)
        ]
        for row, texts in enumerate(rows)
    ]
    rates = Table(cells, colWidths=[WIDTH * share for share in (0.1, 0.14, 0.14, 0.14)])
    rates.setStyle([*GRID, ("TOPPADDING", (0, 0), (-1, -1), 2)])
    return Table(
        [[rates, _total(content)]],
        colWidths=[WIDTH * 0.6, WIDTH * 0.4],
        style=FLUSH,
    )


def _total(content: dict[str, Any]) -> Table:
    currency = content["currency"]
    net = sum(rate["net_minor"] for rate in content["rates"])
    small = [(_("Net"), net), (_("VAT"), content["tax_minor"])]
    rows = [
        [
            Paragraph(words.safe(name), style(8.5)),
            Paragraph(words.safe(words.amount(minor, currency)), style(8.5, right=True)),
        ]
        for name, minor in small
    ]
    total = words.amount(content["total_minor"], currency)
    rows.append(
        [
            Paragraph(words.safe(_("Total")), style(11, bold=True)),
            Paragraph(words.safe(total), style(11, bold=True, right=True)),
        ]
    )
    rules = [
        ("LINEABOVE", (0, -1), (-1, -1), 0.9, INK),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ("TOPPADDING", (0, -1), (-1, -1), 5),
    ]
    return Table(rows, colWidths=[WIDTH * 0.16, WIDTH * 0.24], style=[*FLUSH, *rules])


def _notes(content: dict[str, Any], kind: Kind) -> list[Flowable]:
    return [Paragraph(words.safe(note), style(8.5)) for note in _sentences(content, kind)]


def _sentences(content: dict[str, Any], kind: Kind) -> Iterator[str]:
    about = content["references"]
    if kind == Kind.SALE and about["paid_on"]:
        facts = {"day": words.day(about["paid_on"]), "method": about["paid_by"]}
        if about["paid_by"]:
            yield _("Paid on %(day)s: %(method)s. Nothing is left to pay.") % facts
        else:
            yield _("Paid on %(day)s. Nothing is left to pay.") % facts
        yield _("Prices include VAT.")
    if kind == Kind.CREDIT_NOTE:
        yield _("Refunded on %(day)s, the way it was paid.") % {
            "day": words.day(about["refunded_on"])
        }
        if about["reason"]:
            yield _("Reason: %(reason)s") % {"reason": about["reason"]}
    if kind == Kind.COMMISSION:
        yield _("Kept back from what the orders brought in: nothing is left to pay.")
    if kind == Kind.COMMISSION_CREDIT:
        yield _("Taken back with refunds to buyers, and credited to your balance then.")
    if content.get("is_reverse_charge"):
        yield _(
            "Reverse charge: the VAT is owed by the recipient "
            "(articles 44 and 196 of Directive 2006/112/EC)."
        )
