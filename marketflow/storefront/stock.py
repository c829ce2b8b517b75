"""The stock of what a page shows, for a page whose socket is away."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from catalog import live

MOST_VARIANTS = 100


@require_GET
def levels(request: HttpRequest) -> HttpResponse:
    """`?variants=` ids separated by commas: the frames that `/ws/inventory/` would send."""
    texts = request.GET.get("variants", "").split(",")
    try:
        asked = [str(UUID(text)) for text in texts if text]
    except ValueError:
        return JsonResponse({"code": "invalid"}, status=400)
    if len(asked) > MOST_VARIANTS:
        return JsonResponse({"code": "invalid"}, status=400)
    known = {state["variant"]: state for state in live.states(uuid__in=asked).values()}
    answer = JsonResponse(
        {"results": [known.get(one) or live.not_for_sale(one) for one in dict.fromkeys(asked)]}
    )
    answer["Cache-Control"] = "no-store"
    return answer
