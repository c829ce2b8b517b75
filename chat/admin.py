"""What a shop sets for its conversations; what staff look at, and the rule they keep."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from unfold.decorators import display

from chat import reported
from chat.models import Attachment, ContactRule, Desk, Message, QuickReply, Report
from chat.services import manners
from chat.views.attachments import as_file
from chat.views.finding import number_in
from marketflow.core.admin import ReadOnly, ShopScopedAdmin, StaffAdmin, seller_site, staff_site
from marketflow.core.errors import Refusal


@admin.register(QuickReply, site=seller_site)
class QuickReplyAdmin(ShopScopedAdmin):
    duty = "orders"
    list_display = ["title", "shop", "position"]
    search_fields = ["title", "body"]
    fields = ["shop", "title", "body", "position"]
    actions = None


@admin.register(Desk, site=seller_site)
class DeskAdmin(ShopScopedAdmin):
    duty = "orders"
    list_display = ["shop", "is_away"]
    fields = ["shop", "is_away", "away_message"]
    actions = None

    def get_readonly_fields(self, request: HttpRequest, obj: Desk | None = None) -> list[str]:
        return ["shop"] if obj else []


# --- staff


@admin.register(ContactRule, site=staff_site)
class ContactRuleAdmin(StaffAdmin):
    list_display = ["kind", "is_active", "notice"]
    fields = ["kind", "is_active", "entries", "notice"]
    readonly_fields = ["kind"]
    actions = None

    def has_add_permission(self, request: HttpRequest, obj: ContactRule | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ContactRule | None = None) -> bool:
        return False


@admin.register(Message, site=staff_site)
class FlaggedMessageAdmin(ReadOnly, StaffAdmin):
    """Messages that the rules found something in; of others staff see nothing here."""

    list_display = ["created_at", "flags", "side", "shop", "excerpt"]
    list_filter = ["side"]
    fields = ["created_at", "flags", "side", "shop", "part", "body"]
    readonly_fields = ["shop"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        rows = super().get_queryset(request).flagged()
        return rows.select_related("conversation__shop", "part").order_by("-created_at", "-pk")

    @display(description=_("shop"))
    def shop(self, message: Message) -> str:
        return message.conversation.shop.name

    @display(description=_("text"))
    def excerpt(self, message: Message) -> str:
        return message.body[:90]


class OpenFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple]:
        return [("open", _("Open")), ("closed", _("Closed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        match self.value():
            case "open":
                return queryset.open()
            case "closed":
                return queryset.exclude(closed_at=None)
        return queryset


@admin.register(Report, site=staff_site)
class ReportAdmin(StaffAdmin):
    """A report is the reason for which its conversation is read; that it was is written down."""

    list_display = ["created_at", "shop", "side", "reason", "closed_at"]
    list_filter = [OpenFilter]
    fields = ["created_at", "shop", "side", "reason", "quoted", "around", "decision"]
    actions = None

    def get_urls(self) -> list[URLPattern]:
        file = self.admin_site.admin_view(require_safe(self.file))
        name = "chat_report_file"
        return [path("<int:report>/files/<uuid:file>/", file, name=name), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        rows = super().get_queryset(request)
        return rows.select_related("conversation__shop", "conversation__buyer", "message")

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Report | None:
        """With the number before which the page of the conversation ends, from the address."""
        report = super().get_object(request, object_id, from_field)
        if report:
            report.before = number_in(request.GET.get("before", ""))
        return report

    def get_readonly_fields(self, request: HttpRequest, obj: Report | None = None) -> list[str]:
        seen = ["created_at", "shop", "side", "reason", "quoted", "around"]
        return [*seen, "decision"] if obj and obj.closed_at else seen

    def has_add_permission(self, request: HttpRequest, obj: Report | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Report | None = None) -> bool:
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        report = self.get_object(request, object_id)
        if report and request.method == "GET" and self.has_view_permission(request, report):
            self.audit(request, "read", report, reason=report.reason)
        return super().change_view(request, object_id, form_url, extra_context)

    def file(self, request: HttpRequest, report: int, file: UUID) -> HttpResponse:
        """A file of the conversation. That it was read is written down too."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = get_object_or_404(self.get_queryset(request), pk=report)
        files = Attachment.objects.filter(message__in=reported.messages(found))
        attached = get_object_or_404(files, uuid=file)
        self.audit(request, "read_file", found, after={"file": attached.name}, reason=found.reason)
        return as_file(attached)

    def save_model(self, request: HttpRequest, obj: Report, form: Any, change: bool) -> None:
        request._changed = ({}, {"decision": form.cleaned_data.get("decision", "")})
        try:
            manners.close_report(
                report=obj, decision=form.cleaned_data.get("decision", ""), actor=request.user
            )
        except Refusal as refusal:
            messages.error(request, refusal.message)

    @display(description=_("shop"))
    def shop(self, report: Report) -> str:
        return report.conversation.shop.name

    @display(description=_("conversation"))
    def around(self, report: Report) -> SafeString:
        return render_to_string(
            "chat/_reported.html", reported.entries(report, before=report.before)
        )
