"""A shop's imports: the list of runs. The pages of one run are in `catalog.selling`."""

from __future__ import annotations

from functools import partial, update_wrapper
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import display

from catalog import selling
from catalog.models import ImportJob
from marketflow.core.admin import ReadOnly, ShopScopedAdmin, seller_site

STATE_COLOURS = {
    ImportJob.State.WAITING: "warning",
    ImportJob.State.RUNNING: "info",
    ImportJob.State.DONE: "success",
    ImportJob.State.FAILED: "danger",
    ImportJob.State.UNDONE: "info",
}


@admin.register(ImportJob, site=seller_site)
class OwnImportAdmin(ReadOnly, ShopScopedAdmin):
    duty = "catalogue"
    list_display = ["file_name", "badge", "kind", "format", "result", "created_at"]
    list_filter = ["state", "is_dry_run"]
    search_fields = ["file_name"]
    actions = None

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path("export/", self._page(selling.export), name="catalog_export"),
            path("template/", self._page(selling.template), name="catalog_import_template"),
            path("<int:pk>/errors/", self._page(selling.errors), name="catalog_import_errors"),
            path("<int:pk>/confirm/", self._step(selling.confirm), name="catalog_import_confirm"),
            path("<int:pk>/undo/", self._step(selling.undo), name="catalog_import_undo"),
        ]
        return pages + super().get_urls()

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("shop")

    def has_add_permission(self, request: HttpRequest, obj: ImportJob | None = None) -> bool:
        return self.has_duty(request)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return self._page(selling.new_import)(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return self._page(selling.job)(request, pk=object_id)

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def badge(self, job: ImportJob) -> tuple[str, str]:
        return job.state, job.state_in_words

    @display(description=_("kind"))
    def kind(self, job: ImportJob) -> str:
        return str(_("Dry run") if job.is_dry_run else _("Import"))

    @display(description=_("result"))
    def result(self, job: ImportJob) -> str:
        return ", ".join(f"{number} {label}" for label, number in selling.figures(job))

    def _page(self, view: Any) -> Any:
        return self.admin_site.admin_view(update_wrapper(partial(view, self), view))

    def _step(self, view: Any) -> Any:
        return require_POST(self._page(view))
