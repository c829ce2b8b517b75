from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings

from marketflow.core.prices import from_minor, parse_price, to_minor

HARD = "XFAIL"  # Lists that the parser they come from is known to fail on.
AMBIGUOUS = "DECIMAL_SEPARATOR"  # Answers that need a separator the caller knew.
# Rows that expect an amount where the text holds no figure at all.
WITHOUT_A_FIGURE = 11


@pytest.fixture
def price_strings():
    path = Path(settings.BASE_DIR).parent / "shared/data/prices/price_strings_dev.csv"
    if not path.is_file():
        pytest.skip(f"REAL PRICES NOT TESTED: there is no file {path}")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if AMBIGUOUS not in row["list"]]


def is_right(row):
    """Both the amount and the sign it is written with; no amount expected is no price found."""
    found = parse_price(row["price_raw"], row["currency_hint"])
    if not row["amount_expected"] or found is None:
        return found is None and not row["amount_expected"]
    expected = (Decimal(row["amount_expected"]), row["currency_expected"])
    return (found.amount, found.symbol) == expected


def test_every_fair_price_string_is_read(price_strings):
    fair = [row for row in price_strings if HARD not in row["list"]]

    wrong = [row for row in fair if not is_right(row)]

    assert len(fair) == 409
    assert wrong == []


def test_nearly_every_hard_price_string_is_read(price_strings):
    hard = [row for row in price_strings if HARD in row["list"]]
    figureless = [
        row
        for row in hard
        if row["amount_expected"] and not any(c.isdigit() for c in row["price_raw"])
    ]

    wrong = [row for row in hard if not is_right(row) and row not in figureless]

    assert len(hard) == 134
    assert len(figureless) == WITHOUT_A_FIGURE
    assert len(wrong) <= 1


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("19.99", "19.99"),
        ("19,99", "19.99"),
        ("1.299", "1299"),
        ("1,299.50", "1299.50"),
        ("1.299,50", "1299.50"),
        ("1 299,50", "1299.50"),
        ("1\u202f299,50", "1299.50"),
        ("1’299.50", "1299.50"),
        ("1,00,000.50", "100000.50"),
        ("0.125", "0.125"),
        ("1234.567", "1234.567"),
        (".5", "0.5"),
        ("12,-", "12"),
        ("١٢٫٥٠", "12.50"),
        ("１２", "12"),
        ("-5", "-5"),
        ("€ -5", "-5"),
    ],
)
def test_points_and_commas_mean_what_they_should(text, amount):
    assert parse_price(text).amount == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    ["", " ", "dear", "1e5", "1.2E+5", "1.2.3", "01.02.2020", "12-05", "5..5", "²", "10%", "A4"],
)
def test_what_is_no_price_is_none(text):
    assert parse_price(text) is None


def test_a_text_without_end_is_no_price():
    assert parse_price("9" * 100_000) is None
    assert parse_price("1 " * 100_000) is None


@pytest.mark.parametrize("text", ["5 to 10", "1 2", "2 for 5 €", "5 EUR (6 USD)"])
def test_a_cell_that_must_hold_one_price_holds_no_second_figure(text):
    assert parse_price(text, alone=True) is None


@pytest.mark.parametrize(
    ("text", "hint", "currency"),
    [
        ("5 €", None, "EUR"),
        ("5", "EUR", "EUR"),
        ("5 USD", "EUR", "USD"),
        ("$5.00 CAD", None, "CAD"),
        ("$5", None, None),
        ("5 kr", None, None),
        ("5", None, None),
    ],
)
def test_a_currency_is_named_only_where_there_is_no_doubt(text, hint, currency):
    assert parse_price(text, hint).currency == currency


def test_a_sign_fits_the_currencies_it_may_mean():
    dollars = parse_price("$5")

    assert dollars.may_be("USD")
    assert dollars.may_be("AUD")
    assert not dollars.may_be("EUR")
    assert parse_price("5").may_be("EUR")


def test_a_point_before_three_digits_is_decimal_where_the_currency_has_three():
    assert parse_price("1.299 KWD").amount == Decimal("1.299")
    assert parse_price("1.299", "KWD").amount == Decimal("1.299")


@pytest.mark.parametrize(
    ("amount", "currency", "minor", "rounded"),
    [
        ("19.99", "EUR", 1999, False),
        ("19.990", "EUR", 1999, False),
        ("12.345678", "GBP", 1235, True),
        ("1.005", "EUR", 101, True),
        ("-1.005", "EUR", -101, True),
        ("12.345", "KWD", 12345, False),
        ("1.5", "JPY", 2, True),
    ],
)
def test_minor_units_are_rounded_half_up_and_say_so(amount, currency, minor, rounded):
    assert to_minor(Decimal(amount), currency) == (minor, rounded)


@pytest.mark.parametrize(
    ("minor", "currency", "text"), [(1999, "EUR", "19.99"), (5, "JPY", "5"), (5, "KWD", "0.005")]
)
def test_minor_units_are_shown_as_decimals(minor, currency, text):
    assert str(from_minor(minor, currency)) == text
