"""A shop's part of each order. It sees its own lines and the address, and nothing else of it."""

from __future__ import annotations

from functools import partial, update_wrapper
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import action, display

from marketflow.core.admin import ReadOnly, ShopScopedAdmin, seller_site
from marketflow.core.templatetags.marketflow import money
from orders import giving_back, selling
from orders.admin.market import STATE_COLOURS
from orders.models import OrderLine, SellerOrder


@admin.register(SellerOrder, site=seller_site)
class OwnOrderAdmin(ReadOnly, ShopScopedAdmin):
    duty = "orders"
    list_display = ["number", "recipient", "contents", "badge", "amount", "placed_at"]
    list_filter = ["state"]
    search_fields = ["number", "order__name", "lines__sku", "lines__title"]
    search_help_text = _("Number, name, product or SKU")
    ordering = ["-pk"]
    actions = ["mark_shipped", "print_slips"]

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path("queue/", self._page(selling.queue), name="orders_queue"),
            path("slips/", self._page(selling.slips), name="orders_slips"),
            path("<int:pk>/ship/", self._step(selling.ship), name="orders_ship"),
            path("<int:pk>/cancel/", self._step(giving_back.cancel), name="orders_cancel"),
            path("<int:pk>/refund/", self._step(giving_back.refund), name="orders_refund"),
            path("<int:pk>/delivered/", self._step(selling.deliver), name="orders_deliver"),
        ]
        return pages + super().get_urls()

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        lines = OrderLine.objects.order_by("pk")
        parts = super().get_queryset(request).select_related("order", "shop")
        return parts.prefetch_related(Prefetch("lines", lines))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return self._page(selling.part)(request, pk=object_id)

    @display(description=_("to"), ordering="order__name")
    def recipient(self, part: SellerOrder) -> str:
        return part.order.name

    @display(description=_("contents"))
    def contents(self, part: SellerOrder) -> str:
        lines = [str(line) for line in part.lines.all()]
        return ", ".join(lines[:2]) + (f" +{len(lines) - 2}" if len(lines) > 2 else "")

    @display(description=_("state"), ordering="state", label=STATE_COLOURS)
    def badge(self, part: SellerOrder) -> tuple[str, str]:
        return part.state, part.state_label

    @display(description=_("total"), ordering="total_minor")
    def amount(self, part: SellerOrder) -> str:
        return money(part.total)

    @display(description=_("placed"), ordering="order__placed_at")
    def placed_at(self, part: SellerOrder) -> object:
        return part.order.placed_at

    @action(description=_("Mark shipped"))
    def mark_shipped(self, request: HttpRequest, rows: QuerySet) -> HttpResponse:
        return self._to("orders_queue", rows)

    @action(description=_("Print packing slips"))
    def print_slips(self, request: HttpRequest, rows: QuerySet) -> HttpResponse:
        return self._to("orders_slips", rows)

    def _to(self, name: str, rows: QuerySet) -> HttpResponse:
        chosen = list(rows.values_list("pk", flat=True)[: selling.MOST_ROWS])
        query = urlencode({"part": chosen}, doseq=True)
        return redirect(f"{reverse(f'{self.admin_site.name}:{name}')}?{query}")

    def _page(self, view: Any) -> Any:
        bound = update_wrapper(partial(view, self), view)
        return self.admin_site.admin_view(bound)

    def _step(self, view: Any) -> Any:
        return require_POST(self._page(view))
