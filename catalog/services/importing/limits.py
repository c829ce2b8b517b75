"""The caps on what a seller may hand in. They bound memory and time, not honest shops."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    file_bytes: int = 100 * 1024 * 1024
    records: int = 200_000
    columns: int = 2_000
    cell_chars: int = 500_000
    record_chars: int = 2_000_000
    rows_per_product: int = 2_500
    xml_depth: int = 20


LIMITS = Limits()

# What a product may have; more is reported and left out.
MAX_VARIANTS = 2_000
MAX_OPTIONS = 3
MAX_IMAGES = 250
MAX_TAGS = 100
MAX_ATTRIBUTES = 100

# Lengths of single values, those of the catalogue's columns; longer ones are reported and cut.
MAX_KEY = 255
MAX_TITLE = 200
MAX_BRAND = 120
MAX_OPTION_NAME = 60
MAX_OPTION_VALUE = 120
MAX_ATTRIBUTE_NAME = 60
MAX_ATTRIBUTE_VALUE = 200
MAX_TAG = 60
MAX_SEO_TITLE = 120
MAX_SEO_DESCRIPTION = 320
MAX_SKU = 64
MAX_BARCODE = 32
MAX_ALT = 250
MAX_URL = 2_000

# Numbers that no honest row exceeds.
MAX_PRICE_MINOR = 10**12
MAX_QUANTITY = 10**9
MAX_GRAMS = 10**8
