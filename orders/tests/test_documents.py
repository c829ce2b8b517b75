from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

from django.conf import settings
from reportlab.pdfbase import pdfmetrics
from reportlab.platypus import KeepTogether, Paragraph, Table

from orders.documents import body, draw, fonts, head
from orders.documents.sheets import CountedCanvas
from orders.models import Invoice

SALE = {
    "number": "INV7-000012",
    "issued_on": "2026-11-25",
    "language": "en-gb",
    "currency": "EUR",
    "is_net": False,
    "issuer": {
        "name": "Zażółć Gęślą Jaźń sp. z o.o.",
        "trades_as": "Fern & Co <Garden>",
        "lines": ["ul. Łąkowa 5", "00-001 Łódź"],
        "vat_number": "PL5260001246",
        "email": "hello@fern.test",
    },
    "recipient": {
        "name": "Ελένη Παπαδοπούλου",
        "lines": ["Οδός Ερμού 12", "105 63 Αθήνα", "Greece"],
        "email": "eleni@example.test",
    },
    "references": {
        "order": "MF-AB12CD34-1",
        "ordered_on": "2026-11-24",
        "paid_on": "2026-11-24",
        "paid_by": "Card ending 4242",
    },
    "lines": [],
    "rates": [{"basis_points": 2300, "net_minor": 1626, "tax_minor": 374, "gross_minor": 2000}],
    "total_minor": 2000,
    "tax_minor": 374,
}


def line(title: str = "Чайник «Самовар»", **values) -> dict:
    return {
        "title": title,
        "detail": "Colour: green · OAK-1",
        "quantity": 2,
        "unit_minor": 1000,
        "discount_minor": 0,
        "basis_points": 2300,
        "amount_minor": 2000,
        "tax_minor": 374,
    } | values


def document(*lines: dict, kind: str = "sale", **content) -> Invoice:
    return Invoice(kind=kind, content=SALE | {"lines": list(lines)} | content)


def read(invoice: Invoice) -> str:
    """What is drawn of a document, piece by piece."""
    fonts.register()
    kind = Invoice.Kind(invoice.kind)
    pieces = [*head.pieces(invoice.content, kind), *body.pieces(invoice.content, kind)]
    return "\n".join(words_of(pieces))


def words_of(piece) -> Iterator[str]:
    if isinstance(piece, Paragraph):
        yield piece.getPlainText()
    elif isinstance(piece, list | tuple):
        for inner in piece:
            yield from words_of(inner)
    elif isinstance(piece, Table):
        yield from words_of(piece._cellvalues)
    elif isinstance(piece, KeepTogether):
        yield from words_of(piece._content)


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b(?!s)", pdf))


def test_one_line_fits_on_one_page_and_sixty_go_on():
    assert pages(draw([document(line())])) == 1
    assert pages(draw([document(*[line() for _ in range(60)])])) == 3


def test_each_document_begins_on_a_page_of_its_own_and_counts_its_own(monkeypatch):
    feet = []
    monkeypatch.setattr(
        CountedCanvas,
        "_draw_foot",
        lambda canvas, number, total: feet.append((canvas.document[-11:], number, total)),
    )
    other = document(*[line() for _ in range(60)], number="INV8-000001")

    pdf = draw([document(line()), other])

    assert pages(pdf) == 4
    assert feet == [
        ("INV7-000012", 1, 1),
        ("INV8-000001", 1, 3),
        ("INV8-000001", 2, 3),
        ("INV8-000001", 3, 3),
    ]


def test_names_are_written_in_the_letters_of_their_owners():
    words = read(document(line()))

    for name in ("Zażółć Gęślą Jaźń", "Łódź", "Ελένη Παπαδοπούλου", "Чайник «Самовар»"):
        assert name in words


def test_the_font_has_every_letter_of_the_languages_it_is_for():
    fonts.register()
    face = pdfmetrics.getFont(fonts.REGULAR).face
    bold = pdfmetrics.getFont(fonts.BOLD).face
    letters = "ĄĆĘŁŃÓŚŹŻąćęłńóśźż ΑΒΓάέήίόύώϊ ЖЩЫЭЮЯёіїєґў ÅÄÖØÆßñçðþ ŐŰőű ČŘŽěůď İığş ₤€£₴₽₺−–…«»"

    missing = {c for c in letters if ord(c) not in face.charToGlyph}

    assert not missing
    assert not {c for c in letters if ord(c) not in bold.charToGlyph}


def test_what_people_wrote_is_never_markup():
    sly = line("<b>Bowl</b> <font size=99>&", detail="</para> & <unknown>")

    words = read(document(sly))

    assert "<b>Bowl</b> <font size=99>&" in words
    assert "</para> & <unknown>" in words


def test_a_word_without_end_is_broken_and_a_discount_has_its_column():
    long = line("x" * 200, discount_minor=500, amount_minor=1500)

    words = read(document(long))

    assert pages(draw([document(long)])) == 1
    assert "Discount" in words
    assert "−€5.00" in words


def test_a_credit_note_says_what_it_credits_and_why():
    about = SALE["references"] | {
        "invoice": "INV7-000012",
        "invoice_on": "2026-11-25",
        "refunded_on": "2026-11-26",
        "reason": "Arrived broken",
    }
    note = document(
        line(amount_minor=-1000), kind="credit_note", references=about, total_minor=-1000
    )

    words = read(note)

    for said in ("Credit note", "INV7-000012", "26 November 2026", "Arrived broken", "−€10.00"):
        assert said in words


def test_commission_without_vat_says_who_owes_it():
    fee = {"title": "MF-AB12CD34-1", "detail": "", "on": "2026-10-05", "base_minor": 2000}
    fee |= {"basis_points": 0, "amount_minor": 200, "tax_minor": 0}
    about = {"references": {"period": "2026-10"}, "is_net": True, "is_reverse_charge": True}

    words = read(document(fee, kind="commission", **about))

    for said in ("Commission invoice", "October 2026", "Reverse charge", "2006/112/EC", "€2.00"):
        assert said in words


def test_the_same_content_gives_the_same_bytes_in_every_process():
    program = (
        "import hashlib, django; django.setup()\n"
        "from orders.documents import draw\n"
        "from orders.tests.test_documents import document, line\n"
        "print(hashlib.sha256(draw([document(line())])).hexdigest())"
    )

    def digest(seed: str) -> str:
        told = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=settings.BASE_DIR,
            capture_output=True,
            check=True,
            text=True,
        )
        return told.stdout

    assert digest("1") == digest("2")
    assert draw([document(line())]) == draw([document(line())])
