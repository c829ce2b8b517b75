"""Products that the visitor looked at, kept in a cookie of their own and nowhere else."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse

from catalog.models import Product

COOKIE = "seen"
MOST = 12
REMEMBERED = timedelta(days=60)


def seen_ids(request: HttpRequest) -> list[int]:
    """Ids of the last products seen, the latest first."""
    texts = request.COOKIES.get(COOKIE, "").split(".")[:MOST]
    return [int(text) for text in texts if text.isdecimal() and len(text) < 16]


def remember(request: HttpRequest, response: HttpResponse, product: Product) -> None:
    ids = [product.pk, *(pk for pk in seen_ids(request) if pk != product.pk)][:MOST]
    response.set_cookie(
        COOKIE,
        ".".join(map(str, ids)),
        max_age=REMEMBERED,
        samesite="Lax",
        secure=request.is_secure(),
        httponly=True,
    )
