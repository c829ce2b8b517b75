"""Following links as a search engine does: every page once, and every fragment to its place."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, unquote, urldefrag, urljoin, urlsplit

from django.conf import settings
from django.http import HttpResponse

# Left alone: what ends the session, files, drawings, and the back offices' own pages.
CLOSED = ("/account/logout/", "/admin/", "/media/", "/static/", "/art/")
# Visited, but not read: their links are not the storefront's.
UNREAD = ("/seller/", "/api/")
MOST = 600


class Links(HTMLParser):
    """Where a page leads, and the places in it that a fragment can name."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.places: set[str] = {"", "top"}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if "id" in values:
            self.places.add(values["id"])
        if tag in ("a", "link") and "href" in values:
            self.found.append(values["href"])
        if tag == "form" and values.get("method", "get").lower() == "get" and "action" in values:
            self.found.append(values["action"])
        if "hx-get" in values:
            self.found.append(values["hx-get"])


@dataclass
class Crawl:
    get: Callable[[str], HttpResponse]
    visited: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._waiting: deque[tuple[str, str]] = deque([("/", "the start")])
        self._places: dict[str, set[str]] = {}
        self._fragments: list[tuple[str, str, str]] = []
        while self._waiting:
            address, origin = self._waiting.popleft()
            if _kind(address) not in self.visited:
                self._visit(address, origin)
        for address, fragment, origin in self._fragments:
            if fragment not in self._places.get(_kind(address), {fragment}):
                self.faults.append(f"{address} has no #{fragment}, linked from {origin}")

    def _visit(self, address: str, origin: str) -> None:
        assert len(self.visited) < MOST, "too many pages: is an address growing?"
        self.visited[_kind(address)] = address
        response = self.get(address)
        if response.status_code >= 400:
            self.faults.append(f"{address} is a {response.status_code}, linked from {origin}")
        elif response.status_code >= 300:
            self._follow(response["Location"], address)
        elif _is_read(address, response):
            links = Links(response.content.decode())
            self._places[_kind(address)] = links.places
            for link in links.found:
                self._follow(link, address)

    def _follow(self, link: str, page: str) -> None:
        address, fragment = urldefrag(urljoin(page, link.removeprefix(settings.SITE_URL) or "/"))
        if urlsplit(address).netloc or urlsplit(address).scheme or address.startswith(CLOSED):
            return
        self._waiting.append((address, page))
        if fragment:
            self._fragments.append((address, unquote(fragment), page))


def _kind(address: str) -> str:
    """Addresses that differ only in the values of their parameters are one page."""
    parts = urlsplit(address)
    return f"{parts.path}?{sorted({name for name, _value in parse_qsl(parts.query)})}"


def _is_read(address: str, response: HttpResponse) -> bool:
    is_html = response["Content-Type"].startswith("text/html")
    return is_html and not response.streaming and not address.startswith(UNREAD)
