"""Cells into values: prices, quantities, weights, flags, addresses. What is wrong is said."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from django.utils.translation import gettext as _

from catalog.services.importing import limits
from catalog.services.importing.drafts import Condition, ImageDraft
from catalog.services.importing.reading import BadRow, Notes, Reading
from catalog.services.importing.rows import Row
from catalog.services.importing.texts import mend, one_line, split_path
from marketflow.core.prices import minor_digits, parse_price, to_minor

GRAMS = {
    "g": Decimal(1),
    "kg": Decimal(1000),
    "mg": Decimal("0.001"),
    "oz": Decimal("28.349523125"),
    "lb": Decimal("453.59237"),
}
_UNIT_NAMES = {
    "lbs": "lb", "lb": "lb", "pound": "lb", "pounds": "lb", "livres": "lb", "oz": "oz",
    "onces": "oz", "ounce": "oz", "ounces": "oz", "g": "g", "gr": "g", "gram": "g", "grams": "g",
    "kg": "kg", "kgs": "kg", "kilo": "kg", "mg": "mg",
}  # fmt: skip
_TRUE = frozenset({
    "1", "true", "yes", "y", "on", "t", "wahr", "vrai", "verdadero", "vero", "waar", "ja", "oui",
    "si", "sì", "sim", "x",
})  # fmt: skip
_FALSE = frozenset({
    "0", "-1", "false", "no", "n", "off", "f", "falsch", "faux", "falso", "onwaar", "nein", "non",
    "não", "nao", "nee",
})  # fmt: skip
_THOUSANDS = re.compile(r"\D*[1-9]\d{0,2}[.,]\d{3}\D*")
_ADDRESS = re.compile(r"https?://[^\s<>\"'`{}|\\^]+", re.IGNORECASE)
_URL_JOINTS = re.compile(r"(?:\s*,\s*|\s+)(?=https?://)", re.IGNORECASE)


def read_price(row: Row, column: str, reading: Reading, notes: Notes) -> int | None:
    """Minor units of the market's currency; None for a blank cell.

    More decimals than the currency has are rounded half up, with a warning. A currency named in
    the cell must be the market's. Raises BadRow.
    """
    text = one_line(row[column])
    if not text:
        return None
    parsed = parse_price(text, reading.currency, alone=True)
    if parsed is None:
        raise BadRow("bad_price", _("“%(text)s” is not a price.") % {"text": _short(text)}, column)
    if not parsed.may_be(reading.currency):
        message = _("The price “%(text)s” is not in %(currency)s, this market's currency.")
        message %= {"text": _short(text), "currency": reading.currency}
        raise BadRow("foreign_currency", message, column)
    if parsed.amount < 0:
        raise BadRow("negative_price", _("The price is below zero."), column)
    if minor_digits(reading.currency) != 3 and _THOUSANDS.fullmatch(text):
        message = _("“%(text)s” was read as %(amount)s, not as a figure with three decimals.")
        notes.warn(row, "thousands", message % {"text": text, "amount": parsed.amount}, column)
    return _in_minor(parsed.amount, row, column, reading, notes)


def _in_minor(amount: Decimal, row: Row, column: str, reading: Reading, notes: Notes) -> int:
    if amount.adjusted() > 15:
        raise BadRow("bad_price", _("The price is too high to be one."), column)
    minor, rounded = to_minor(amount, reading.currency)
    if minor > limits.MAX_PRICE_MINOR:
        raise BadRow("bad_price", _("The price is too high to be one."), column)
    if rounded:
        message = _("%(amount)s has more decimals than %(currency)s; it was rounded half up.")
        message %= {"amount": amount, "currency": reading.currency}
        notes.warn(row, "rounded_price", message, column)
    return minor


def require_currency(row: Row, reading: Reading) -> None:
    """Raises BadRow where the column of the currency names another than the market's."""
    currency = one_line(row["currency"]).upper()
    if currency and currency != reading.currency:
        message = _("The price is in %(theirs)s; this market's currency is %(ours)s.")
        message %= {"theirs": currency[:10], "ours": reading.currency}
        raise BadRow("foreign_currency", message, "currency")


def required_price(row: Row, column: str, reading: Reading, notes: Notes) -> int | None:
    """As `read_price`; None only where the file has no such column. Raises BadRow for a blank."""
    price = read_price(row, column, reading, notes)
    if price is None and reading.has(column):
        raise BadRow("no_price", _("There is no price."), column)
    return price


def former_price(
    row: Row, column: str, price: int | None, reading: Reading, notes: Notes
) -> int | None:
    """A compare-at price, kept where it is above the price; a bad one costs only itself."""
    try:
        former = read_price(row, column, reading, notes)
    except BadRow as bad:
        notes.warn(row, bad.code, bad.message, column)
        return None
    return former if former and price is not None and former > price else None


def read_quantity(row: Row, column: str, notes: Notes) -> int | None:
    """A count; blank is None. Below zero becomes zero, parts of a piece don't count."""
    text = one_line(row[column]).replace(" ", "").lstrip("'")
    if not text:
        return None
    number = _decimal(text)
    if number is None or abs(number) > limits.MAX_QUANTITY:
        message = _("“%(text)s” is not a quantity.") % {"text": _short(text)}
        raise BadRow("bad_quantity", message, column)
    if number < 0:
        message = _("The quantity %(number)s is below zero and was taken as 0.")
        notes.warn(row, "negative_quantity", message % {"number": text}, column)
        return 0
    if number != int(number):
        message = _("The quantity %(number)s was taken as %(whole)d.")
        message %= {"number": text, "whole": int(number)}
        notes.warn(row, "fraction_of_a_piece", message, column)
    return int(number)


def read_grams(row: Row, column: str, unit: str, notes: Notes) -> int | None:
    """A weight in whole grams, half up; blank and 0 are unknown. The cell may name a unit."""
    text = one_line(row[column]).lower()
    if not text:
        return None
    figure, own = re.fullmatch(r"(.*?)\s*([a-z]*)\.?", text).groups()
    number, unit = _decimal(figure), _UNIT_NAMES.get(own or unit.lower(), "")
    if number is None or not unit or number < 0 or number * GRAMS[unit] > limits.MAX_GRAMS:
        message = _("“%(text)s” is not a weight; it was left out.") % {"text": _short(text)}
        notes.warn(row, "bad_weight", message, column)
        return None
    return int((number * GRAMS[unit]).quantize(Decimal(1), rounding=ROUND_HALF_UP)) or None


def _decimal(text: str) -> Decimal | None:
    """A plain figure; a comma may stand for the point."""
    if not re.fullmatch(r"[+-]?(?:\d{1,15}(?:[.,]\d{0,15})?|[.,]\d{1,15})", text):
        return None
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None


def read_flag(row: Row, column: str, *, default: bool) -> bool:
    text = one_line(row[column]).casefold()
    if text in _TRUE:
        return True
    return False if text in _FALSE else default


def read_line(row: Row, column: str, longest: int, notes: Notes) -> str:
    """A text without line breaks, cut with a warning where it is longer than the market keeps."""
    return cut(one_line(row[column]), longest, row, column, notes)


def cut(text: str, longest: int, row: Row, column: str, notes: Notes) -> str:
    if len(text) <= longest:
        return text
    message = _("The text was cut to %(count)d characters.") % {"count": longest}
    notes.warn(row, "text_cut", message, column)
    return text[:longest].rstrip()


def read_sku(row: Row, column: str, notes: Notes) -> str:
    return read_line(row, column, limits.MAX_SKU, notes).removeprefix("'")


def read_barcode(row: Row, column: str, notes: Notes) -> str:
    """Spreadsheets keep leading zeros behind an apostrophe, and ruin long codes as 9.78E+12."""
    text = one_line(row[column]).removeprefix("'")
    if re.fullmatch(r"\d[.,]\d+[eE]\+?\d+", text):
        message = _("A spreadsheet has shortened the code %(text)s; it was left out.")
        notes.warn(row, "shortened_code", message % {"text": text}, column)
        return ""
    return cut(text, limits.MAX_BARCODE, row, column, notes)


def read_images(row: Row, column: str, notes: Notes, alt: str = "") -> list[ImageDraft]:
    """The addresses in a cell, however they are joined."""
    urls = _URL_JOINTS.split(mend(row[column]).strip(" ,"))
    images = [image for url in urls if (image := _image(row, column, url, alt, notes))]
    return list(dict.fromkeys(images))


def _image(row: Row, column: str, url: str, alt: str, notes: Notes) -> ImageDraft | None:
    url = url.strip(" ,\n\t")
    if not url:
        return None
    if not _ADDRESS.fullmatch(url) or len(url) > limits.MAX_URL:
        message = _("“%(text)s” is not the address of a picture on the web; it was left out.")
        notes.warn(row, "bad_image", message % {"text": _short(url)}, column)
        return None
    return ImageDraft(url, one_line(alt)[: limits.MAX_ALT])


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"


def read_condition(row: Row, column: str) -> Condition:
    text = one_line(row[column]).casefold()
    return Condition(text) if text in set(Condition) else Condition.NEW


def read_google_category(row: Row, column: str) -> tuple[int | None, tuple[str, ...]]:
    """An id of the taxonomy, or a path in it: never both."""
    text = one_line(row[column])
    if text.isdecimal() and len(text) < 10:
        return int(text), ()
    return None, split_path(text)
