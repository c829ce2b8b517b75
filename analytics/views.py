"""Where browsers tell how pages did."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from analytics import beacon
from analytics.services import vitals
from marketflow.core import rate_limits


@csrf_exempt
@require_POST
def rum(request: HttpRequest) -> HttpResponse:
    """Count a visit. The answer is the same whatever becomes of it.

    Without a token, because nothing in it is anybody's; the pages of other sites are not heard.
    """
    if _is_from_here(request) and _is_in_time(request):
        body = request.read(beacon.MOST_BYTES + 1)
        told = beacon.read(body) if len(body) <= beacon.MOST_BYTES else None
        if told:
            vitals.record(told)
    return HttpResponse(status=204)


def _is_from_here(request: HttpRequest) -> bool:
    """Whether a page of this very origin sent it. Browsers say so, and pages cannot forge it."""
    # Older browsers, and those of sites without TLS, know the second header alone.
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site == "same-origin"
    return request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"


def _is_in_time(request: HttpRequest) -> bool:
    try:
        rate_limits.count("beacon", rate_limits.address_of(request))
    except rate_limits.TooMany:
        return False
    return True
