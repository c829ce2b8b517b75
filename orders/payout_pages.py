"""The sellers' pages of money: the balance, the payouts, and the statement of each."""

from __future__ import annotations

import csv
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from unfold.admin import ModelAdmin

from accounts.models import Shop
from marketflow.core.csv_cells import guarded
from marketflow.core.errors import Refusal
from marketflow.core.money import Money
from marketflow.core.prices import from_minor
from marketflow.core.templatetags.marketflow import money
from orders.models import Payout
from orders.services import balances, payouts, statements
from orders.services.statements import Group

PAGE_SIZE = 25
COLUMNS = ["date", "kind", "order", "description", "note", "amount", "currency"]
COLUMNS += ["vat_included", "rule"]


def overview(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """What is available, pending and held of each shop, and what was paid out."""
    _require(model_admin.has_view_permission(request))
    shops = Shop.objects.managed_by(request.user, "money").order_by("name")
    found = _payouts(request)
    state = request.GET.get("state", "")
    if state in Payout.State.values:
        found = found.filter(state=state)
    context = {
        "balances": [balance for shop in shops for balance in balances.of(shop)],
        "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
        "state": state,
        "states": Payout.State.choices,
        "accounts_url": reverse("seller:accounts_bankaccount_changelist"),
        "owned": list(Shop.objects.managed_by(request.user, "settings")),
    }
    return _page(model_admin, request, "admin/payouts/overview.html", gettext("Payouts"), context)


def statement(model_admin: ModelAdmin, request: HttpRequest, pk: str) -> HttpResponse:
    """One payout; each of its lines opens to what made it."""
    _require(model_admin.has_view_permission(request))
    payout = _found(request, pk)
    context = {
        "payout": payout,
        "groups": statements.of_payout(payout),
        "steps": _steps(payout),
    }
    title = gettext("Payout %(number)d") % {"number": payout.number}
    return _page(model_admin, request, "admin/payouts/statement.html", title, context)


def printed(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """The statement as a sheet of paper."""
    _require(model_admin.has_view_permission(request))
    payout = _found(request, pk)
    context = {"payout": payout, "groups": statements.of_payout(payout)}
    return TemplateResponse(request, "admin/payouts/print.html", context)


def as_csv(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """A row for each line. They add up to the payout."""
    _require(model_admin.has_view_permission(request))
    payout = _found(request, pk)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"payout-{payout.shop.slug}-{payout.number}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    rows = csv.writer(answer)
    rows.writerow(COLUMNS)
    for group in statements.of_payout(payout):
        rows.writerows(_cells(group))
    return answer


def ask(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """A shop on manual payouts asks for what it has."""
    _require(model_admin.has_view_permission(request))
    own = Shop.objects.managed_by(request.user, "money")
    shop = get_object_or_404(own, slug=request.POST.get("shop", ""))
    currency = request.POST.get("currency", "")[:3]
    try:
        payout = payouts.ask(shop=shop, currency=currency, actor=request.user)
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect("seller:orders_payout_changelist")
    words = gettext("%(amount)s are on the way.") % {"amount": money(payout.amount)}
    messages.success(request, words)
    return redirect("seller:orders_payout_change", payout.pk)


def _cells(group: Group) -> list[list[str]]:
    return [
        [
            guarded(cell)
            for cell in (
                group.at.date().isoformat(),
                line.kind,
                group.part.number if group.part else "",
                line.label,
                line.note,
                _decimal(line.amount),
                line.amount.currency,
                _decimal(line.tax_included) if line.tax_included else "",
                line.rule,
            )
        ]
        for line in group.lines
    ]


def _decimal(amount: Money) -> str:
    return format(from_minor(amount.amount, amount.currency), "f")


def _require(is_allowed: bool) -> None:
    if not is_allowed:
        raise PermissionDenied


def _payouts(request: HttpRequest) -> QuerySet[Payout]:
    return Payout.objects.managed_by(request.user, "money").select_related("shop")


def _found(request: HttpRequest, pk: object) -> Payout:
    """Another shop's payout and one that never was are the same: 404."""
    found = _payouts(request).filter(pk=pk).first() if str(pk).isdecimal() else None
    if found is None:
        raise Http404
    return found


def _steps(payout: Payout) -> list[dict[str, Any]]:
    return [
        {"at": step.changed_at, "label": Payout.State(step.dst).label}
        for step in payout.history.order_by("seq")
    ]


def _page(
    model_admin: ModelAdmin,
    request: HttpRequest,
    template: str,
    title: str,
    context: dict[str, Any],
) -> TemplateResponse:
    request.current_app = model_admin.admin_site.name
    frame = model_admin.admin_site.each_context(request) | {"title": title}
    return TemplateResponse(request, template, frame | context)
