"""Payouts: a shop's own with their statements, and all of them behind the counter."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from marketflow.core.admin import ReadOnly, ShopScopedAdmin, seller_site
from orders import payout_pages
from orders.admin.pages import HasPages
from orders.models import Payout


@admin.register(Payout, site=seller_site)
class OwnPayoutAdmin(HasPages, ReadOnly, ShopScopedAdmin):
    duty = "money"

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path("ask/", self.step(payout_pages.ask), name="orders_payout_ask"),
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
