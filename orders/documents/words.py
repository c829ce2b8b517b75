"""Amounts, rates and days as documents write them, in the language of the document."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

from babel.dates import format_date
from babel.numbers import format_decimal
from django.utils.translation import get_language, to_locale

from marketflow.core.money import Money
from marketflow.core.templatetags.marketflow import money


def amount(minor: int, currency: str) -> str:
    return money(Money(minor, currency))


def rate(basis_points: int) -> str:
    share = Decimal(basis_points) / 100
    return format_decimal(share, locale=_locale()) + "\N{NO-BREAK SPACE}%"


def day(text: str) -> str:
    """`2026-11-05` as "5 November 2026"."""
    return format_date(date.fromisoformat(text), format="long", locale=_locale())


def month(text: str) -> str:
    """`2026-10` as "October 2026"."""
    return format_date(date.fromisoformat(f"{text}-01"), format="MMMM y", locale=_locale())


def safe(text: object) -> str:
    """Text of people: reportlab reads markup in paragraphs."""
    return escape(str(text))


def _locale() -> str:
    return to_locale(get_language() or "en-gb")
