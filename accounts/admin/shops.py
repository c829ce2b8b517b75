"""Shops as the house sees them: the queue of applications, and the steps staff may take."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display

from accounts.models import Shop, ShopMember
from accounts.services import shops
from marketflow.core.admin import ReadOnly, StaffAdmin, staff_site
from marketflow.core.admin_forms import ReasonForm, answered, ask
from marketflow.core.errors import Refusal
from marketflow.core.money import Money
from marketflow.core.templatetags.marketflow import money

STATE_COLOURS = {
    Shop.State.APPLIED: "warning",
    Shop.State.REFUSED: "danger",
    Shop.State.OPEN: "success",
    Shop.State.SUSPENDED: "danger",
}


class MemberInline(ReadOnly, TabularInline):
    """Who works there is the owner's business; staff look on."""

    model = ShopMember
    fields = ["user", "role", "joined_at"]
    readonly_fields = fields
    extra = 0
    tab = True


@admin.register(Shop, site=staff_site)
class ShopAdmin(StaffAdmin):
    """The approval queue is this list, filtered by state."""

    list_display = ["name", "badge", "country", "member_count", "applied_at", "opened_at"]
    list_filter = ["state", "country"]
    search_fields = ["name", "slug", "email", "legal_name"]
    readonly_fields = [
        "uuid",
        "state",
        "state_reason",
        "applied_at",
        "opened_at",
        "payout_schedule",
        "minimum",
        "payouts_held",
    ]
    inlines = [MemberInline]
    actions = ["approve", "refuse", "suspend", "reinstate", "hold_payouts", "release_payouts"]
    actions_detail = ["approve_this", "refuse_this"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "name",
                    "slug",
                    ("state", "state_reason"),
                    ("applied_at", "opened_at"),
                    "tagline",
                    "about",
                    ("city", "country"),
                    "email",
                ]
            },
        ),
        (
            _("Trader and terms"),
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
        (
            _("Payouts"),
            {"classes": ["tab"], "fields": [("payout_schedule", "minimum"), "payouts_held"]},
        ),
        (
            _("Vacation"),
            {"classes": ["tab"], "fields": [("away_from", "away_until"), "away_note"]},
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).annotate(people=Count("memberships"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        # A shop begins with its owner's application.
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Shop | None = None) -> bool:
        # Orders and payouts name it: a shop is suspended, never erased.
        return False

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def badge(self, shop: Shop) -> tuple[str, str]:
        return shop.state, shop.get_state_display()

    @display(description=_("smallest payout"))
    def minimum(self, shop: Shop) -> str:
        return money(Money(shop.payout_minimum_minor, settings.MARKETPLACE_CURRENCY))

    @display(description=_("members"), ordering="people")
    def member_count(self, shop: Shop) -> int:
        return shop.people

    @action(description=_("Approve"), permissions=["change"])
    def approve(self, request: HttpRequest, rows: QuerySet) -> None:
        self._each(request, rows, lambda shop: shops.approve(shop=shop, by=request.user))

    @action(description=_("Refuse, with a reason"), permissions=["change"])
    def refuse(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        return self._with_reason(request, rows, "refuse", shops.refuse, _("Refuse"))

    @action(description=_("Suspend, with a reason"), permissions=["change"])
    def suspend(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        return self._with_reason(request, rows, "suspend", shops.suspend, _("Suspend"))

    @action(description=_("Reinstate"), permissions=["change"])
    def reinstate(self, request: HttpRequest, rows: QuerySet) -> None:
        self._each(request, rows, lambda shop: shops.reinstate(shop=shop, by=request.user))

    @action(description=_("Hold payouts, with a reason"), permissions=["change"])
    def hold_payouts(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        return self._with_reason(request, rows, "hold_payouts", shops.hold_payouts, _("Hold"))

    @action(description=_("Release payouts"), permissions=["change"])
    def release_payouts(self, request: HttpRequest, rows: QuerySet) -> None:
        self._each(request, rows, lambda shop: shops.release_payouts(shop=shop, by=request.user))

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[UnfoldAction]:
        # Only an application is decided; of any other shop there is nothing to press.
        shop = self.get_object(request, unquote(str(object_id)))
        if shop is None or shop.state != Shop.State.APPLIED:
            return []
        return super().get_actions_detail(request, object_id)

    @action(
        description=_("Approve"), url_path="approve", permissions=["change"], icon="check_circle"
    )
    def approve_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._decided(request, object_id, "approve", forms.Form, _("Approve"))

    @action(
        description=_("Refuse, with a reason"),
        url_path="refuse",
        permissions=["change"],
        icon="cancel",
    )
    def refuse_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._decided(request, object_id, "refuse", ReasonForm, _("Refuse"))

    def _decided(
        self,
        request: HttpRequest,
        object_id: str,
        name: str,
        form_class: type[forms.Form],
        button: str,
    ) -> HttpResponse:
        """The step from the shop's own page: a link leads here, and nothing is done by a link."""
        shop = self.get_object(request, unquote(object_id))
        if shop is None:
            raise Http404
        page = reverse(f"{self.admin_site.name}:accounts_shop_change", args=[shop.pk])
        form = answered(request, form_class)
        if not form.is_valid():
            rows = Shop.objects.filter(pk=shop.pk)
            title = self.get_action(name)[2]
            return ask(
                self,
                request,
                rows,
                form,
                action=name,
                title=title,
                button=button,
                context={"back": page},
            )
        step = getattr(shops, name)
        self._each(
            request, [shop], lambda shop: step(shop=shop, by=request.user, **form.cleaned_data)
        )
        return redirect(page)

    def _with_reason(
        self,
        request: HttpRequest,
        rows: QuerySet,
        name: str,
        step: Callable[..., Shop],
        button: str,
    ) -> HttpResponse | None:
        form = answered(request, ReasonForm)
        if not form.is_valid():
            title = self.get_action(name)[2]
            return ask(self, request, rows, form, action=name, title=title, button=button)
        reason = form.cleaned_data["reason"]
        self._each(request, rows, lambda shop: step(shop=shop, by=request.user, reason=reason))
        return None

    def _each(
        self, request: HttpRequest, rows: Iterable[Shop], step: Callable[[Shop], Shop]
    ) -> None:
        """Take the step with each shop; one that can't take it stops none of the others."""
        done = 0
        for shop in rows:
            try:
                step(shop)
            except Refusal as refusal:
                messages.error(request, f"{shop}: {refusal.message}")
            else:
                done += 1
        if done:
            messages.success(request, gettext("%(count)d done.") % {"count": done})
