"""The help pages. They say what the software does, with this market's own figures."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from marketflow.help.topics import TOPICS


@dataclass(frozen=True)
class Operator:
    """Who runs this market and answers for it."""

    name: str
    address: str
    email: str


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "help/index.html", {"topics": TOPICS.values()})


@require_safe
def topic(request: HttpRequest, topic: str) -> HttpResponse:
    if topic not in TOPICS:
        raise Http404
    here = TOPICS[topic]
    context = {
        "topics": TOPICS.values(),
        "here": here,
        "canonical": settings.SITE_URL + here.get_absolute_url(),
        "operator": Operator(
            settings.OPERATOR_NAME, settings.OPERATOR_ADDRESS, settings.OPERATOR_EMAIL
        ),
        "commission": f"{float(settings.MARKETPLACE_COMMISSION):g}",
        "hold_minutes": settings.ORDER_HOLD_MINUTES,
        "moves_no_money": settings.PAYMENT_PROVIDERS == ["test"],
    }
    return render(request, f"help/{here.slug}.html", context)
