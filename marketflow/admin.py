"""What belongs to no app of the market: the outbox, the book of changes, the schedule."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_celery_beat.admin import (
    ClockedScheduleAdmin,
    CrontabScheduleAdmin,
    PeriodicTaskAdmin,
    PeriodicTaskForm,
    TaskSelectWidget,
)
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from marketflow.core.admin import ReadOnly, StaffAdmin, staff_site
from marketflow.core.models import AuditEntry, OutboxEvent


class OutboxFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple]:
        return [("waiting", _("Waiting")), ("stuck", _("Stuck")), ("done", _("Told"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        match self.value():
            case "waiting":
                return queryset.filter(done_at=None)
            case "stuck":
                return queryset.stuck()
            case "done":
                return queryset.exclude(done_at=None)
        return queryset


@admin.register(OutboxEvent, site=staff_site)
class OutboxAdmin(ReadOnly, StaffAdmin):
    list_display = ["name", "created_at", "attempts", "due_at", "done_at"]
    list_filter = [OutboxFilter, "name"]
    search_fields = ["name"]
    ordering = ["-pk"]
    fields = ["name", "payload", "attempts", "created_at", "due_at", "done_at"]
    readonly_fields = fields
    actions = ["tell_now"]

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("core.change_outboxevent")

    @action(description=_("Tell again now"), permissions=["retry"])
    def tell_now(self, request: HttpRequest, rows: QuerySet) -> None:
        """Make the chosen ones due; receivers that heard them already don't hear them again."""
        count = rows.filter(done_at=None).update(due_at=now())
        messages.success(request, gettext("%(count)d are due now.") % {"count": count})


@admin.register(AuditEntry, site=staff_site)
class AuditEntryAdmin(ReadOnly, StaffAdmin):
    list_display = ["created_at", "actor", "action", "subject", "subject_id", "reason"]
    list_select_related = ["actor"]
    list_filter = ["action"]
    search_fields = ["subject", "subject_id", "actor__email", "reason"]
    fields = [
        ("created_at", "actor"),
        ("action", "subject", "subject_id"),
        ("before", "after"),
        "reason",
        "request_id",
    ]
    readonly_fields = [
        "created_at",
        "actor",
        "action",
        "subject",
        "subject_id",
        "before",
        "after",
        "reason",
        "request_id",
    ]


class TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):
    pass


class TaskForm(PeriodicTaskForm):
    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = TaskSelect()


for model in (ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule):
    staff_site.unregister(model)

staff_site.register(IntervalSchedule, StaffAdmin)
staff_site.register(SolarSchedule, StaffAdmin)


@admin.register(PeriodicTask, site=staff_site)
class MarketPeriodicTaskAdmin(StaffAdmin, PeriodicTaskAdmin):
    form = TaskForm
    # Its own has an inline script, which the policy of these pages stops.
    change_form_template = "admin/change_form.html"


@admin.register(CrontabSchedule, site=staff_site)
class MarketCrontabAdmin(StaffAdmin, CrontabScheduleAdmin):
    pass


@admin.register(ClockedSchedule, site=staff_site)
class MarketClockedAdmin(StaffAdmin, ClockedScheduleAdmin):
    pass
