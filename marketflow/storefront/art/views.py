"""`/art/<seed>.svg`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from marketflow.storefront.art.drawings import picture

LONGEST_SEED = 200
FOR_EVER = "public, max-age=31536000, immutable"


@require_safe
def art(request: HttpRequest, seed: str) -> HttpResponse:
    """The drawing of a seed never changes, so it is kept for ever."""
    svg = picture(seed[:LONGEST_SEED])
    return HttpResponse(svg, content_type="image/svg+xml", headers={"Cache-Control": FOR_EVER})
