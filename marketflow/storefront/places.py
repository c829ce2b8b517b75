"""Where the visitor is, as far as they said: what delivery costs depends on it."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.views.decorators.http import require_POST
from django_countries import countries

from accounts.pages import own_address, see_other
from marketflow.core.kept import Kept

COOKIE = "country"
REMEMBERED = timedelta(days=365)
options = Kept(300)


def country_of(request: HttpRequest) -> str:
    """The country that the visitor chose, else the marketplace's own."""
    code = request.COOKIES.get(COOKIE, "")
    return code if code in countries else settings.MARKETPLACE_COUNTRY


def country_options(chosen: str) -> SafeString:
    """Every country as an option to select, `chosen` selected."""
    return options.get((get_language(), chosen), lambda: _options(chosen))


def _options(chosen: str) -> SafeString:
    selected = mark_safe(" selected")
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((code, selected if code == chosen else "", name) for code, name in countries),
    )


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
