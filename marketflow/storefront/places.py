"""Where the visitor is, as far as they said: what delivery costs depends on it."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST
from django_countries import countries

from accounts.pages import own_address, see_other

COOKIE = "country"
REMEMBERED = timedelta(days=365)


def country_of(request: HttpRequest) -> str:
    """The country that the visitor chose, else the marketplace's own."""
    code = request.COOKIES.get(COOKIE, "")
    return code if code in countries else settings.MARKETPLACE_COUNTRY


@require_POST
def choose_country(request: HttpRequest) -> HttpResponse:
    """Remember a country and go back to where it was chosen."""
    response = see_other(own_address(request, request.POST.get("next", ""), reverse("home")))
    code = request.POST.get("country", "")
    if code in countries:
        response.set_cookie(
            COOKIE, code, max_age=REMEMBERED, samesite="Lax", secure=request.is_secure()
        )
    return response
