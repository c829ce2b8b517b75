"""The two admin sites: the house's, and the sellers'. Nobody signs in on either of them."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib import admin
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.translation import gettext_lazy as _
from unfold.dataclasses import SearchResult
from unfold.sites import UnfoldAdminSite

from marketflow.core.duties import seats

MOST_FOUND = 10  # Of each kind, in the palette.
MOST_RESULTS = 100


class MarketSite(UnfoldAdminSite):
    """What both sites do alike."""

    index_title = _("Today")

    # The models that the palette (Ctrl+K) searches, as "catalog.product".
    searched: tuple[str, ...] = ()

    def get_urls(self) -> list[URLPattern]:
        # Django's "view on site" leads to any object of any model, by its number: an address of
        # another shop's draft, the number of a stranger's order.
        return [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]

    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """To the storefront's page: one form, one limit, one look."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        home = reverse(f"{self.name}:index")
        if request.user.is_authenticated:
            return redirect(home)
        asked_for = request.GET.get("next") or request.get_full_path()
        is_login_itself = asked_for.startswith(reverse(f"{self.name}:login"))
        return redirect_to_login(home if is_login_itself else asked_for)

    def logout(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        logout(request)
        return redirect("home")

    def password_change(
        self, request: HttpRequest, extra_context: dict | None = None
    ) -> HttpResponse:
        return redirect("account_change_password")

    def password_change_done(
        self, request: HttpRequest, extra_context: dict | None = None
    ) -> HttpResponse:
        return redirect("account_change_password")

    def search(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """What the sidebar and the palette find.

        Unfold's own remembers answers for minutes under the person and the words: on the other
        site too, and after a seat in a shop was lost. It also has no end.
        """
        words = request.GET.get("s", "").strip().lower()
        if not words:
            return HttpResponse()
        is_palette = "extended" in request.GET
        found = self._search_apps(admin.AdminSite.get_app_list(self, request), words)
        if is_palette:
            found += self._search_rows(request, words)
        pages = Paginator(found[:MOST_RESULTS], MOST_RESULTS)
        return TemplateResponse(
            request,
            "unfold/helpers/command_results.html"
            if is_palette
            else "unfold/helpers/search_results.html",
            {"page_obj": pages, "results": pages.page(1), "page_counter": 0, "execution_time": 0},
            headers={"HX-Trigger": "search"},
        )

    def _search_rows(self, request: HttpRequest, words: str) -> list[SearchResult]:
        found = []
        for model, model_admin in self._registry.items():
            is_searched = model._meta.label_lower in self.searched
            if is_searched and model_admin.has_view_permission(request):
                rows, _has_doubles = model_admin.get_search_results(
                    request, model_admin.get_queryset(request), words
                )
                found += self._links(rows[:MOST_FOUND])
        return found

    def _links(self, rows: Iterable[Model]) -> list[SearchResult]:
        return [
            SearchResult(
                title=str(row),
                description=str(row._meta.verbose_name),
                link=reverse(
                    f"{self.name}:{row._meta.app_label}_{row._meta.model_name}_change",
                    args=[row.pk],
                ),
                icon="data_object",
            )
            for row in rows
        ]


class StaffAdminSite(MarketSite):
    index_template = "admin/staff_index.html"
    searched = ("accounts.user", "accounts.shop", "catalog.product", "orders.order")


class SellerAdminSite(MarketSite):
    settings_name = "UNFOLD_SELLER"
    index_template = "admin/seller_index.html"
    searched = ("catalog.product", "orders.sellerorder")

    def has_permission(self, request: HttpRequest) -> bool:
        # Nobody who sells is staff (invariant I17).
        return request.user.is_active and not request.user.is_staff and bool(seats(request))


# The default site is StaffAdminSite (MarketAdminConfig).
staff_site = admin.site
seller_site = SellerAdminSite(name="seller")
