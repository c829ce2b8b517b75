"""What was written to whom, and whether it went out."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from unfold.decorators import display

from marketflow.core.admin import StaffAdmin, staff_site
from notifications.admin.outgoing import OutgoingPages, StateFilter
from notifications.models import Mail


@admin.register(Mail, site=staff_site)
class MailAdmin(OutgoingPages, StaffAdmin):
    list_display = ["subject", "recipient", "kind", "badge", "attempts", "created_at", "sent_at"]
    list_filter = [StateFilter, "kind"]
    search_fields = ["recipient", "subject"]
    fields = ["recipient", "kind", "subject", "attempts", "last_error", "created_at", "sent_at"]
    # Mails hold links that open orders and accounts: their words are a key.
    words = ["text", "preview_link"]
    readonly_fields = [*fields, *words]

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "<int:pk>/preview/",
            self.admin_site.admin_view(self.preview),
            name="notifications_mail_preview",
        )
        return [own, *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: Mail | None = None) -> list[str]:
        return [*self.fields, *self.words] if request.user.is_superuser else self.fields

    @display(description=_("as its reader sees it"))
    def preview_link(self, mail: Mail) -> str:
        if not mail.html:
            return gettext("As text alone.")
        address = reverse("admin:notifications_mail_preview", args=[mail.pk])
        return format_html('<a class="text-link" href="{}">{}</a>', address, gettext("Preview"))

    @method_decorator(require_safe)
    def preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The mail in its reader's language, with its pictures and styles."""
        if not request.user.is_superuser:
            raise PermissionDenied
        mail = self.get_queryset(request).exclude(html="").filter(pk=pk).first()
        if mail is None:
            raise Http404
        return HttpResponse(mail.html)
