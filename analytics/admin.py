"""How the pages do for those who visit them: one page for staff in place of the list of rows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from analytics.models import PageVital
from analytics.services import vitals
from marketflow.core.admin import ReadOnly, StaffAdmin, staff_site

PERIODS = {"7": _("7 days"), "28": _("28 days")}


@admin.register(PageVital, site=staff_site)
class PageVitalAdmin(ReadOnly, StaffAdmin):
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        days = request.GET.get("days", "")
        days = days if days in PERIODS else "7"
        device = request.GET.get("device", "")
        device = device if device in PageVital.Device.values else ""
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Speed and errors"),
            "opts": self.opts,
            "pages": vitals.of_pages(days=int(days), device=device),
            "errors": vitals.of_scripts(days=int(days)),
            "days": days,
            "periods": PERIODS.items(),
            "device": device,
            "devices": PageVital.Device.choices,
            "sample": settings.VITALS_SAMPLE_PERCENT,
        }
        return TemplateResponse(request, "admin/analytics/vitals.html", context)
