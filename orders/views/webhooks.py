"""Where payment providers tell of what happened: checked, kept, answered at once."""

from __future__ import annotations

import logging

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from marketflow.core import rate_limits
from orders.gateways.protocol import BadSignature
from orders.services import provider_events

logger = logging.getLogger(__name__)

MOST_BYTES = 256_000


@csrf_exempt
@require_POST
def payments(request: HttpRequest, provider: str) -> JsonResponse:
    """An event of `provider`. A repeated one gets the same answer and changes nothing.

    Only what is refused counts against the caller's limit: honest events are never turned away.
    """
    if _length(request) > MOST_BYTES:
        return _refused(413, "too_large", "An event has at most 256,000 bytes.")
    try:
        provider_events.receive(provider=provider, body=request.body, headers=request.headers)
    except provider_events.NoProvider:
        return _refused(404, "not_found", "No such provider.")
    except BadSignature:
        return _doubted(request, "bad_signature", "The signature does not fit, or is too old.")
    except provider_events.Mismatch as doubt:
        logger.warning("an event of %s does not fit its payment: %s", provider, doubt)
        return _doubted(request, "event_mismatch", "This is not what the payment is.")
    return JsonResponse({"received": True})


def _length(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isdecimal() else MOST_BYTES + 1


def _doubted(request: HttpRequest, code: str, detail: str) -> JsonResponse:
    try:
        rate_limits.count("webhook_signature", rate_limits.address_of(request))
    except rate_limits.TooMany as limit:
        answer = _refused(429, limit.code, str(limit.message))
        answer["Retry-After"] = str(limit.retry_after)
        return answer
    return _refused(400, code, detail)


def _refused(status: int, code: str, detail: str) -> JsonResponse:
    return JsonResponse({"code": code, "detail": detail}, status=status)
