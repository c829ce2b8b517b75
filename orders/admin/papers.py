"""Invoices, credit notes and commission: to read and to keep, on both sites."""

from __future__ import annotations

from functools import update_wrapper

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from unfold.decorators import display

from marketflow.core.admin import (
    ReadOnly,
    ShopScopedAdmin,
    StaffAdmin,
    seller_site,
    staff_site,
)
from marketflow.core.templatetags.marketflow import money
from orders.models import Invoice
from orders.views.papers import as_pdf


class Papers(ReadOnly):
    """Mix in before a site's ModelAdmin: documents, newest first, and each as a file."""

    list_display = ["paper", "kind", "seller_order", "sum_text", "issued_at", "file"]
    list_display_links = ["paper"]
    list_filter = ["kind"]
    list_select_related = ["series", "seller_order", "shop"]
    search_fields = ["seller_order__number", "number"]
    search_help_text = _("Order, or the number without its letters")
    ordering = ["-pk"]
    fields = [
        ("paper", "kind"),
        ("seller_order", "issued_at"),
        ("sum_text", "tax_text"),
        "file",
    ]
    readonly_fields = [
        "paper",
        "kind",
        "seller_order",
        "issued_at",
        "sum_text",
        "tax_text",
        "file",
    ]

    def get_urls(self) -> list[URLPattern]:
        def pdf(request: HttpRequest, pk: int) -> HttpResponse:
            return self.admin_site.admin_view(require_safe(self.pdf))(request, pk)

        page = update_wrapper(pdf, self.pdf)
        return [path("<int:pk>/pdf/", page, name="orders_invoice_pdf"), *super().get_urls()]

    def pdf(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Another shop's document and one that never was are the same: 404."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = self.get_queryset(request).select_related("series").filter(pk=pk).first()
        if found is None:
            raise Http404
        return as_pdf([found], found.filename)

    @display(description=_("number"), ordering="pk")
    def paper(self, invoice: Invoice) -> str:
        return str(invoice)

    @display(description=_("total"), ordering="total_minor")
    def sum_text(self, invoice: Invoice) -> str:
        return money(invoice.total)

    @display(description=_("VAT"))
    def tax_text(self, invoice: Invoice) -> str:
        return money(invoice.tax)

    @display(description=_("file"))
    def file(self, invoice: Invoice) -> str:
        address = reverse(f"{self.admin_site.name}:orders_invoice_pdf", args=[invoice.pk])
        return format_html(
            '<a class="underline" href="{}" download>{}</a>', address, invoice.filename
        )


@admin.register(Invoice, site=seller_site)
class OwnPapersAdmin(Papers, ShopScopedAdmin):
    duty = "money"


@admin.register(Invoice, site=staff_site)
class PapersAdmin(Papers, StaffAdmin):
    list_display = ["paper", "kind", "shop", "seller_order", "sum_text", "issued_at", "file"]
