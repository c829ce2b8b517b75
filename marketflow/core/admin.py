"""What every admin page stands on. A seller's starts at rows of the shops they run."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.contrib.admin.models import LogEntry
from django.contrib.admin.options import get_content_type_for_model
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse
from unfold.admin import ModelAdmin

from marketflow.core import slugs
from marketflow.core.admin_sites import (
    SellerAdminSite,
    StaffAdminSite,
    seller_site,
    staff_site,
)
from marketflow.core.duties import has_duty
from marketflow.core.errors import Refusal
from marketflow.core.models import AuditEntry
from marketflow.core.money_field import MoneyField, is_amount

__all__ = [
    "MarketAdmin",
    "MoneyFields",
    "ReadOnly",
    "SellerAdminSite",
    "ShopScoped",
    "ShopScopedAdmin",
    "ShopScopedInline",
    "StaffAdmin",
    "StaffAdminSite",
    "seller_site",
    "staff_site",
]


class MoneyFields:
    """Mix in before ModelAdmin or an inline: `*_minor` columns are typed and shown as amounts."""

    def formfield_for_dbfield(
        self, db_field: models.Field, request: HttpRequest, **kwargs: object
    ) -> object:
        if is_amount(db_field):
            return MoneyField.for_column(db_field)
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class MarketAdmin(MoneyFields, ModelAdmin):
    """The base of both sites' pages."""

    list_per_page = 50
    # Counting the whole table beside the filtered one costs a query and tells nobody anything.
    show_full_result_count = False
    list_filter_submit = True
    warn_unsaved_form = True

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: object, object_id: str
    ) -> HttpResponse:
        # Instead of Django's way to the start page with a message: what isn't there isn't there.
        raise Http404

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict | None = None
    ) -> HttpResponse:
        # Django looks for the row first, and so tells who may see none which there are.
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)


class StaffAdmin(MarketAdmin):
    """The house's pages: what is changed here is written down in the same transaction."""

    def get_view_on_site_url(self, obj: models.Model | None = None) -> str | None:
        if obj is None or not hasattr(obj, "get_absolute_url"):
            return None
        return obj.get_absolute_url()

    def log_addition(self, request: HttpRequest, obj: models.Model, message: object) -> object:
        self.audit(request, "added", obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: models.Model, message: object) -> object:
        before, after = getattr(request, "_changed", ({}, {}))
        self.audit(request, "changed", obj, before=before, after=after)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: models.QuerySet) -> object:
        for obj in queryset:
            self.audit(request, "deleted", obj)
        return super().log_deletions(request, queryset)

    def save_model(
        self, request: HttpRequest, obj: models.Model, form: object, change: bool
    ) -> None:
        request._changed = _differences(form) if change else ({}, {})
        if change and "slug" in form.changed_data:
            slugs.note_change(row=obj)
        super().save_model(request, obj, form, change)

    @transaction.atomic
    def changelist_view(
        self, request: HttpRequest, extra_context: dict | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, extra_context)

    def audit(
        self,
        request: HttpRequest,
        action: str,
        obj: models.Model,
        *,
        before: Mapping | None = None,
        after: Mapping | None = None,
        reason: str = "",
    ) -> None:
        AuditEntry.objects.create(
            actor=request.user,
            action=f"{obj._meta.label_lower}.{action}",
            subject=obj._meta.label_lower,
            subject_id=str(obj.pk),
            before=dict(before or {}),
            after=dict(after or {}),
            reason=reason,
            request_id=getattr(request, "request_id", ""),
        )


def _differences(form: object) -> tuple[dict, dict]:
    """What the form changes, as texts: the values before, the values after."""
    before = {name: str(form.initial.get(name, "")) for name in form.changed_data}
    after = {name: str(form.cleaned_data.get(name, "")) for name in form.changed_data}
    return before, after


class ShopScoped:
    """Mix in before ModelAdmin: rows of the shops the person runs, and choices among them.

    `managed_by(user, duty)` on the model's manager is the only rule. The queryset is the guard:
    another shop's row and a row that never was look the same.
    """

    # Foreign keys whose every row anyone may choose, such as a category.
    public_choices: tuple[str, ...] = ()
    # What the role in a shop must allow (`ShopMember.DUTIES`) for its rows to be here at all.
    duty: str

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        own = self.managed(request).values("pk")
        return super().get_queryset(request).filter(pk__in=own)

    def managed(self, request: HttpRequest) -> models.QuerySet:
        return self.model.objects.managed_by(request.user, self.duty)

    def get_field_queryset(
        self, db: str, db_field: models.ForeignKey, request: HttpRequest
    ) -> models.QuerySet:
        if db_field.name in self.public_choices:
            return super().get_field_queryset(db, db_field, request)
        # A model without `managed_by` raises: a relation that cannot be scoped is refused.
        return db_field.remote_field.model.objects.managed_by(request.user, self.duty)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_duty(request)

    def has_own_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        if not self.has_duty(request):
            return False
        return obj is None or self.managed(request).filter(pk=obj.pk).exists()

    has_view_permission = has_change_permission = has_delete_permission = has_own_permission

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        # Inlines hand over the parent, pages nothing: only the site's rule applies.
        return self.has_duty(request)

    def has_duty(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request) and has_duty(request, self.duty)


class ShopScopedAdmin(ShopScoped, MarketAdmin):
    def get_view_on_site_url(self, obj: models.Model | None = None) -> str | None:
        if obj is None or not hasattr(obj, "get_absolute_url"):
            return None
        return obj.get_absolute_url()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict | None = None
    ) -> HttpResponse:
        try:
            return super().changelist_view(request, extra_context)
        except Refusal as refusal:
            return _told(request, refusal)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url="", extra_context=None
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refusal as refusal:
            return _told(request, refusal)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict | None = None
    ) -> HttpResponse:
        """What colleagues did. Staff's steps are in the staff's own book."""
        entries = LogEntry.objects.filter(
            object_id=unquote(object_id),
            content_type=get_content_type_for_model(self.model),
            user__is_staff=False,
        )
        page = self.get_paginator(request, entries.select_related("user").order_by("pk"), 100)
        context = {"action_list": page.get_page(request.GET.get("p"))}
        return super().history_view(request, object_id, context | (extra_context or {}))


def _told(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Found out while saving: somebody else was faster. Nothing of it was written."""
    messages.error(request, refusal.message)
    return HttpResponse(status=303, headers={"Location": request.get_full_path()})


class ShopScopedInline(MoneyFields, ShopScoped):
    """Mix in before an Unfold inline. It belongs to its parent's page, which is scoped already."""

    def get_formset(
        self, request: HttpRequest, obj: models.Model | None = None, **kwargs: object
    ) -> type:
        formset = super().get_formset(request, obj, **kwargs)
        # A cell of a table stands under its title, which no screen reader connects with it.
        for field in formset.form.base_fields.values():
            field.widget.attrs.setdefault("aria-label", field.label)
        return formset

    def has_own_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        # `obj` is the parent here: it must not be looked for among the inline's rows.
        return self.has_duty(request)

    has_view_permission = has_change_permission = has_delete_permission = has_own_permission


class ReadOnly:
    """Mix in before ModelAdmin or an inline: to look at, never to touch."""

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False
