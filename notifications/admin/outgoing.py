"""What mails and pushes have in common for staff: in which state they are, and sending again."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from marketflow.core.admin import ReadOnly
from notifications.models.outgoing import Outgoing


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple]:
        return [("sent", _("Sent")), ("waiting", _("Waiting")), ("failed", _("Failed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        given_up = queryset.model.objects.given_up().values("pk")
        match self.value():
            case "sent":
                return queryset.exclude(sent_at=None)
            case "waiting":
                return queryset.filter(sent_at=None).exclude(pk__in=given_up)
            case "failed":
                return queryset.filter(pk__in=given_up)
        return queryset


class OutgoingPages(ReadOnly):
    """Mix in before the site's ModelAdmin: to look at, and to put back in the queue."""

    actions = ["send_again"]

    def has_send_permission(self, request: HttpRequest) -> bool:
        name = self.opts.model_name
        return request.user.has_perm(f"notifications.change_{name}")

    def can_go_again(self, rows: QuerySet) -> QuerySet:
        return rows

    @display(
        description=_("state"),
        label={"sent": "success", "waiting": "warning", "failed": "danger"},
    )
    def badge(self, row: Outgoing) -> tuple[str, str]:
        if row.sent_at:
            return "sent", gettext("Sent")
        if row.is_given_up:
            return "failed", gettext("Failed")
        return "waiting", gettext("Waiting")

    @action(description=_("Send again"), permissions=["send"])
    def send_again(self, request: HttpRequest, rows: QuerySet) -> None:
        """Put it back in the queue, which the scheduler empties."""
        chosen = list(self.can_go_again(rows))
        rows.model.objects.filter(pk__in=[row.pk for row in chosen]).update(
            sent_at=None, attempts=0, due_at=now(), last_error=""
        )
        for row in chosen:
            self.audit(request, "sent_again", row)
        text = gettext("%(count)d will be sent again.")
        messages.success(request, text % {"count": len(chosen)})
