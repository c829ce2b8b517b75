"""Finding products by what people type.

Words first: all of them, in title, keywords or description. Only where that finds nothing, parts
of words and of SKUs; then the words with their spelling mended; then some of the words. One
statement asks for the first two and for what the third needs. What is found stays a queryset:
filters, counts and pages are the caller's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Literal

from django.core.cache import cache
from django.db.models import QuerySet
from django.db.models.functions import Upper

from catalog.models import Product, Synonym, Variant
from catalog.services import search_sql
from catalog.services.search_survey import Survey, survey

LONGEST = 200
MOST_TERMS = 8
# Shorter words have too few letters to guess what was meant.
SHORTEST_TO_MEND = 4
MOST_MENDED = 3
LIKENESS = 0.7
SYNONYMS = "search-synonyms"
SYNONYM_SECONDS = 60

Synonyms = list[tuple[str, list[str]]]
How = Literal["all", "words", "parts", "mended", "some", "none"]


@dataclass(frozen=True)
class Found:
    """What a search came to. `text` is what was typed, `shown` what `products` were found by."""

    text: str
    shown: str
    how: How
    match: search_sql.Match | None
    is_cut: bool = False
    beside: Mapping[str, list[tuple[str, str]]] = field(default_factory=dict)

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


def find(
    text: str, *, literally: bool = False, beside: Mapping[str, QuerySet] | None = None
) -> Found:
    """What of the listed products `text` finds. `literally` leaves the spelling as it is.

    `beside` names querysets of two columns of text, whose rows come along in `Found.beside`.
    Costs one query; a second one where the mended words may not stand together, or where a synonym
    comes to be known.
    """
    text, is_cut = tidy(text)
    if not text:
        return Found(text, text, "all", None, is_cut)

    synonyms = cache.get(SYNONYMS)
    asked = dict(beside or {})
    if synonyms is None:
        asked[SYNONYMS] = Synonym.objects.values_list("term", "means")
    found, told = _find(text, synonyms or [], literally, asked)
    if synonyms is None:
        synonyms = _remembered(told.beside.pop(SYNONYMS))
        if len(spellings(text, synonyms)) > 1:
            found, _told = _find(text, synonyms, literally, {})
    return replace(found, is_cut=is_cut, beside=told.beside)


def suggest(text: str, *, most: int = 6) -> QuerySet:
    """Products whose words begin as `text` does, the best first; for as-you-type.

    Where there are none, those with its spelling mended, as `find` mends it. Costs one query
    beside the products' own.
    """
    text, _is_cut = tidy(text)
    match = search_sql.beginning(words_of(text))
    if match is None:
        return Product.objects.none()
    terms = _meaningful(text)
    told = survey([("words", match)], terms=terms, to_mend=_to_mend(terms))
    if not told.how:
        # What can't be mended may be the beginning of a word: its last letters are still to come.
        mended = [_mend(term, told) or term if term in told.strange else term for term in terms]
        match = search_sql.beginning(mended) if mended != terms else None
    products = Product.objects.listed()
    return match.ranked(match.among(products))[:most] if match else products.none()


def more_like(found: Found, products: QuerySet, *, most: int = 8) -> QuerySet:
    """More of `products`: those with some of the words that `found` went by, the best first."""
    some = search_sql.some_words(words_of(found.shown))
    if some is None or found.match is None:
        return products.none()
    return some.ranked(some.among(products))[:most]


def with_sku(text: str) -> QuerySet:
    """The listed products with exactly this SKU, whatever its case: two at most."""
    text = text.strip()
    if not text or len(text) > Variant._meta.get_field("sku").max_length:
        return Product.objects.none()
    # Spelled as the index is, so that either database uses it.
    variants = Variant.objects.active().alias(code=Upper("sku")).filter(code=text.upper())
    return Product.objects.listed().filter(pk__in=variants.values("product"))[:2]


def words_of(text: str) -> list[str]:
    """The words of `text` as the index knows them: lower case, without accents, each once.

    PostgreSQL takes a word that is said forty times for forty that are hard to meet.
    """
    return list(dict.fromkeys(re.findall(r"\w+", folded(text))))[:MOST_TERMS]


def folded(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.lower())
    return "".join(part for part in parts if not unicodedata.combining(part))


def tidy(text: str) -> tuple[str, bool]:
    """`text` as it is searched for, and whether it was too long and is cut."""
    text = " ".join(text.replace("\x00", "").split())
    return text[:LONGEST].strip(), len(text) > LONGEST


def _find(
    text: str, synonyms: Synonyms, literally: bool, beside: Mapping[str, QuerySet]
) -> tuple[Found, Survey]:
    terms = [] if literally else _meaningful(text)
    words = search_sql.all_words([words_of(one) for one in spellings(text, synonyms)])
    parts = search_sql.parts(list(dict.fromkeys(folded(text).split()))[:MOST_TERMS])
    told = survey(
        [("words", words), ("parts", parts)], terms=terms, to_mend=_to_mend(terms), beside=beside
    )
    if told.how or not terms:
        match = {"words": words, "parts": parts}.get(told.how)
        return Found(text, text, told.how or "none", match), told
    return _indirect(text, terms, told), told


def _meaningful(text: str) -> list[str]:
    return [term for term in words_of(text) if term not in search_sql.STOP_WORDS]


def _to_mend(terms: list[str]) -> list[str]:
    return [term for term in terms if _can_be_mended(term)][:MOST_MENDED]


def _can_be_mended(term: str) -> bool:
    return len(term) >= SHORTEST_TO_MEND and not term.isdigit()


def _indirect(text: str, terms: list[str], told: Survey) -> Found:
    """What the words find with their spelling mended; else what has some of them."""
    mended = [_mend(term, told) if term in told.strange else term for term in terms]
    left = [term for term in mended if term]
    shown = " ".join(left)
    whole, some = search_sql.all_words([left]), search_sql.some_words(left)
    is_mended = left != terms and None not in mended
    if is_mended and _stand_together(left, told):
        return Found(text, shown, "mended", whole)
    how = survey([("mended", whole if is_mended else None), ("some", some)]).how if left else ""
    match = {"mended": whole, "some": some}.get(how)
    return Found(text, shown, how, match) if match else Found(text, text, "none", None)


def _mend(term: str, told: Survey) -> str | None:
    """The nearest word of the catalogue, or None when none is near."""
    vocabulary = {
        word
        for text in told.alike.get(term, ())
        for word in words_of_all(text)
        # Parts of SKUs are nobody's misspelled word.
        if word.isalpha() and len(word) >= SHORTEST_TO_MEND and abs(len(word) - len(term)) <= 2
    }
    return next(iter(get_close_matches(term, vocabulary, n=1, cutoff=LIKENESS)), None)


def _stand_together(words: list[str], told: Survey) -> bool:
    """Whether a text that was read for the mending has all of them: then they find its product."""
    texts = (text for alike in told.alike.values() for text in alike)
    return any(set(words) <= set(words_of_all(text)) for text in texts)


def words_of_all(text: str) -> list[str]:
    return re.findall(r"\w+", folded(text))


def spellings(text: str, synonyms: Synonyms) -> list[str]:
    """`text`, and `text` with each of its synonyms put in."""
    found = [folded(text)]
    for term, meanings in synonyms:
        pattern = re.compile(rf"(?<!\w){re.escape(term)}(?!\w)")
        if pattern.search(found[0]):
            found += [pattern.sub(meaning, found[0]) for meaning in meanings]
    return found[:MOST_TERMS]


def _remembered(rows: list[tuple[str, str]]) -> Synonyms:
    known = [
        (folded(term).strip(), [folded(word).strip() for word in means.split(",")])
        for term, means in rows
    ]
    cache.set(SYNONYMS, known, SYNONYM_SECONDS)
    return known
