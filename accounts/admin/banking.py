"""The bank account of a shop. It is entered whole, and never shown whole again."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.formats import date_format
from django.utils.timezone import now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from accounts import iban as ibans
from accounts.models import BankAccount, Shop
from accounts.services import bank_accounts
from marketflow.core import rate_limits
from marketflow.core.admin import ReadOnly, ShopScopedAdmin, StaffAdmin, seller_site, staff_site
from marketflow.core.duties import seats

STATE_COLOURS = {"new": "warning", "in_use": "success", "replaced": "info"}


class AccountForm(forms.ModelForm):
    """`person` types their password again: an open session is not enough."""

    person = None
    iban = forms.CharField(
        label=_("IBAN"),
        max_length=50,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Kept, and never shown whole again."),
    )
    password = forms.CharField(
        label=_("Your password"),
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
        strip=False,
    )

    def clean_iban(self) -> str:
        iban = ibans.plain(self.cleaned_data["iban"])
        ibans.validate(iban)
        return iban

    def clean_password(self) -> str:
        try:
            rate_limits.count("sign_in_account", rate_limits.account_of(self.person.email))
        except rate_limits.TooMany as refusal:
            raise ValidationError(refusal.message) from refusal
        if not self.person.check_password(self.cleaned_data["password"]):
            raise ValidationError(_("This is not your password."))
        return ""


class ShowsAccount:
    @display(description=_("account"))
    def number(self, account: BankAccount) -> str:
        return account.masked

    @display(description=_("state"), label=STATE_COLOURS)
    def badge(self, account: BankAccount) -> tuple[str, str]:
        return _state_of(account)

    @display(description=_("state"))
    def state_text(self, account: BankAccount) -> str:
        return str(_state_of(account)[1])


@admin.register(BankAccount, site=seller_site)
class OwnAccountAdmin(ShowsAccount, ShopScopedAdmin):
    """A manager sees it; an owner replaces it."""

    duty = "money"
    form = AccountForm
    list_display = ["number", "holder", "shop", "badge", "usable_from"]
    list_select_related = ["shop"]
    actions = None
    shown = ["number", "holder", "shop", "state_text", "added_at", "usable_from", "replaced_at"]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return self.shown if obj else ["shop", "holder", "iban", "password"]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return self.shown if obj else []

    def get_form(self, request: HttpRequest, obj: Model | None = None, **kwargs: object) -> type:
        if obj is not None:
            return super().get_form(request, obj, **kwargs | {"form": forms.ModelForm})
        form = super().get_form(request, obj, **kwargs)
        form.person = request.user
        return form

    def get_field_queryset(
        self, db: str, db_field: object, request: HttpRequest
    ) -> QuerySet[Shop]:
        return self._owned(request)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, object]:
        return {"shop": self._owned(request).first()}

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        is_owner = any(seat.may("settings") for seat in seats(request))
        return super().has_add_permission(request) and is_owner

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    has_delete_permission = has_change_permission

    def save_form(self, request: HttpRequest, form: forms.Form, change: bool) -> BankAccount:
        # The service finds what there is already, not the form.
        return bank_accounts.replace(
            shop=form.cleaned_data["shop"],
            holder=form.cleaned_data["holder"],
            iban=form.cleaned_data["iban"],
            by=request.user,
        )

    def save_model(
        self, request: HttpRequest, obj: BankAccount, form: forms.Form, change: bool
    ) -> None:
        form.save_m2m = lambda: None

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        one_button = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, one_button | (extra_context or {}))

    def response_add(
        self, request: HttpRequest, obj: BankAccount, post_url_continue: str | None = None
    ) -> HttpResponse:
        words = gettext("Payouts go to %(account)s from %(day)s. Every owner gets a mail.")
        day = date_format(obj.usable_from, "j F Y")
        messages.success(request, words % {"account": obj.masked, "day": day})
        return redirect(f"{self.admin_site.name}:accounts_bankaccount_changelist")

    def _owned(self, request: HttpRequest) -> QuerySet[Shop]:
        return Shop.objects.managed_by(request.user, "settings")


@admin.register(BankAccount, site=staff_site)
class AccountAdmin(ShowsAccount, ReadOnly, StaffAdmin):
    list_display = ["number", "holder", "shop", "badge", "usable_from"]
    list_select_related = ["shop"]
    search_fields = ["shop__name", "holder"]
    fields = [
        ("number", "state_text"),
        ("shop", "holder"),
        "provider_account",
        ("added_by", "added_at"),
        ("usable_from", "replaced_at"),
    ]
    readonly_fields = [
        "number",
        "state_text",
        "shop",
        "holder",
        "provider_account",
        "added_by",
        "added_at",
        "usable_from",
        "replaced_at",
    ]


def _state_of(account: BankAccount) -> tuple[str, str]:
    if account.replaced_at:
        return "replaced", _("Replaced")
    # Shown only: the sweep asks the database's clock.
    if account.usable_from > now():
        return "new", _("Waiting")
    return "in_use", _("In use")
