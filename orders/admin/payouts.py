"""Payouts: a shop's own with their statements, and all of them behind the counter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.services import shops
from marketflow.core.admin import ReadOnly, ShopScopedAdmin, StaffAdmin, seller_site, staff_site
from marketflow.core.admin_forms import ReasonForm, answered, ask
from marketflow.core.errors import Refusal
from marketflow.core.templatetags.marketflow import money
from orders import connect_pages, payout_pages
from orders.admin.market import STATE_COLOURS, HasTimeline
from orders.admin.pages import HasPages
from orders.models import Payout, PayoutItem
from orders.services import payout_sending

COLOURS = STATE_COLOURS | {"paid": "success", "returned": "danger"}


@admin.register(Payout, site=seller_site)
class OwnPayoutAdmin(HasPages, ReadOnly, ShopScopedAdmin):
    duty = "money"

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path("ask/", self.step(payout_pages.ask), name="orders_payout_ask"),
            path("connect/", self.step(connect_pages.connect), name="orders_connect"),
            path(
                "connected/<slug:slug>/",
                self.page(connect_pages.connected),
                name="orders_connected",
            ),
            path("<int:pk>/print/", self.page(payout_pages.printed), name="orders_payout_print"),
            path("<int:pk>/csv/", self.page(payout_pages.as_csv), name="orders_payout_csv"),
        ]
        return pages + super().get_urls()

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return self.page(payout_pages.overview)(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return self.page(payout_pages.statement)(request, pk=object_id)


class ItemInline(ReadOnly, TabularInline):
    model = PayoutItem
    verbose_name_plural = _("What it covers")
    fields = ["fact", "about", "sum_text", "booked"]
    readonly_fields = fields
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows = super().get_queryset(request)
        return rows.select_related("transfer__seller_order", "transfer__credit")

    @display(description=_("fact"))
    def fact(self, item: PayoutItem) -> str:
        return item.transfer.kind

    @display(description=_("about"))
    def about(self, item: PayoutItem) -> str:
        return str(item.transfer.seller_order or "")

    @display(description=_("amount"))
    def sum_text(self, item: PayoutItem) -> str:
        brings = item.transfer.credit.kind == "shop_available"
        return money(item.transfer.amount if brings else -item.transfer.amount)

    @display(description=_("booked"))
    def booked(self, item: PayoutItem) -> object:
        return item.transfer.booked_at


class ReturnedForm(forms.Form):
    """Money that did not come back must not be owed twice: the word is typed by hand."""

    WORD = "returned"
    word = forms.CharField(
        label=_("Type “returned”"),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )
    reason = forms.CharField(
        label=_("What the bank says"), max_length=500, widget=UnfoldAdminTextInputWidget
    )

    def clean_word(self) -> str:
        word = self.cleaned_data["word"].strip().lower()
        if word != self.WORD:
            raise forms.ValidationError(_("Type the word “returned” to confirm."))
        return word


class PayForm(forms.Form):
    """Nothing to fill in: a button that says what it does."""


@admin.register(Payout, site=staff_site)
class PayoutAdmin(HasTimeline, StaffAdmin):
    list_display = ["title", "shop", "state_badge", "sum_text", "sent_to", "failure", "created_at"]
    list_select_related = ["shop"]
    list_filter = ["state", "provider"]
    search_fields = ["uuid", "provider_reference", "shop__name"]
    date_hierarchy = "created_at"
    inlines = [ItemInline]
    actions = ["hold", "release", "retry", "mark_returned"]
    fields = [
        ("title", "state_text"),
        ("shop", "held_text"),
        ("sum_text", "sent_to"),
        ("provider", "provider_reference"),
        "failure",
        ("created_at", "closed_at"),
        "timeline",
    ]
    readonly_fields = [name for row in fields for name in ([row] if isinstance(row, str) else row)]

    def has_money_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.change_payout")

    @display(description=_("payout"), ordering="pk")
    def title(self, payout: Payout) -> str:
        return gettext("Payout %(number)d") % {"number": payout.number}

    @display(description=_("state"), ordering="state", label=COLOURS)
    def state_badge(self, payout: Payout) -> tuple[str, str]:
        return payout.state, payout.state_label

    @display(description=_("amount"), ordering="amount_minor")
    def sum_text(self, payout: Payout) -> str:
        return money(payout.amount)

    @display(description=_("payouts held"))
    def held_text(self, payout: Payout) -> str:
        return payout.shop.payouts_held or gettext("No")

    @action(description=_("Hold the payouts of these shops, with a reason"), permissions=["money"])
    def hold(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        form = answered(request, ReasonForm)
        if not form.is_valid():
            return self._ask(request, rows, form, "hold", _("Hold"))
        reason = form.cleaned_data["reason"]
        self._each(
            request,
            _first_of_each_shop(rows),
            lambda payout: shops.hold_payouts(shop=payout.shop, by=request.user, reason=reason),
        )
        return None

    @action(description=_("Release the payouts of these shops"), permissions=["money"])
    def release(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        form = answered(request, PayForm)
        if not form.is_valid():
            return self._ask(request, rows, form, "release", _("Release"))
        self._each(
            request,
            _first_of_each_shop(rows),
            lambda payout: shops.release_payouts(shop=payout.shop, by=request.user),
        )
        return None

    @action(description=_("Try again"), permissions=["money"])
    def retry(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        form = answered(request, PayForm)
        if not form.is_valid():
            return self._ask(request, rows, form, "retry", _("Try again"))

        def step(payout: Payout) -> None:
            before = payout.state
            tried = payout_sending.retry(payout=payout, actor=request.user)
            after = {"payout": str(tried.uuid), "state": tried.state}
            self.audit(request, "retried", payout, before={"state": before}, after=after)

        self._each(request, rows, step)
        return None

    @action(description=_("Mark returned by the bank"), permissions=["money"])
    def mark_returned(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        form = answered(request, ReturnedForm)
        if not form.is_valid():
            return self._ask(request, rows, form, "mark_returned", _("Mark returned"))

        @transaction.atomic
        def step(payout: Payout) -> None:
            before = {"state": payout.state}
            after = payout_sending.mark_returned(payout=payout, actor=request.user)
            self.audit(
                request,
                "returned",
                payout,
                before=before,
                after={"state": after.state},
                reason=form.cleaned_data["reason"],
            )

        self._each(request, rows, step)
        return None

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        # Not in one transaction, as other lists are: trying again asks the provider.
        return super(StaffAdmin, self).changelist_view(request, extra_context)

    def _ask(
        self, request: HttpRequest, rows: QuerySet, form: forms.Form, name: str, button: str
    ) -> HttpResponse:
        title = self.get_action(name)[2]
        return ask(self, request, rows, form, action=name, title=title, button=button)

    def _each(
        self, request: HttpRequest, rows: QuerySet | list[Payout], step: Callable[[Payout], Any]
    ) -> None:
        """Take the step with each; one that can't take it stops none of the others."""
        done = 0
        for payout in rows:
            try:
                step(payout)
            except Refusal as refusal:
                messages.error(request, f"{payout.shop} {payout.number}: {refusal.message}")
            else:
                done += 1
        if done:
            messages.success(request, gettext("%(count)d done.") % {"count": done})


def _first_of_each_shop(rows: QuerySet) -> list[Payout]:
    return list({payout.shop_id: payout for payout in rows.select_related("shop")}.values())
