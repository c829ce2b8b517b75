"""How pages with a form answer: 422 with errors, 303 when done, 429 in words."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import now

from marketflow.core.fragments import is_partial
from marketflow.core.rate_limits import TooMany


class SeeOther(HttpResponseRedirect):
    """After a POST: go there with a GET."""

    status_code = 303


def see_other(to: object, *args: object) -> SeeOther:
    return SeeOther(resolve_url(to, *args))


def lead_to(request: HttpRequest, address: str) -> HttpResponse:
    """To another page, whoever asks: htmx is told to go there."""
    if is_partial(request):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return see_other(address)


def form_page(request: HttpRequest, template: str, context: dict[str, object]) -> HttpResponse:
    """The page of `context["form"]`: 422 when what was sent can't be taken."""
    form = context["form"]
    status = 422 if form.is_bound and form.errors else 200
    return render(request, template, context, status=status)


def too_many(request: HttpRequest, refusal: TooMany) -> HttpResponse:
    context = {"retry_at": now() + timedelta(seconds=refusal.retry_after)}
    response = render(request, "429.html", context, status=429)
    response["Retry-After"] = str(refusal.retry_after)
    return response


def own_address(request: HttpRequest, url: str, otherwise: str) -> str:
    """`url` if it leads to this host, else `otherwise`."""
    is_own = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if is_own else resolve_url(otherwise)
