"""A shop's imports: every run of a file, and what became of each of its rows."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

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
    list_display = ["file_name", "badge", "is_dry_run", "format", "records_read", "created_at"]
    list_filter = ["state", "is_dry_run"]
    search_fields = ["file_name"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("shop")

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def badge(self, job: ImportJob) -> tuple[str, str]:
        return job.state, job.get_state_display()
