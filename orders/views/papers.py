"""Invoices as files, for buyers on the storefront and for shops and staff in their admins."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.pages import see_other
from marketflow.core.errors import Refusal
from orders import documents
from orders.models import Invoice, Order
from orders.services import invoices
from orders.views.access import of_the_buyer


@require_safe
@of_the_buyer
def invoice(request: HttpRequest, order: Order) -> HttpResponse:
    try:
        papers = invoices.of_order(order)
    except Refusal as refusal:
        messages.error(request, _(refusal.message))
        return see_other(order)
    return as_pdf(papers, f"{order.number}.pdf")


def as_pdf(papers: Iterable[Invoice], filename: str) -> HttpResponse:
    """One file of `papers`, to keep."""
    response = HttpResponse(documents.draw(papers), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
