"""Finding products by what people type.

Words first: all of them, in title, keywords or description. Only where that finds nothing, parts
of words and of SKUs; then the words with their spelling mended; then some of the words. Each step
costs one small query, and most searches end at the first. What is found stays a queryset: filters,
counts and pages are the caller's.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Upper
from django.utils.timezone import now

from catalog.models import Product, SearchMiss, Synonym, Variant
from catalog.services import search_sql

LONGEST = 200
MOST_TERMS = 8
# Shorter words have too few letters to guess what was meant.
SHORTEST_TO_MEND = 4
MOST_MENDED = 3
LIKENESS = 0.7
SYNONYMS = "search-synonyms"
SYNONYM_SECONDS = 60

How = Literal["all", "words", "parts", "mended", "some", "none"]


@dataclass(frozen=True)
class Found:
    """What a search came to. `text` is what was typed, `shown` what `products` were found by."""

    text: str
    shown: str
    how: How
    match: search_sql.Match | None
    is_cut: bool = False

    @property
    def is_mended(self) -> bool:
        return self.how == "mended"

    @property
    def is_miss(self) -> bool:
        """Whether nothing had the words as they were typed."""
        return self.how in ("mended", "some", "none")

    def among(self, products):
        """Those of `products` that were found; all of them where nothing was typed."""
        if self.how == "all":
            return products
        return products.none() if self.match is None else self.match.among(products)

    def by_relevance(self, products):
        """`products`, which come from `among`, the best first."""
        return self.match.ranked(products) if self.match else products


def find(text: str, *, literally: bool = False) -> Found:
    """What of the listed products `text` finds. `literally` leaves the spelling as it is."""
    text, is_cut = _tidy(text)
    if not text:
        return Found(text, text, "all", None, is_cut)

    for how, match in _direct(text):
        if match and _finds(match):
            return Found(text, text, how, match, is_cut)
    if not literally:
        for how, shown, match in _indirect(text):
            if match and _finds(match):
                return Found(text, shown, how, match, is_cut)
    return Found(text, text, "none", None, is_cut)


def suggest(text: str, *, most: int = 6) -> list[Product]:
    """Products whose words begin as `text` does, the best first; for as-you-type."""
    terms = words_of(_tidy(text)[0])
    match = search_sql.beginning(terms) if terms else None
    if match is None:
        return []
    return list(match.ranked(match.among(Product.objects.listed()))[:most])


def more_like(found: Found, products, *, most: int = 8):
    """More of `products`, by parts of the words that `found` went by, without its own."""
    parts = search_sql.some_words(words_of(found.shown))
    if parts is None or found.match is None:
        return products.none()
    own = list(found.among(products).values_list("pk", flat=True)[: most * 2])
    return parts.ranked(parts.among(products).exclude(pk__in=own))[:most]


def product_with_sku(text: str) -> Product | None:
    """The one listed product with exactly this SKU, whatever its case."""
    text = text.strip()
    if not text or len(text) > Variant._meta.get_field("sku").max_length:
        return None
    # Spelled as the index is, so that either database uses it.
    variants = Variant.objects.active().alias(code=Upper("sku")).filter(code=text.upper())
    found = list(Product.objects.listed().filter(pk__in=variants.values("product"))[:2])
    return found[0] if len(found) == 1 else None


def record_miss(text: str) -> None:
    """Remember what was not found, for staff. One light write, outside the search."""
    term = _tidy(text)[0].casefold()
    if not term:
        return
    misses = SearchMiss.objects.filter(term=term)
    if misses.update(times=F("times") + 1, last_at=now()):
        return
    try:
        with transaction.atomic():
            SearchMiss.objects.create(term=term)
    except IntegrityError:
        # Somebody else missed it at the same moment.
        misses.update(times=F("times") + 1, last_at=now())


def words_of(text: str) -> list[str]:
    """The words of `text` as the index knows them: lower case, without accents."""
    return re.findall(r"\w+", folded(text))[:MOST_TERMS]


def folded(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.lower())
    return "".join(part for part in parts if not unicodedata.combining(part))


def _tidy(text: str) -> tuple[str, bool]:
    text = " ".join(text.replace("\x00", "").split())
    return text[:LONGEST].strip(), len(text) > LONGEST


def _direct(text: str):
    yield "words", search_sql.all_words([words_of(spelling) for spelling in spellings(text)])
    yield "parts", search_sql.parts(folded(text).split()[:MOST_TERMS])


def _indirect(text: str):
    terms = [term for term in words_of(text) if term not in search_sql.STOP_WORDS]
    known = search_sql.known(terms)
    mended = [
        term if is_known else _mend(term) for term, is_known in zip(terms, known, strict=True)
    ]
    left = [term for term in mended if term]
    if left != terms and None not in mended:
        yield "mended", " ".join(left), search_sql.all_words([left])
    yield "some", " ".join(left), search_sql.some_words(left)


def _mend(term: str) -> str | None:
    """The nearest word of the catalogue, or None when none is near."""
    if len(term) < SHORTEST_TO_MEND or term.isdigit():
        return None
    vocabulary = {
        word
        for text in search_sql.like(term)
        for word in words_of_all(text)
        # Parts of SKUs are nobody's misspelled word.
        if word.isalpha() and len(word) >= SHORTEST_TO_MEND and abs(len(word) - len(term)) <= 2
    }
    return next(iter(get_close_matches(term, vocabulary, n=1, cutoff=LIKENESS)), None)


def words_of_all(text: str) -> list[str]:
    return re.findall(r"\w+", folded(text))


def spellings(text: str) -> list[str]:
    """`text`, and `text` with each of its synonyms put in."""
    found = [folded(text)]
    for term, meanings in _synonyms():
        pattern = re.compile(rf"(?<!\w){re.escape(term)}(?!\w)")
        if pattern.search(found[0]):
            found += [pattern.sub(meaning, found[0]) for meaning in meanings]
    return found[:MOST_TERMS]


def _synonyms() -> list[tuple[str, list[str]]]:
    known = cache.get(SYNONYMS)
    if known is None:
        known = [
            (folded(term).strip(), [folded(word).strip() for word in means.split(",")])
            for term, means in Synonym.objects.values_list("term", "means")
        ]
        cache.set(SYNONYMS, known, SYNONYM_SECONDS)
    return known


def _finds(match: search_sql.Match) -> bool:
    return match.among(Product.objects.listed()).exists()
