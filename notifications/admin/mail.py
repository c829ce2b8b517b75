"""What was written to whom, and whether it went out."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from marketflow.core.admin import ReadOnly, StaffAdmin, staff_site
from notifications.models import Mail


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple]:
        return [("sent", _("Sent")), ("waiting", _("Waiting")), ("failed", _("Failed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        given_up = Mail.objects.given_up().values("pk")
        match self.value():
            case "sent":
                return queryset.exclude(sent_at=None)
            case "waiting":
                return queryset.filter(sent_at=None).exclude(pk__in=given_up)
            case "failed":
                return queryset.filter(pk__in=given_up)
        return queryset


@admin.register(Mail, site=staff_site)
class MailAdmin(ReadOnly, StaffAdmin):
    list_display = ["subject", "recipient", "kind", "badge", "attempts", "created_at", "sent_at"]
    list_filter = [StateFilter, "kind"]
    search_fields = ["recipient", "subject"]
    fields = ["recipient", "kind", "subject", "attempts", "last_error", "created_at", "sent_at"]
    readonly_fields = [*fields, "text"]
    actions = ["send_again"]

    def get_fields(self, request: HttpRequest, obj: Mail | None = None) -> list[str]:
        # Mails hold links that open orders and accounts: their text is a key.
        return [*self.fields, "text"] if request.user.is_superuser else self.fields

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.change_mail")

    @display(
        description=_("state"),
        label={"sent": "success", "waiting": "warning", "failed": "danger"},
    )
    def badge(self, mail: Mail) -> tuple[str, str]:
        if mail.sent_at:
            return "sent", gettext("Sent")
        if mail.is_given_up:
            return "failed", gettext("Failed")
        return "waiting", gettext("Waiting")

    @action(description=_("Send again"), permissions=["send"])
    def send_again(self, request: HttpRequest, rows: QuerySet) -> None:
        """Put it back in the queue, which the scheduler empties."""
        chosen = list(rows)
        rows.update(sent_at=None, attempts=0, due_at=now(), last_error="")
        for mail in chosen:
            self.audit(request, "sent_again", mail)
        text = gettext("%(count)d will be sent again.")
        messages.success(request, text % {"count": len(chosen)})
