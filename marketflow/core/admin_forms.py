"""Pages between a list and its change: a bulk action asks what it needs before it acts."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextareaWidget

CONFIRMED = "confirmed"


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("The people concerned read this."),
    )


def answered(request: HttpRequest, form_class: type[forms.Form], **kwargs: object) -> forms.Form:
    """The form of an action's page: bound once it was sent, blank when the action was chosen."""
    return form_class(request.POST if CONFIRMED in request.POST else None, **kwargs)


def ask(
    model_admin: ModelAdmin,
    request: HttpRequest,
    rows: QuerySet,
    form: forms.Form,
    *,
    action: str,
    title: str,
    button: str,
    template: str = "admin/action_form.html",
    context: Mapping[str, object] | None = None,
) -> TemplateResponse:
    """The page that asks. What was chosen in the list goes along as hidden fields."""
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(
        request,
        template,
        {
            **model_admin.admin_site.each_context(request),
            "title": title,
            "opts": model_admin.model._meta,
            "media": model_admin.media,
            "form": form,
            "rows": rows[:50],
            "row_count": rows.count(),
            "action": action,
            "button": button,
            "confirmed": CONFIRMED,
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "select_across": request.POST.get("select_across", "0"),
            "back": request.get_full_path(),
            **(context or {}),
        },
    )
