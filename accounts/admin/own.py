"""What an owner sets: the shop itself, and who works for it."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts import second_factor
from accounts.admin.shops import STATE_COLOURS
from accounts.models import Shop, ShopInvitation, ShopMember
from accounts.services import members, shops
from marketflow.core.admin import ShopScopedAdmin, seller_site
from marketflow.core.errors import Refusal
from marketflow.core.money_field import MoneyField

VACATION = {"away_from", "away_until", "away_note"}


@admin.register(Shop, site=seller_site)
class OwnShopAdmin(ShopScopedAdmin):
    """The settings of the shops somebody owns."""

    duty = "settings"
    list_display = ["name", "badge", "away_from", "away_until"]
    readonly_fields = ["name", "address", "state", "state_reason"]
    fieldsets = [
        (
            _("Profile"),
            {
                "classes": ["tab"],
                "fields": [
                    ("name", "address"),
                    ("state", "state_reason"),
                    "tagline",
                    "about",
                    ("city", "country"),
                    "email",
                ],
            },
        ),
        (
            _("Vacation"),
            {
                "classes": ["tab"],
                "description": _(
                    "From the first day to the last nobody can buy. A vacation that lies ahead "
                    "closes nothing yet; without a last day it lasts until you end it."
                ),
                "fields": [("away_from", "away_until"), "away_note"],
            },
        ),
        (_("Stock"), {"classes": ["tab"], "fields": ["low_stock_at"]}),
        (
            _("Payouts"),
            {
                "classes": ["tab"],
                "description": _(
                    "What has cleared when a day, week or month ends is paid out then, unless it "
                    "is less than the smallest payout."
                ),
                "fields": ["payout_schedule", "payout_minimum_minor"],
            },
        ),
        (
            _("Terms"),
            {
                "classes": ["tab"],
                "fields": [
                    "legal_name",
                    "legal_address",
                    "vat_number",
                    "terms",
                    "returns_policy",
                    "returns_days",
                ],
            },
        ),
    ]

    def has_add_permission(self, request: HttpRequest, obj: Shop | None = None) -> bool:
        # A shop begins with an application, at /sell/.
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Shop | None = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict | None = None
    ) -> HttpResponse:
        own = list(self.managed(request)[:2]) if self.has_duty(request) else []
        if len(own) == 1 and not request.GET:
            return redirect(f"{self.admin_site.name}:accounts_shop_change", own[0].pk)
        return super().changelist_view(request, extra_context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None
    ) -> HttpResponse:
        shop = self.get_object(request, object_id)
        is_about_money = request.method == "POST" and shop and _moves_payouts(request, shop)
        way = second_factor.ask(request) if is_about_money else None
        return way or super().change_view(request, object_id, form_url, extra_context)

    @display(description=_("state"), label=STATE_COLOURS)
    def badge(self, shop: Shop) -> tuple[str, str]:
        return shop.state, shop.get_state_display()

    @display(description=_("address in the market"))
    def address(self, shop: Shop) -> str:
        return shop.get_absolute_url()

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: Shop, form: forms.Form, change: bool) -> None:
        changed = [name for name in form.changed_data if name not in VACATION]
        if changed:
            obj.save(update_fields=changed)
        if VACATION.intersection(form.changed_data):
            shops.plan_vacation(
                shop=obj,
                by=request.user,
                first=obj.away_from,
                last=obj.away_until,
                note=obj.away_note,
            )


@admin.register(ShopMember, site=seller_site)
class TeamAdmin(ShopScopedAdmin):
    """The people of the shops somebody owns. New ones are invited, on the page of invitations."""

    duty = "settings"
    list_display = ["person", "email", "shop", "role", "joined_at"]
    list_select_related = ["user", "shop"]
    list_filter = ["role"]
    search_fields = ["user__name", "user__email"]
    fields = ["person", "email", "shop", "role", "joined_at"]
    readonly_fields = ["person", "email", "shop", "joined_at"]
    # Django's own would delete past the service.
    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @display(description=_("name"), ordering="user__name")
    def person(self, member: ShopMember) -> str:
        return str(member.user)

    @display(description=_("e-mail address"), ordering="user__email")
    def email(self, member: ShopMember) -> str:
        return member.user.email

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context=None
    ) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except Refusal as refusal:
            return self._refused(request, refusal)

    def save_model(
        self, request: HttpRequest, obj: ShopMember, form: forms.Form, change: bool
    ) -> None:
        if "role" in form.changed_data:
            members.change_role(member=obj, role=obj.role, by=request.user)

    def delete_model(self, request: HttpRequest, obj: ShopMember) -> None:
        members.remove_member(member=obj, by=request.user)

    def _refused(self, request: HttpRequest, refusal: Refusal) -> HttpResponse:
        messages.error(request, refusal.message)
        return redirect(f"{self.admin_site.name}:accounts_shopmember_changelist")


def _moves_payouts(request: HttpRequest, shop: Shop) -> bool:
    """Whether what was sent changes when, or from how much on, the shop is paid."""
    least = MoneyField().prepare_value(shop.payout_minimum_minor)
    before = (shop.payout_schedule, least)
    sent = (request.POST.get(name) for name in ("payout_schedule", "payout_minimum_minor"))
    return tuple(sent) != before


class InvitationForm(forms.ModelForm):
    def _get_validation_exclusions(self) -> set[str]:
        # Asking the same address again renews the invitation: one per shop is no error.
        return super()._get_validation_exclusions() | {"shop"}


@admin.register(ShopInvitation, site=seller_site)
class InvitationAdmin(ShopScopedAdmin):
    """Inviting somebody says nothing about whether they have an account."""

    duty = "settings"
    form = InvitationForm
    list_display = ["email", "role", "shop", "invited_at"]
    list_select_related = ["shop"]
    fields = ["shop", "email", "role"]
    actions = None

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, object]:
        return {"shop": self._shops(request).first()}

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_form(self, request: HttpRequest, form: forms.Form, change: bool) -> ShopInvitation:
        # Asking again renews the invitation: the service finds the row, not the form.
        return members.invite(**form.cleaned_data, by=request.user)

    def save_model(
        self, request: HttpRequest, obj: ShopInvitation, form: forms.Form, change: bool
    ) -> None:
        form.save_m2m = lambda: None

    def response_add(
        self, request: HttpRequest, obj: ShopInvitation, post_url_continue: str | None = None
    ) -> HttpResponse:
        messages.success(request, gettext("%(email)s is invited.") % {"email": obj.email})
        return redirect(f"{self.admin_site.name}:accounts_shopinvitation_changelist")

    def _shops(self, request: HttpRequest) -> QuerySet:
        return Shop.objects.managed_by(request.user, self.duty)
