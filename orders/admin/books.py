"""The books: accounts and what moved between them. To read, never to touch."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from marketflow.core.admin import ReadOnly, StaffAdmin, staff_site
from marketflow.core.templatetags.marketflow import money
from orders.models import LedgerAccount, LedgerTransfer


class AboutFilter(admin.SimpleListFilter):
    """The facts that are booked; asking the table for them would read all of it."""

    title = _("fact")
    parameter_name = "kind"
    FACTS = [
        "captured",
        "paid",
        "promotion",
        "commission",
        "commission_vat",
        "completed",
        "refunded",
        "refunded_owed",
        "commission_back",
        "commission_vat_back",
        "promotion_back",
        "promotion_back_owed",
        "refund_sent",
        "refund_come_back",
        "payout",
        "payout_back",
        "recovery",
        "provider_fee",
        "dispute_fee",
    ]

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple]:
        return [(fact, fact.replace("_", " ")) for fact in self.FACTS]

    def queryset(self, request: HttpRequest, queryset):
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(LedgerAccount, site=staff_site)
class AccountAdmin(ReadOnly, StaffAdmin):
    list_display = ["key", "kind", "shop", "order", "balance_text"]
    list_select_related = ["shop", "order"]
    list_filter = ["kind", "currency"]
    search_fields = ["key", "shop__name", "order__number"]
    search_help_text = _("Shop, order or key")
    fields = ["key", "kind", ("shop", "order"), "balance_text"]
    readonly_fields = ["key", "kind", "shop", "order", "balance_text"]

    @display(description=_("debits less credits"), ordering="balance_minor")
    def balance_text(self, account: LedgerAccount) -> str:
        return money(account.balance)


@admin.register(LedgerTransfer, site=staff_site)
class TransferAdmin(ReadOnly, StaffAdmin):
    list_display = ["booked_at", "kind", "debit", "credit", "sum_text", "part"]
    list_display_links = ["booked_at", "kind"]
    list_select_related = ["debit", "credit", "seller_order"]
    list_filter = [AboutFilter]
    search_fields = ["dedupe_key", "seller_order__number", "debit__key", "credit__key"]
    search_help_text = _("Order, account or key")
    ordering = ["-pk"]
    fields = [
        ("booked_at", "kind"),
        "dedupe_key",
        ("debit", "credit", "sum_text"),
        ("seller_order", "payment"),
        ("refund", "payout"),
    ]
    readonly_fields = [name for row in fields for name in ([row] if isinstance(row, str) else row)]

    @display(description=_("amount"), ordering="amount_minor")
    def sum_text(self, transfer: LedgerTransfer) -> str:
        return money(transfer.amount)

    @display(description=_("order"))
    def part(self, transfer: LedgerTransfer) -> str:
        return str(transfer.seller_order or "")
