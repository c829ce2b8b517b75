"""Orders and payments behind the counter: to read, with everything that happened to them."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from marketflow.core.admin import ReadOnly, StaffAdmin, staff_site
from marketflow.core.templatetags.marketflow import money
from orders.models import Order, OrderLine, Payment, PaymentEvent, SellerOrder
from orders.services import timelines

STATE_COLOURS = {
    "awaiting_payment": "warning",
    "pending": "warning",
    "created": "warning",
    "requires_action": "warning",
    "processing": "warning",
    "paid": "info",
    "shipped": "info",
    "delivered": "success",
    "completed": "success",
    "captured": "success",
    "cancelled": "danger",
    "expired": "danger",
    "failed": "danger",
}


class HasTimeline(ReadOnly):
    """Mix in before StaffAdmin: state as a badge, amounts in words, and the history."""

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def badge(self, thing: Order | SellerOrder | Payment) -> tuple[str, str]:
        return thing.state, thing.state_label

    @display(description=_("state"))
    def state_text(self, thing: Order | SellerOrder | Payment) -> str:
        return thing.state_label

    @display(description=_("total"), ordering="total_minor")
    def amount(self, thing: Order | SellerOrder) -> str:
        return money(thing.total)

    @display(description=_("timeline"))
    def timeline(self, thing: Order | SellerOrder | Payment) -> str:
        steps = self.steps(thing).select_related("actor").order_by("changed_at", "pk")
        rows = [
            (
                step.changed_at.strftime("%Y-%m-%d %H:%M:%S"),
                step.subject.replace("_", " "),
                step.src or "–",
                step.dst,
                step.actor or "",
            )
            for step in steps
        ]
        return format_html_join("", "<div>{} · {} · {} → {} {}</div>", rows)

    def steps(self, thing: Model) -> QuerySet:
        return thing.history


class PartInline(ReadOnly, TabularInline):
    model = SellerOrder
    fields = ["number", "shop", "state", "shipping_name", "sum_text"]
    readonly_fields = fields
    show_change_link = True
    tab = True

    @display(description=_("total"))
    def sum_text(self, part: SellerOrder) -> str:
        return money(part.total)


class PaymentInline(ReadOnly, TabularInline):
    model = Payment
    fields = ["provider", "method", "state", "sum_text", "failure", "created_at"]
    readonly_fields = fields
    show_change_link = True
    tab = True

    @display(description=_("amount"))
    def sum_text(self, payment: Payment) -> str:
        return money(payment.amount)


@admin.register(Order, site=staff_site)
class OrderAdmin(HasTimeline, StaffAdmin):
    list_display = ["number", "email", "badge", "amount", "placed_at", "paid_at"]
    list_filter = ["state", "country"]
    search_fields = ["number", "email", "name"]
    date_hierarchy = "placed_at"
    inlines = [PartInline, PaymentInline]
    fields = [
        ("number", "state_text"),
        ("email", "buyer"),
        "address",
        "note",
        ("goods_text", "shipping_text", "discount_text"),
        ("amount", "tax_text"),
        ("placed_at", "expires_at", "paid_at"),
        "timeline",
    ]
    readonly_fields = [name for row in fields for name in ([row] if isinstance(row, str) else row)]

    @display(description=_("timeline"))
    def timeline(self, order: Order) -> str:
        rows = [
            (
                entry.at.strftime("%Y-%m-%d %H:%M:%S"),
                entry.part or entry.subject,
                entry.text,
                money(entry.amount) if entry.amount else "",
                entry.detail,
                entry.actor,
            )
            for entry in timelines.of_staff(order)
        ]
        return format_html_join("", "<div>{} · {} · {} {} {} {}</div>", rows)

    @display(description=_("delivery address"))
    def address(self, order: Order) -> str:
        return format_html_join("", "<div>{}</div>", [(line,) for line in order.lines()])

    @display(description=_("goods"))
    def goods_text(self, order: Order) -> str:
        return money(order.goods)

    @display(description=_("delivery"))
    def shipping_text(self, order: Order) -> str:
        return money(order.shipping)

    @display(description=_("discount"))
    def discount_text(self, order: Order) -> str:
        return money(order.discount)

    @display(description=_("VAT included"))
    def tax_text(self, order: Order) -> str:
        return money(order.tax_included)


class LineInline(ReadOnly, TabularInline):
    model = OrderLine
    fields = ["title", "options", "sku", "quantity", "shipped", "released", "sum_text"]
    readonly_fields = fields
    tab = True

    @display(description=_("total"))
    def sum_text(self, line: OrderLine) -> str:
        return money(line.total)


@admin.register(SellerOrder, site=staff_site)
class SellerOrderAdmin(HasTimeline, StaffAdmin):
    list_display = ["number", "shop", "badge", "amount", "placed_at"]
    list_select_related = ["shop", "order"]
    list_filter = ["state"]
    search_fields = ["number", "shop__name", "order__email"]
    inlines = [LineInline]
    fields = [
        ("number", "state_text"),
        ("order", "shop"),
        ("shipping_name", "deliver_from", "deliver_by"),
        "amount",
        "timeline",
    ]
    readonly_fields = [
        "number",
        "state_text",
        "order",
        "shop",
        "shipping_name",
        "deliver_from",
        "deliver_by",
        "amount",
        "timeline",
    ]

    @display(description=_("placed"), ordering="order__placed_at")
    def placed_at(self, part: SellerOrder) -> object:
        return part.order.placed_at


class EventInline(ReadOnly, TabularInline):
    model = PaymentEvent
    fields = ["received_at", "event_id", "kind", "amount_minor", "currency", "result"]
    readonly_fields = fields
    tab = True

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("task")

    @display(description=_("what came of it"))
    def result(self, event: PaymentEvent) -> str:
        return " ".join([event.task.result, event.task.reason]).strip()


@admin.register(Payment, site=staff_site)
class PaymentAdmin(HasTimeline, StaffAdmin):
    list_display = ["uuid", "order", "provider", "badge", "sum_text", "failure", "created_at"]
    list_select_related = ["order"]
    list_filter = ["state", "provider"]
    search_fields = ["uuid", "provider_reference", "order__number"]
    inlines = [EventInline]
    fields = [
        ("uuid", "state_text"),
        "order",
        ("provider", "provider_reference", "method"),
        ("sum_text", "fee_text", "failure"),
        ("created_at", "captured_at", "closed_at"),
        "timeline",
    ]
    readonly_fields = [
        "uuid",
        "state_text",
        "order",
        "provider",
        "provider_reference",
        "method",
        "sum_text",
        "fee_text",
        "failure",
        "created_at",
        "captured_at",
        "closed_at",
        "timeline",
    ]

    @display(description=_("amount"), ordering="amount_minor")
    def sum_text(self, payment: Payment) -> str:
        return money(payment.amount)

    @display(description=_("fee of the provider"))
    def fee_text(self, payment: Payment) -> str:
        return money(payment.fee) if payment.fee else ""
