"""What was written to whom, and whether it went out."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from unfold.decorators import action, display

from marketflow.core.admin import StaffAdmin, staff_site
from notifications.admin.outgoing import OutgoingPages, StateFilter
from notifications.examples import EXAMPLES
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
    actions_list = ["examples"]

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path(
                "<int:pk>/preview/",
                self.admin_site.admin_view(self.preview),
                name="notifications_mail_preview",
            ),
            path(
                "examples/<slug:name>/<slug:language>.<str:form>",
                self.admin_site.admin_view(self.example),
                name="notifications_mail_example",
            ),
        ]
        return pages + super().get_urls()

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

    @action(description=_("What mails say"), url_path="examples", permissions=["view"])
    def examples(self, request: HttpRequest) -> HttpResponse:
        """Every mail that may be written, sent before or not."""
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("What mails say"),
            "opts": self.opts,
            "examples": [(each, each.render(get_language())[0]) for each in EXAMPLES.values()],
            "languages": settings.LANGUAGES,
        }
        return TemplateResponse(request, "admin/notifications/mail_examples.html", context)

    @method_decorator(require_safe)
    def example(self, request: HttpRequest, name: str, language: str, form: str) -> HttpResponse:
        """One of them, as a mail program shows it or as its text."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if name not in EXAMPLES or language not in dict(settings.LANGUAGES):
            raise Http404
        subject, text, html = EXAMPLES[name].render(language)
        if form == "html":
            return HttpResponse(html)
        if form == "txt":
            return HttpResponse(f"{subject}\n\n{text}", content_type="text/plain; charset=utf-8")
        raise Http404
