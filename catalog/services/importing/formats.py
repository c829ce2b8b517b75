"""The formats that can be imported, and which of them a file is in."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from catalog.services.importing.catalogue import Catalogue
from catalog.services.importing.encodings import require_text
from catalog.services.importing.errors import ForeignFormat, UnknownFormat, UnreadableFile
from catalog.services.importing.etsy import Etsy
from catalog.services.importing.feeds import Feed
from catalog.services.importing.foreign import platform_of_header, platform_of_text
from catalog.services.importing.google import Google
from catalog.services.importing.limits import LIMITS, Limits
from catalog.services.importing.marketflow import MarketFlow
from catalog.services.importing.parsing import Parser
from catalog.services.importing.rows import Table
from catalog.services.importing.shopify import Shopify
from catalog.services.importing.woocommerce import WooCommerce

AUTO = "auto"
FORMATS: dict[str, type[Parser]] = {
    parser.name: parser for parser in (Shopify, WooCommerce, Etsy, Google, MarketFlow)
}
SAMPLE = 64 * 1024
GOOGLE_NAMESPACE = "base.google.com/ns/1.0"
_ROOT = re.compile(r"<(?!\?|!)(?:\w+:)?([\w-]+)")


def open_catalogue(
    path: Path,
    *,
    format: str = AUTO,
    currency: str,
    now: datetime | None = None,
    limits: Limits = LIMITS,
) -> Catalogue:
    """The products of the file at `path`, prices in `currency`, sales as of `now` (aware).

    Raises FileRefused if the file isn't in `format`, or with "auto" in none that can be imported.
    """
    if format != AUTO and format not in FORMATS:
        raise UnknownFormat(
            _("There is no format “%(format)s”. %(known)s")
            % {"format": format, "known": what_works()}
        )
    require_text(path, limits)
    sample = _sample(path)
    if sample[:1] in ("<", "{", "["):
        source, parser = _structured(path, sample, format, limits)
    else:
        source = Table(path, limits)
        parser = _parser_of(source.header, format)
    return Catalogue(source, parser, currency=currency, now=now or localtime())


def what_works() -> str:
    return _(
        "These formats can be imported: Shopify (CSV), WooCommerce (CSV), Etsy listings (CSV), "
        "Google Merchant feed (XML or tab-separated text), MarketFlow (CSV)."
    )


def _sample(path: Path) -> str:
    """The beginning of the file, well enough decoded to tell what it is."""
    with path.open("rb") as file:
        start = file.read(SAMPLE)
    is_wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return start.decode("utf-16" if is_wide else "utf-8-sig", errors="replace").lstrip()


def _structured(path: Path, sample: str, format: str, limits: Limits) -> tuple[Feed, Parser]:
    """A Google feed, or what else is written in XML or JSON."""
    if platform := platform_of_text(sample):
        raise _foreign(platform)
    if sample[0] != "<":
        if not _looks_like_json(sample):
            raise UnknownFormat(_unknown())
        raise UnknownFormat(_("JSON files can't be imported. %(known)s") % {"known": what_works()})
    root = _ROOT.search(sample)
    if root and root[1].lower() == "html" or sample[:9].lower() == "<!doctype":
        raise UnreadableFile(
            _("This is a web page, perhaps a sign-in page, and not the file it was to be.")
        )
    if GOOGLE_NAMESPACE not in sample or not root or root[1] not in ("rss", "feed", "channel"):
        raise UnknownFormat(_unknown())
    if format not in (AUTO, Google.name):
        raise UnknownFormat(
            _("This is a Google Merchant feed, not a file in the format %(format)s.")
            % {"format": format}
        )
    return Feed(path, limits), Google(Google.columns.values())


def _looks_like_json(sample: str) -> bool:
    return bool(re.match(r'[\[{]\s*["\[{\]}]', sample))


def _parser_of(titles: Sequence[str], format: str) -> Parser:
    if format != AUTO:
        return _chosen(FORMATS[format], titles)
    if platform := platform_of_header(titles):
        raise _foreign(platform)
    best = max(FORMATS.values(), key=lambda parser: parser.score(titles))
    if not best.score(titles):
        raise UnknownFormat(_unknown(titles))
    return best(titles)


def _chosen(parser: type[Parser], titles: Sequence[str]) -> Parser:
    """The format the seller named, if the columns it can't do without are there."""
    missing = parser.missing(titles)
    if not missing:
        return parser(titles)
    if platform := platform_of_header(titles):
        raise _foreign(platform)
    message = _(
        "This is not a file in the format %(format)s: no column was recognised as %(missing)s. "
        "Its columns are: %(titles)s."
    )
    message %= {"format": parser.name, "missing": ", ".join(missing), "titles": _list(titles)}
    raise UnknownFormat(message)


def _foreign(platform: str) -> ForeignFormat:
    message = _("This is a file of %(platform)s, which can't be imported. %(known)s")
    return ForeignFormat(
        message % {"platform": platform, "known": what_works()}, platform=platform
    )


def _unknown(titles: Sequence[str] = ()) -> str:
    if not titles:
        return _("The format of the file isn't known. %(known)s") % {"known": what_works()}
    message = _("The format of the file isn't known. Its columns are: %(titles)s. %(known)s")
    return message % {"titles": _list(titles), "known": what_works()}


def _list(titles: Sequence[str]) -> str:
    shown = ", ".join(title[:40] for title in titles[:12] if title)
    return f"{shown} …" if len(titles) > 12 else shown
