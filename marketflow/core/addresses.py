"""Addresses of this site made whole, for whoever reads them elsewhere."""

from __future__ import annotations

from urllib.parse import urljoin

from django.conf import settings


def whole(path: str) -> str:
    """`path` of this site with the site before it. What is whole, or blank, stays as it is."""
    return urljoin(f"{settings.SITE_URL}/", path) if path else ""
