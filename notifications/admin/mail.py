"""What was written to whom, and whether it went out."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from marketflow.core.admin import StaffAdmin, staff_site
from notifications.admin.outgoing import OutgoingPages, StateFilter
from notifications.models import Mail


@admin.register(Mail, site=staff_site)
class MailAdmin(OutgoingPages, StaffAdmin):
    list_display = ["subject", "recipient", "kind", "badge", "attempts", "created_at", "sent_at"]
    list_filter = [StateFilter, "kind"]
    search_fields = ["recipient", "subject"]
    fields = ["recipient", "kind", "subject", "attempts", "last_error", "created_at", "sent_at"]
    readonly_fields = [*fields, "text"]

    def get_fields(self, request: HttpRequest, obj: Mail | None = None) -> list[str]:
        # Mails hold links that open orders and accounts: their text is a key.
        return [*self.fields, "text"] if request.user.is_superuser else self.fields
