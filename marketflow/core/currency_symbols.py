"""How the world writes its currencies: signs and short words, what they may mean, finding them."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from babel import Locale

# Found anywhere in a text. A word must not touch other letters; a sign may stand anywhere.
CLEAR = {
    "€": "EUR", "£": "GBP FKP GIP SHP", "￡": "GBP", "₤": "ITL TRY", "₺": "TRY", "₽": "RUB",
    "¥": "JPY CNY", "￥": "JPY CNY", "円": "JPY", "元": "CNY TWD HKD", "圆": "CNY",
    "圓": "TWD HKD",
    "人民币": "CNY", "₩": "KRW KPW", "원": "KRW", "₪": "ILS", "₫": "VND", "₴": "UAH", "₸": "KZT",
    "₹": "INR", "₨": "PKR INR LKR NPR MUR SCR", "฿": "THB", "₱": "PHP", "₦": "NGN", "₵": "GHS",
    "₡": "CRC", "₲": "PYG", "₭": "LAK", "₮": "MNT", "₼": "AZN", "₾": "GEL", "₿": "BTC", "Ƀ": "BTC",
    "៛": "KHR", "৳": "BDT", "₶": "", "؋": "AFN", "﷼": "SAR IRR YER OMR QAR", "¢": "",
    "$": "USD CAD AUD NZD SGD HKD TWD MXN CLP COP ARS UYU DOP BSD BBD BZD FJD GYD JMD LRD NAD SBD "
    "SRD TTD XCD BMD KYD BND CVE NIO ZWL BRL",
    "R$": "BRL", "RD$": "DOP", "NT$": "TWD", "HK$": "HKD", "S$": "SGD", "A$": "AUD", "AU$": "AUD",
    "C$": "CAD NIO", "CA$": "CAD", "CAN$": "CAD", "NZ$": "NZD", "US$": "USD", "U$S": "USD",
    "MX$": "MXN", "Mex$": "MXN", "N$": "NAD", "J$": "JMD", "Z$": "ZWL", "TT$": "TTD", "G$": "GYD",
    "GY$": "GYD", "$b": "BOB", "E£": "EGP", "LE": "EGP", "R₣": "RWF",
    "Kč": "CZK", "zł": "PLN", "Ft": "HUF", "lei": "RON MDL", "Rp": "IDR", "RM": "MYR",
    "Rs": "INR PKR LKR NPR MUR SCR", "Rs.": "INR PKR LKR NPR MUR SCR", "TL": "TRY", "KD": "KWD",
    "SFr": "CHF", "Fr.": "CHF", "kr": "SEK NOK DKK ISK", "kr.": "DKK ISK SEK NOK",
    "Kr": "SEK NOK DKK ISK", "Kr.": "DKK ISK SEK NOK", "лв": "BGN", "лв.": "BGN",
    "руб": "RUB BYN", "руб.": "RUB BYN", "р.": "RUB BYN", "Р": "RUB", "грн": "UAH",
    "грн.": "UAH", "тг": "KZT", "тенге": "KZT",
    "ден": "MKD", "дин": "RSD", "дин.": "RSD", "сом": "KGS", "บาท": "THB",
    "جنيه": "EGP SDG", "درهم": "AED MAD", "ريال": "SAR QAR OMR YER IRR",
    "دينار أردني": "JOD", "دينار كويتي": "KWD", "دينار": "KWD JOD IQD BHD TND DZD LYD",
    "ر.س": "SAR", "ر.ق": "QAR", "ر.ع": "OMR", "ر.ي": "YER", "ج.م": "EGP", "ج.س": "SDG",
    "ج.س.": "SDG", "د.إ": "AED", "د.أ": "JOD", "د.ا": "JOD", "د.ب": "BHD", ".د.ب": "BHD",
    "د.ت": "TND", "د.ج": "DZD", "دج": "DZD", "د.ك": "KWD", "د.م": "MAD", "د.ع": "IQD",
    "ل.د": "LYD", "د.ل": "LYD", "ع.د": "IQD", "ل.س": "SYP", "ل.ل": "LBP", "ش.ج": "ILS",
    "ش.ص": "SOS", "نافكا": "ERN", "ናቕፋ": "ERN", "ብር": "ETB", "ლარი": "GEL", "ரூ": "LKR",
    "රු": "LKR", "ש״ח": "ILS", 'ש"ח': "ILS", "ש'ח": "ILS", "VNĐ": "VND",
}  # fmt: skip

# Too short or too common to be looked for anywhere: they count only where a number and the
# sign are the whole text, as in "12 L".
FAINT = {
    "R": "ZAR", "L": "ALL HNL LSL MDL RON", "P": "BWP PHP", "E": "SZL", "D": "GMD", "Q": "GTQ",
    "q": "GTQ", "K": "PGK MMK ZMW", "G": "HTG PYG", "ლ": "GEL", "с": "KGS TJS", "км": "BAM",
    "ДЕН": "MKD", "Дин": "RSD", "د.": "MAD", "MT": "MZN", "Ar": "MGA", "NT": "TWD", "Nu": "BTN",
    "Re": "INR", "Sl": "SLL", "Vt": "VUV", "ID": "IQD", "Ks": "MMK", "Dh": "AED MAD",
    "Dhs": "AED MAD", "Esc": "CVE", "Fbu": "BIF", "FRw": "RWF", "RF": "RWF", "GFr": "GNF",
    "KSh": "KES", "KShs": "KES", "Rbl": "RUB", "S/": "PEN", "Sʻ": "UZS", "S'": "UZS",
    "so'm": "UZS", "som": "KGS UZS", "SPL": "", "BTC": "BTC", "din": "RSD", "hrn": "UAH",
    "kwz": "AOA", "lari": "GEL", "nis": "ILS", "pound": "GBP", "stg": "GBP", "yen": "JPY",
    "yuan": "CNY", "zl": "PLN", "franc": "CHF", "francs": "CHF", "GBp": "", "CND": "CAD",
    "euro": "EUR", "euros": "EUR", "EURO": "EUR", "Euro": "EUR",
}  # fmt: skip


@cache
def _iso_codes() -> frozenset[str]:
    return frozenset(code for code in Locale("en").currencies if len(code) == 3)


@cache
def _clear() -> re.Pattern[str]:
    """One alternation of everything that is clear, the longest first."""
    words = sorted([*CLEAR, *_iso_codes()], key=len, reverse=True)
    spaced = r"(?:US|AU|CA|NZ|HK|SG) \$"
    return re.compile("|".join([spaced, *(_guarded(word) for word in words)]))


def _guarded(word: str) -> str:
    """A currency that is a word must not be part of a longer one."""
    start = r"(?<![^\W\d_])" if word[0].isalpha() else ""
    end = r"(?![^\W\d_])" if word[-1].isalpha() and word != "руб" else ""
    return f"{start}{re.escape(word)}{end}"


# What may stand between a number and the sign after it, as in "50,- Kč".
_LEAD = re.compile(r"(?:[.,][-–—]+)?[.,]? ?")


def symbol_beside(text: str, match: re.Match[str]) -> str:
    """The sign before the number, else the one after it, as written; or nothing."""
    before = text[: match.start()].rstrip(" :.-−")
    after = text[match.end() :]
    left = next((m[0] for m in _clear_in(before) if m.end() == len(before)), "")
    lead = _LEAD.match(after).end()
    right = next((m[0] for m in _clear_in(after) if lead - 1 <= m.start() <= lead), "")
    return _dollar(before, left) or right or _faint_beside(before, after)


def _dollar(before: str, left: str) -> str:
    """'$ SGD4.90' and 'SGD$4.90': the code says more than the sign."""
    if left != "$":
        return left
    code = before[:-1].rstrip()[-3:]
    return code if code in _iso_codes() else left


def _faint_beside(before: str, after: str) -> str:
    """A short sign counts if it and the number are all there is."""
    left, right = before.strip(), after.strip(" ,-–")
    if left and not right:
        return _faint(left)
    return _faint(right) if right and not left else ""


def _faint(word: str) -> str:
    known = word in FAINT or word.upper() in _iso_codes()
    return word if known else ""


@lru_cache(maxsize=256)
def symbol_in(hint: str) -> str:
    """The first clear sign in a text."""
    return next((m[0] for m in _clear_in(hint)), "")


def _clear_in(text: str) -> list[re.Match[str]]:
    return list(_clear().finditer(text))


def codes_beside(text: str, match: re.Match[str]) -> set[str]:
    """ISO codes near the number: '$5.00 CAD' says which dollar."""
    around = text[max(match.start() - 6, 0) : match.end() + 6]
    return {m[0] for m in _clear_in(around) if m[0] in _iso_codes()}


def codes_of(symbol: str) -> tuple[str, ...]:
    """The currencies that a sign may mean."""
    if symbol.upper() in _iso_codes() and symbol not in FAINT:
        return (symbol.upper(),)
    known = CLEAR.get(symbol.replace(" ", "")) or FAINT.get(symbol) or CLEAR.get(symbol, "")
    return tuple(known.split())
