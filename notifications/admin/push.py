"""Which browsers were woken, which were not, and why."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from marketflow.core.admin import StaffAdmin, staff_site
from notifications.admin.outgoing import OutgoingPages, StateFilter
from notifications.models import Push


@admin.register(Push, site=staff_site)
class PushAdmin(OutgoingPages, StaffAdmin):
    """Of the push service's address nobody sees more than the host: the rest is a key."""

    list_display = [
        "kind", "person", "browser", "service", "badge", "attempts", "last_error", "created_at",
    ]  # fmt: skip
    list_select_related = ["notification__user", "subscription__session"]
    list_filter = [StateFilter, "notification__kind"]
    search_fields = ["notification__user__email"]
    fields = [
        "kind", "person", "browser", "service", "attempts", "last_error", "created_at", "sent_at",
    ]  # fmt: skip
    readonly_fields = fields

    @display(description=_("kind"))
    def kind(self, push: Push) -> str:
        return push.notification.kind

    @display(description=_("to"))
    def person(self, push: Push) -> str:
        return push.notification.user.email

    @display(description=_("browser"))
    def browser(self, push: Push) -> str:
        return push.subscription.name

    @display(description=_("push service"))
    def service(self, push: Push) -> str:
        return push.subscription.service

    def can_go_again(self, rows: QuerySet[Push]) -> QuerySet[Push]:
        """What was taken buzzes no second time."""
        return rows.filter(sent_at=None)
