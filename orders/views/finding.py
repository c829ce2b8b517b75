"""Finding an order without its link. The answer is the same whether there is one or not."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.pages import form_page, see_other, too_many
from marketflow.core import rate_limits
from marketflow.core.private_pages import private
from orders.forms import FindForm
from orders.services import links


@require_http_methods(["GET", "HEAD", "POST"])
@private
def find(request: HttpRequest) -> HttpResponse:
    form = FindForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        try:
            rate_limits.count("find_order", rate_limits.address_of(request))
        except rate_limits.TooMany as refusal:
            return too_many(request, refusal)
    if not form.is_valid():
        return form_page(request, "orders/find.html", {"form": form})
    links.ask(**form.cleaned_data)
    return see_other("orders:link_sent")


@require_safe
@private
def sent(request: HttpRequest) -> HttpResponse:
    return render(request, "orders/link_sent.html")
