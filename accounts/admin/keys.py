"""API keys in both back offices. A key's text stands on the page that answers its making, once."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts.models import ApiKey, Shop
from accounts.services import api_keys
from accounts.services.api_keys import TooManyKeys
from marketflow.core.admin import ShopScopedAdmin, StaffAdmin, seller_site, staff_site
from marketflow.core.api.scopes import OF_THE_HOUSE

STATE_COLOURS = {"in_use": "success", "expired": "warning", "revoked": "danger"}


CHOICES = [(scope, f"{scope} – {meaning}") for scope, meaning in ApiKey.SCOPES]


class KeyForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        label=_("May"),
        choices=CHOICES,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("As little as the program needs. A scope can't be added later."),
    )


class ShopKeyForm(KeyForm):
    """What is the house's to do is not offered."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if "scopes" in self.fields:
            self.fields["scopes"].choices = [one for one in CHOICES if one[0] not in OF_THE_HOUSE]


class KeyPages(ModelAdmin):
    """Keys are made and revoked; nothing of them is changed."""

    form = KeyForm
    list_display = ["name", "begins", "shop", "badge", "made_at", "expires_at", "last_used_at"]
    list_select_related = ["shop"]
    list_filter_submit = False
    actions = ["revoke"]
    shown = [
        "name",
        "begins",
        "shop",
        "may",
        "made_by",
        "made_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    ]
    asked: list[str]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return self.shown if obj else self.asked

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return self.shown if obj else []

    def get_form(self, request: HttpRequest, obj: Model | None = None, **kwargs: object) -> type:
        if obj is not None:
            kwargs["form"] = forms.ModelForm
        return super().get_form(request, obj, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # It is revoked, and stays as a trace.
        return False

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        one_button = {"show_save_and_add_another": False, "show_save_and_continue": False}
        try:
            return super().add_view(request, form_url, one_button | (extra_context or {}))
        except TooManyKeys as refusal:
            messages.error(request, refusal.message)
            return self.response_post_save_add(request, None)

    def save_form(self, request: HttpRequest, form: forms.Form, change: bool) -> ApiKey:
        values = {name: form.cleaned_data.get(name) for name in ("shop", *self.asked)}
        key, request.made_key = api_keys.make(by=request.user, **values)
        return key

    def save_model(
        self, request: HttpRequest, obj: ApiKey, form: forms.Form, change: bool
    ) -> None:
        form.save_m2m = lambda: None

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        request.current_app = self.admin_site.name
        context = self.admin_site.each_context(request) | {
            "title": gettext("Your new key"),
            "opts": self.model._meta,
            "key": obj,
            "text": request.made_key,
        }
        answer = TemplateResponse(request, "admin/accounts/new_key.html", context)
        answer["Cache-Control"] = "no-store"
        return answer

    @display(description=_("begins with"))
    def begins(self, key: ApiKey) -> str:
        return f"{key.prefix}…"

    @display(description=_("may"))
    def may(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @display(description=_("state"), label=STATE_COLOURS)
    def badge(self, key: ApiKey) -> tuple[str, str]:
        return key.state, ApiKey.State(key.state).label

    @action(description=_("Revoke"))
    def revoke(self, request: HttpRequest, rows: QuerySet) -> None:
        for key in rows:
            api_keys.revoke(key=key, by=request.user)
        messages.success(request, gettext("Programs with these keys are out."))


@admin.register(ApiKey, site=seller_site)
class OwnKeyAdmin(KeyPages, ShopScopedAdmin):
    form = ShopKeyForm
    duty = "keys"
    asked = ["shop", "name", "scopes", "expires_at"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, object]:
        return {"shop": Shop.objects.managed_by(request.user, self.duty).first()}

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def formfield_for_foreignkey(
        self, db_field: object, request: HttpRequest, **kwargs: object
    ) -> forms.Field:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        # Without a shop it would be the marketplace's own.
        field.required = True
        field.empty_label = None
        return field


@admin.register(ApiKey, site=staff_site)
class KeyAdmin(KeyPages, StaffAdmin):
    """All keys; superusers make those of the marketplace's own programs."""

    asked = ["name", "scopes", "expires_at"]
    search_fields = ["name", "prefix", "shop__name", "made_by__email"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
