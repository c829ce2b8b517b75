"""Prices as people write them, read into exact decimals and then whole minor units.

A text is read in three steps: find the number that is a price, decide what its points and commas
mean, find the currency it is written with. Where a text names several prices the first one counts.
Amounts are never floats and never cut: `to_minor` rounds half up and says whether it had to.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from babel.numbers import get_currency_precision

from marketflow.core.currency_symbols import codes_beside, codes_of, symbol_beside, symbol_in

# What nearly every price in a file looks like, and what leaves nothing to decide.
_FIGURE = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,2})?")
LONGEST_TEXT = 500  # A longer text isn't a price; reading it would only cost time.
MOST_DIGITS = 30


@dataclass(frozen=True, slots=True)
class ParsedPrice:
    """An amount, the sign it was written with, and the currencies that sign can mean."""

    amount: Decimal
    symbol: str = ""
    currencies: tuple[str, ...] = ()

    @property
    def currency(self) -> str | None:
        """The ISO code, where the text leaves no doubt."""
        return self.currencies[0] if len(self.currencies) == 1 else None

    def may_be(self, currency: str) -> bool:
        """Whether this can be an amount of `currency`: no sign at all fits every currency."""
        return not self.symbol or currency in self.currencies


def parse_price(
    text: str, currency_hint: str | None = None, *, alone: bool = False
) -> ParsedPrice | None:
    """The price in `text`, or None if it holds none.

    `currency_hint` is a text from nearby (a label, another price, an ISO code); its currency is
    used only where `text` has none of its own. `alone` refuses a text with a second number, for
    cells that must hold one price and not a sentence.
    """
    if len(text) > LONGEST_TEXT:
        return None
    if _FIGURE.fullmatch(text):
        return _with_hint(Decimal(text), currency_hint or "")
    text = _plain(text)
    if alone and len(_NUMBER.findall(text)) > 1:
        return None
    found = _find_number(text)
    if found is None:
        return ParsedPrice(Decimal(0)) if _FREE.search(text) else None
    match, symbol = found
    symbol = symbol or symbol_in(_plain(currency_hint or "")[:LONGEST_TEXT])
    codes = codes_of(symbol)
    nearby = codes_beside(text, match)
    amount = _amount(match["number"], precision=_precision(codes))
    if amount is None:
        return None
    negative = text[: match.start()].replace(symbol, "").strip() in _MINUS
    narrowed = tuple(code for code in codes if code in nearby) or codes
    return ParsedPrice(-amount if negative else amount, symbol, narrowed)


def _with_hint(amount: Decimal, hint: str) -> ParsedPrice:
    symbol = symbol_in(_plain(hint)[:LONGEST_TEXT])
    return ParsedPrice(amount, symbol, codes_of(symbol))


def to_minor(amount: Decimal, currency: str) -> tuple[int, bool]:
    """Whole minor units of `currency`, rounded half up, and whether that changed the amount."""
    scaled = amount.scaleb(minor_digits(currency))
    whole = scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return int(whole), whole != scaled


def from_minor(amount: int, currency: str) -> Decimal:
    """The decimal that people read: 1999 EUR cents are 19.99."""
    return Decimal(amount).scaleb(-minor_digits(currency))


@cache
def minor_digits(currency: str) -> int:
    """How many decimals a currency has (ISO 4217): 2 for EUR, 0 for JPY, 3 for KWD."""
    return get_currency_precision(currency)


# --- Finding the number ---------------------------------------------------------------------

_NUMBER = re.compile(
    r"""
    (?P<number>
      (?: \d{1,3}(?:[ ']\d{3})+(?!\d)      # 3 250 000 or 1'049: groups of exactly three
        | \d+ (?: [.]\ \d{2}(?!\d))        # 12. 50
        | \d+
        | [.]\d+ )
      (?: [.,]\d+ )*
    )
    """,
    re.VERBOSE,
)
_FREE = re.compile(r"\bfree\b(?!\s+\w)", re.IGNORECASE)
_MINUS = ("-", "−")
_AFTER_IS_NOT_A_PRICE = re.compile(r"\s*%|\+|[eE][+-]?\d|[-/]\d|[.,]{2,}\d")
_IN_A_NUMBER = re.compile(r"\d(?:[-/]|[.,]+|[eE][+-]?)$")
_UNIT = re.compile(r"\s*(?:ft|in|cm|mm|m|km|kg|g|mg|lbs?|oz|ml|l|pcs|x|stk|w|v)\b")
_MONTH = re.compile(
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?,? *$", re.IGNORECASE
)
_EURO_CENTS = re.compile(r"(?P<number>\d[\d ]*€ ?\d{2})(?!\d)")
_TO = re.compile(r" (?:to|bis|à|tot|al) (?P<number>\d[\d.,]*)")
_LABELLED_LAST = re.compile(r"\bnow\b\W*$", re.IGNORECASE)


def _find_number(text: str) -> tuple[re.Match[str], str] | None:
    """The first number that stands beside a currency, else the first that may be a price."""
    if text.count("€") == 1 and (cents := _EURO_CENTS.search(text)):
        return cents, "€"
    priced, bare = [], []
    for match in _NUMBER.finditer(text):
        if not _may_be_a_price(text, match):
            continue
        symbol = symbol_beside(text, match) or _symbol_of_range(text, match)
        if symbol:
            priced.append((match, symbol))
        elif _stands_alone(text, match):
            bare.append((match, ""))
    reduced = [one for one in priced[1:] if _LABELLED_LAST.search(_before_symbol(text, one))]
    return next(iter(reduced or priced or bare), None)


def _symbol_of_range(text: str, match: re.Match[str]) -> str:
    """In 'From 5 to 9 €' the sign belongs to both."""
    upper = _TO.match(text, match.end())
    return symbol_beside(text, upper) if upper else ""


def _may_be_a_price(text: str, match: re.Match[str]) -> bool:
    after = text[match.end() :]
    if _AFTER_IS_NOT_A_PRICE.match(after):
        return False
    return len(match["number"]) <= MOST_DIGITS


def _stands_alone(text: str, match: re.Match[str]) -> bool:
    """Without a currency, a number in a word, a measure or a date is no price."""
    before, after = text[: match.start()], text[match.end() :]
    if before[-1:].isalnum() or after[:1].isalpha() or _IN_A_NUMBER.search(before):
        return False
    if before.count("(") > before.count(")"):
        return False
    return not (_UNIT.match(after) or _MONTH.search(before))


def _before_symbol(text: str, found: tuple[re.Match[str], str]) -> str:
    match, symbol = found
    return text[: match.start()].rstrip().removesuffix(symbol)


# --- What points and commas mean ------------------------------------------------------------


def _amount(number: str, *, precision: int | None) -> Decimal | None:
    """Read the separators: the last one is the decimal sign unless groups of three follow it."""
    digits = re.sub(r"[ ']", "", number)
    if "€" in digits:
        return Decimal(re.sub(r"[.,]", "", digits).replace("€", "."))
    if digits.startswith(".") and re.search(r"[.,]", digits[1:]):
        digits = digits[1:]
    marks = re.findall(r"[.,]", digits)
    if not marks:
        return Decimal(digits)
    *groups, tail = re.split(r"[.,]", digits)
    if len(set(marks)) == 2:
        return _both_marks(groups, tail, marks)
    if len(marks) > 1:
        return _one_mark_often(groups, tail)
    return _one_mark_once(groups[0], tail, marks[0], precision)


def _both_marks(groups: list[str], tail: str, marks: list[str]) -> Decimal | None:
    """1,234.56 and 1.234,56: the mark that comes last, and once, is the decimal sign."""
    if marks.count(marks[-1]) > 1 or len(set(marks[:-1])) > 1:
        return None
    return Decimal(f"{''.join(groups)}.{tail}")


def _one_mark_often(groups: list[str], tail: str) -> Decimal | None:
    """1.234.000 and, in India, 1,00,000 are whole; 1.234.00 has decimals; 01.02.2020 is a date."""
    middle = groups[1:]
    if len(tail) == 3 and all(len(group) in (2, 3) for group in middle):
        return Decimal("".join([*groups, tail]))
    if len(tail) in (1, 2) and all(len(group) == 3 for group in middle):
        return Decimal(f"{''.join(groups)}.{tail}")
    return None


def _one_mark_once(whole: str, tail: str, mark: str, precision: int | None) -> Decimal:
    """1,299 is a thousand and more; 1,29 and 0,299 and 1234,567 and 1.299 KWD are not."""
    is_group = len(tail) == 3 and 1 <= len(whole) <= 3 and whole.strip("0") != ""
    if is_group and not (precision == 3 and mark == "."):
        return Decimal(whole + tail)
    return Decimal(f"{whole or 0}.{tail}")


def _precision(codes: tuple[str, ...]) -> int | None:
    return minor_digits(codes[0]) if len(codes) == 1 else None


# --- Spelling -------------------------------------------------------------------------------

_SAME = str.maketrans(
    {"’": "'", "´": "'", "`": "'", "٫": ".", "٬": ",", "．": ".", "，": ",", "‐": "-", "‑": "-"}
)


def _plain(text: str) -> str:
    """One kind of blank, one kind of digit, one kind of apostrophe."""
    text = re.sub(r"\s+", " ", text.translate(_SAME)).strip()
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
