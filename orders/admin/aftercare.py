"""Returns, refunds and disputes: a shop answers its own, staff see all and decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from marketflow.core.admin import ReadOnly, ShopScopedAdmin, StaffAdmin, seller_site, staff_site
from marketflow.core.admin_forms import ReasonForm, answered, ask
from marketflow.core.errors import Refusal
from marketflow.core.money_field import MoneyField
from marketflow.core.templatetags.marketflow import money
from orders import giving_back
from orders.admin.market import STATE_COLOURS, HasTimeline
from orders.admin.pages import HasPages
from orders.models import Dispute, Refund, RefundLine, Return, ReturnLine
from orders.services import disputes, refunds

COLOURS = STATE_COLOURS | {
    "requested": "warning",
    "approved": "info",
    "received": "success",
    "rejected": "danger",
    "withdrawn": "info",
    "succeeded": "success",
    "open": "warning",
    "won": "success",
    "lost": "danger",
}


class Badged:
    """Mix in: state as a badge, an amount in words, the part's number."""

    @display(description=_("state"), ordering="state", label=COLOURS)
    def badge(self, thing: Return | Refund | Dispute) -> tuple[str, str]:
        return thing.state, thing.state_label

    @display(description=_("amount"), ordering="amount_minor")
    def sum_text(self, thing: Refund | Dispute) -> str:
        return money(thing.amount)


# --- sellers


@admin.register(Return, site=seller_site)
class OwnReturnAdmin(HasPages, Badged, ReadOnly, ShopScopedAdmin):
    duty = "orders"
    list_display = ["seller_order", "badge", "contents", "requested_at"]
    list_select_related = ["seller_order"]
    list_filter = ["state"]
    search_fields = ["seller_order__number", "lines__line__title"]

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path("<int:pk>/answer/", self.step(giving_back.answer_return), name="return_answer"),
            path("<int:pk>/receive/", self.step(giving_back.receive), name="return_receive"),
        ]
        return pages + super().get_urls()

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).prefetch_related("lines__line")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return self.page(giving_back.one_return)(request, pk=object_id)

    @display(description=_("contents"))
    def contents(self, parcel: Return) -> str:
        return ", ".join(f"{row.quantity} × {row.line.title}" for row in parcel.lines.all())


@admin.register(Dispute, site=seller_site)
class OwnDisputeAdmin(HasPages, Badged, ReadOnly, ShopScopedAdmin):
    duty = "orders"
    list_display = ["seller_order", "badge", "origin", "sum_text", "opened_at"]
    list_select_related = ["seller_order"]
    list_filter = ["state"]
    search_fields = ["seller_order__number"]

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path("<int:pk>/answer/", self.step(giving_back.answer_dispute), name="dispute_answer")
        ]
        return pages + super().get_urls()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return self.page(giving_back.one_dispute)(request, pk=object_id)


# --- staff


class ReturnLineInline(ReadOnly, TabularInline):
    model = ReturnLine
    fields = ["line", "quantity", "received"]
    readonly_fields = fields
    tab = True


@admin.register(Return, site=staff_site)
class ReturnAdmin(Badged, HasTimeline, StaffAdmin):
    list_display = ["seller_order", "shop", "badge", "reason", "requested_at"]
    list_select_related = ["seller_order__shop"]
    list_filter = ["state"]
    search_fields = ["seller_order__number", "seller_order__shop__name"]
    inlines = [ReturnLineInline]
    fields = [
        ("seller_order", "state_text"),
        "reason",
        "pictures",
        "answer",
        ("requested_at", "decided_at", "received_at"),
        "timeline",
    ]
    readonly_fields = [
        "seller_order",
        "state_text",
        "reason",
        "pictures",
        "answer",
        "requested_at",
        "decided_at",
        "received_at",
        "timeline",
    ]

    @display(description=_("shop"))
    def shop(self, parcel: Return) -> str:
        return parcel.seller_order.shop.name

    @display(description=_("pictures"))
    def pictures(self, parcel: Return) -> str:
        shown = {"pictures": parcel.pictures.all()}
        return render_to_string("orders/_return_pictures.html", shown)


class RefundLineInline(ReadOnly, TabularInline):
    model = RefundLine
    fields = ["line", "quantity", "sum_text"]
    readonly_fields = fields
    tab = True

    @display(description=_("amount"))
    def sum_text(self, row: RefundLine) -> str:
        return money(row.amount)


@admin.register(Refund, site=staff_site)
class RefundAdmin(Badged, HasTimeline, StaffAdmin):
    list_display = ["uuid", "payment", "seller_order", "kind", "badge", "sum_text", "created_at"]
    list_select_related = ["payment", "seller_order"]
    list_filter = ["state", "kind"]
    search_fields = ["uuid", "seller_order__number", "payment__order__number"]
    inlines = [RefundLineInline]
    actions = ["try_again"]
    fields = [
        ("uuid", "state_text"),
        ("payment", "seller_order", "returned"),
        ("kind", "sum_text", "delivery_text"),
        ("reason", "failure", "provider_reference"),
        ("created_at", "succeeded_at"),
        "timeline",
    ]
    readonly_fields = [
        "uuid",
        "state_text",
        "payment",
        "seller_order",
        "returned",
        "kind",
        "sum_text",
        "delivery_text",
        "reason",
        "failure",
        "provider_reference",
        "created_at",
        "succeeded_at",
        "timeline",
    ]

    @display(description=_("of it delivery"))
    def delivery_text(self, refund: Refund) -> str:
        return money(refund.shipping)

    def has_money_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.change_refund")

    @action(description=_("Try failed refunds again"), permissions=["money"])
    def try_again(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        form = answered(request, ReasonForm)
        if not form.is_valid():
            title, button = gettext("Try failed refunds again"), gettext("Try again")
            return ask(self, request, rows, form, action="try_again", title=title, button=button)
        for refund in rows.order_by("pk"):
            self._try(request, refund, form.cleaned_data["reason"])
        return None

    @transaction.atomic
    def _try(self, request: HttpRequest, refund: Refund, reason: str) -> None:
        before = {"state": refund.state, "failure": refund.failure}
        try:
            refunds.try_again(refund=refund, actor=request.user)
        except Refusal as refusal:
            messages.error(request, f"{refund.uuid}: {gettext(str(refusal.message))}")
            return
        after = {"state": refund.state}
        self.audit(request, "tried_again", refund, before=before, after=after, reason=reason)
        messages.success(request, gettext("%(refund)s is sent again.") % {"refund": refund.uuid})


class DecisionForm(ReasonForm):
    """How much goes back; the word is typed by hand, because nothing brings the money back."""

    WORD = "decided"
    amount = MoneyField(label=_("Goes back to the buyer"), help_text=_("0: decided for the shop."))
    word = forms.CharField(
        label=_("Type “decided”"),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )
    field_order = ["amount", "reason", "word"]

    def clean_word(self) -> str:
        if self.cleaned_data["word"].strip().lower() != self.WORD:
            raise forms.ValidationError(_("Type the word as it stands there."))
        return self.WORD


@admin.register(Dispute, site=staff_site)
class DisputeAdmin(Badged, HasTimeline, StaffAdmin):
    list_display = ["seller_order", "shop", "badge", "origin", "sum_text", "opened_at"]
    list_select_related = ["seller_order__shop"]
    list_filter = ["state", "origin"]
    search_fields = ["seller_order__number", "seller_order__shop__name", "provider_reference"]
    actions = ["decide"]
    fields = [
        ("seller_order", "state_text"),
        ("origin", "provider_reference", "sum_text"),
        "reason",
        "answer",
        "decision",
        ("opened_at", "closed_at"),
        "timeline",
    ]
    readonly_fields = [
        "seller_order",
        "state_text",
        "origin",
        "provider_reference",
        "sum_text",
        "reason",
        "answer",
        "decision",
        "opened_at",
        "closed_at",
        "timeline",
    ]

    @display(description=_("shop"))
    def shop(self, dispute: Dispute) -> str:
        return dispute.seller_order.shop.name

    def has_money_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.change_dispute")

    @action(description=_("Decide, with an amount and a reason"), permissions=["money"])
    def decide(self, request: HttpRequest, rows: QuerySet) -> HttpResponse | None:
        chosen = list(rows.select_related("seller_order__order")[:2])
        if len(chosen) != 1:
            messages.error(request, gettext("Decide one dispute at a time."))
            return None
        form = answered(request, DecisionForm)
        if form.is_valid():
            self._decide(request, chosen[0], form.cleaned_data)
            return None
        title, button = gettext("Decide the dispute"), gettext("Decide")
        return ask(self, request, rows, form, action="decide", title=title, button=button)

    @transaction.atomic
    def _decide(self, request: HttpRequest, dispute: Dispute, said: dict[str, Any]) -> None:
        try:
            disputes.decide(
                dispute=dispute,
                refund_minor=said["amount"],
                decision=said["reason"],
                actor=request.user,
            )
        except Refusal as refusal:
            messages.error(request, gettext(str(refusal.message)))
            return
        self.audit(
            request,
            "decided",
            dispute,
            before={"state": Dispute.State.OPEN},
            after={"state": dispute.state, "refund_minor": said["amount"]},
            reason=said["reason"],
        )
        messages.success(request, gettext("Decided."))
