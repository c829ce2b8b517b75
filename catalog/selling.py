"""The sellers' pages of a file going in: hand it in, look at the dry run, import, undo.

They stand in the frame of the sellers' admin and start at the same rows as its lists.
"""

from __future__ import annotations

import csv
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from accounts.models import Shop
from catalog.models import ImportJob, ImportRow
from catalog.services import drafting, exporting
from catalog.services.importing import jobs
from catalog.services.importing.formats import AUTO, FORMATS
from marketflow.core import rate_limits
from marketflow.core.csv_cells import guarded
from marketflow.core.errors import Refusal

DUTY = "catalogue"
ROWS_PER_PAGE = 100
NAMES = {
    "shopify": "Shopify",
    "woocommerce": "WooCommerce",
    "etsy": "Etsy",
    "google": "Google Merchant",
    "marketflow": "MarketFlow",
}
FIGURES = [
    ("created", _("new")),
    ("updated", _("changed")),
    ("unchanged", _("unchanged")),
    ("skipped", _("skipped")),
    ("errors", _("errors")),
]


class ImportForm(forms.Form):
    shop = forms.ModelChoiceField(
        label=_("Shop"), queryset=Shop.objects.none(), widget=UnfoldAdminSelectWidget
    )
    file = forms.FileField(
        label=_("File"),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.tsv,.txt,.xml"}),
        help_text=_("Up to 5,000 rows. Nothing is written before you have seen the dry run."),
    )
    format = forms.ChoiceField(
        label=_("Written by"),
        choices=[(AUTO, _("Find out")), *((name, NAMES.get(name, name)) for name in FORMATS)],
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, shops: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["shop"].queryset = shops
        self.fields["shop"].initial = shops.first()


def new_import(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Hand in a file. It is checked at once, and run dry."""
    _require(model_admin.has_add_permission(request))
    shops = Shop.objects.managed_by(request.user, DUTY)
    is_sent = request.method == "POST"
    form = ImportForm(
        request.POST if is_sent else None, request.FILES if is_sent else None, shops=shops
    )
    if form.is_valid():
        try:
            rate_limits.count("import", f"user:{request.user.pk}")
            accepted = jobs.accept(started_by=request.user, dry_run=True, **form.cleaned_data)
        except Refusal as refusal:
            form.add_error("file", str(refusal.message))
        else:
            return redirect("seller:catalog_importjob_change", accepted.pk)
    context = {"form": form, "has_shops": shops.count() > 1}
    status = 422 if is_sent else 200
    title = gettext("Import products")
    return _page(model_admin, request, "admin/catalog/import_form.html", title, context, status)


def job(model_admin: ModelAdmin, request: HttpRequest, pk: str) -> HttpResponse:
    """One run: how far it is, what came of each row, and what can be done next."""
    _require(model_admin.has_view_permission(request))
    found = _found(request, pk)
    rows = found.rows.select_related("product")
    outcome = request.GET.get("outcome", "")
    if outcome in ImportRow.Outcome.values:
        rows = rows.filter(outcome=outcome)
    context = {
        "job": found,
        "rows": Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get("page")),
        "outcome": outcome,
        "outcomes": _outcomes(found),
        "figures": figures(found),
        "percent": _percent(found),
        "is_at_work": found.state in (ImportJob.State.WAITING, ImportJob.State.RUNNING),
        "can_import": found.is_dry_run and found.state == ImportJob.State.DONE,
        "can_undo": not found.is_dry_run and found.state == ImportJob.State.DONE,
        "kept": found.counts.get("kept", []),
    }
    return _page(model_admin, request, "admin/catalog/import_job.html", str(found), context)


def confirm(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """After the dry run: the same file for real."""
    _require(model_admin.has_add_permission(request))
    found = _found(request, pk)
    if not found.is_dry_run or found.state != ImportJob.State.DONE:
        messages.error(request, gettext("Only a dry run that is done can be imported."))
        return redirect("seller:catalog_importjob_change", found.pk)
    real = jobs.confirm(found, started_by=request.user)
    return redirect("seller:catalog_importjob_change", real.pk)


def undo(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    _require(model_admin.has_add_permission(request))
    found = _found(request, pk)
    try:
        result = jobs.undo(found)
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        text = gettext("%(count)d products were taken back.") % {"count": result.undone}
        messages.success(request, text)
    return redirect("seller:catalog_importjob_change", found.pk)


def errors(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """What did not go in, as a table to work through."""
    _require(model_admin.has_view_permission(request))
    found = _found(request, pk)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="import-{found.pk}-errors.csv"'
    writer = csv.writer(response)
    writer.writerow(["Row", "Line", "Outcome", "Column", "Product", "Message"])
    told = [ImportRow.Outcome.ERROR, ImportRow.Outcome.SKIPPED, ImportRow.Outcome.WARNING]
    for row in found.rows.filter(outcome__in=told).iterator(chunk_size=500):
        cells = [
            row.record,
            row.line or "",
            row.get_outcome_display(),
            row.column,
            row.handle,
            row.message,
        ]
        writer.writerow([guarded(cell) for cell in cells])
    return response


def export(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """All products of a shop, as a file that goes in again."""
    _require(model_admin.has_view_permission(request))
    shops = Shop.objects.managed_by(request.user, DUTY)
    shop = shops.filter(slug=request.GET.get("shop", "")).first()
    format = request.GET.get("format", "marketflow")
    if shop is None or format not in drafting.LINES:
        raise Http404
    return _csv(drafting.export_lines(shop, format), f"{shop.slug}-{format}.csv")


def template(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """The titles of our own format, to fill in."""
    _require(model_admin.has_view_permission(request))
    return _csv(exporting.marketflow_lines([]), "marketflow-template.csv")


def figures(job: ImportJob) -> list[tuple[str, int]]:
    return [(str(label), job.counts.get(name, 0)) for name, label in FIGURES]


def _csv(lines: Any, name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _require(is_allowed: bool) -> None:
    if not is_allowed:
        raise PermissionDenied


def _found(request: HttpRequest, pk: object) -> ImportJob:
    """Another shop's run and one that never was are the same: 404."""
    own = ImportJob.objects.managed_by(request.user, DUTY).select_related("shop")
    found = own.filter(pk=pk).first() if str(pk).isdecimal() else None
    if found is None:
        raise Http404
    return found


def _outcomes(job: ImportJob) -> list[dict[str, Any]]:
    labels = dict(ImportRow.Outcome.choices)
    found = job.rows.order_by().values("outcome").annotate(number=Count("pk"))
    numbers = {row["outcome"]: row["number"] for row in found}
    return [
        {"value": value, "label": labels[value], "number": numbers[value]}
        for value in ImportRow.Outcome.values
        if value in numbers
    ]


def _percent(job: ImportJob) -> int:
    rows = job.counts.get("rows") or 0
    return min(100, round(100 * job.records_read / rows)) if rows else 0


def _page(
    model_admin: ModelAdmin,
    request: HttpRequest,
    template: str,
    title: str,
    context: dict[str, Any],
    status: int = 200,
) -> TemplateResponse:
    request.current_app = model_admin.admin_site.name
    frame = model_admin.admin_site.each_context(request) | {"title": title}
    return TemplateResponse(request, template, frame | context, status=status)
