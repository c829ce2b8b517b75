"""A seller's start page: what to do first, then what was sold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from accounts.models import BankAccount, Shop
from carts.models import ShippingOption
from catalog.models import Product, ProductImage, StockItem, Variant
from catalog.models.stock import LOW
from chat.models import Conversation
from marketflow.backoffice.charts import bars
from marketflow.core.duties import has_duty
from marketflow.core.money import Money
from marketflow.core.templatetags.marketflow import at_most
from notifications.services.counts import counts_of
from orders.models import Dispute, LedgerAccount, Payout, Return, SellerOrder
from orders.services import payouts

DAYS = 30
NOT_SOLD = ["pending", "cancelled", "expired"]


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    context["shops"] = list(Shop.objects.managed_by(request.user))
    context["tasks"] = [task for task in _tasks(request) if task["count"]]
    if has_duty(request, "orders"):
        context |= _sales(request)
    context["checklist"] = _checklist(request)
    return context


def _tasks(request: HttpRequest) -> list[dict[str, Any]]:
    """What waits, by what the person may do about it."""
    tasks = []
    if has_duty(request, "orders"):
        tasks += [_to_ship(request), _waiting_messages(request)]
        tasks += _waiting_for_an_answer(request)
    if has_duty(request, "stock"):
        tasks.append(_low_stock(request))
    if has_duty(request, "catalogue"):
        tasks += _unfinished(request)
    if has_duty(request, "money"):
        tasks.append(_failed_payouts(request))
    return tasks


def _to_ship(request: HttpRequest) -> dict[str, Any]:
    parts = SellerOrder.objects.managed_by(request.user, "orders").to_ship()
    oldest = parts.order_by("order__paid_at").values_list("order__paid_at", flat=True).first()
    return {
        "title": _("Orders to ship"),
        "icon": "local_shipping",
        "count": parts.count(),
        "since": oldest,
        "url": reverse("seller:orders_queue"),
    }


def _waiting_for_an_answer(request: HttpRequest) -> list[dict[str, Any]]:
    """Returns to answer or receive, and disputes without an answer."""
    returns = Return.objects.managed_by(request.user, "orders").open()
    disputes = Dispute.objects.managed_by(request.user, "orders").open().filter(answer="")
    return [
        {
            "title": _("Open returns"),
            "icon": "assignment_return",
            "count": returns.count(),
            "since": returns.order_by("pk").values_list("requested_at", flat=True).first(),
            "url": reverse("seller:orders_return_changelist"),
        },
        {
            "title": _("Disputes to answer"),
            "icon": "gavel",
            "count": disputes.count(),
            "since": disputes.order_by("pk").values_list("opened_at", flat=True).first(),
            "url": reverse("seller:orders_dispute_changelist"),
        },
    ]


def _waiting_messages(request: HttpRequest) -> dict[str, Any]:
    """What buyers wrote and nobody in the shop has read; what one waits for as a buyer is not."""
    own = Conversation.objects.managed_by(request.user).exclude(buyer=request.user)
    waiting = own.unread(request.user).order_by("last_message_at")
    rows = list(waiting.values_list("unread", "last_message_at"))
    return {
        "title": _("Messages waiting"),
        "icon": "forum",
        "count": sum(unread for unread, _at in rows),
        "since": rows[0][1] if rows else None,
        "url": f"{reverse('chat:inbox')}?only=unread",
    }


def unread_messages(request: HttpRequest) -> str:
    """The badge in the sidebar: as many as the storefront's header has, "" for none."""
    number = counts_of(request.user)["messages"]
    return _("%(number)s new") % {"number": at_most(number, 9)} if number else ""


def payout_problems(request: HttpRequest) -> list[dict[str, Any]]:
    """What keeps shops with money here from being paid: told on every page of the site."""
    if not has_duty(request, "money"):
        return []
    money = LedgerAccount.objects.filter(
        kind__in=["shop_pending", "shop_available"], balance_minor__lt=0
    )
    shops = Shop.objects.managed_by(request.user, "money").filter(pk__in=money.values("shop"))
    found = [{"shop": shop, "problem": payouts.problem(shop)} for shop in shops]
    return [row for row in found if row["problem"]]


def _failed_payouts(request: HttpRequest) -> dict[str, Any]:
    """Those that no later payout made good."""
    own = Payout.objects.managed_by(request.user, "money")
    later = own.filter(shop=OuterRef("shop"), pk__gt=OuterRef("pk"), state=Payout.State.PAID)
    failed = own.filter(state__in=["failed", "returned"]).exclude(Exists(later))
    return {
        "title": _("Payouts that did not arrive"),
        "icon": "payments",
        "count": failed.count(),
        "since": failed.order_by("pk").values_list("created_at", flat=True).first(),
        "url": reverse("seller:orders_payout_changelist"),
    }


def _low_stock(request: HttpRequest) -> dict[str, Any]:
    items = StockItem.objects.managed_by(request.user, "stock")
    low = items.filter(
        on_hand__lte=F("allocated") + LOW,
        variant__is_active=True,
        variant__product__state=Product.State.PUBLISHED,
    )
    address = reverse("seller:catalog_stockitem_changelist")
    return {
        "title": _("Low or sold out"),
        "icon": "shelves",
        "count": low.count(),
        "url": f"{address}?level=low",
    }


def _unfinished(request: HttpRequest) -> list[dict[str, Any]]:
    products = Product.objects.managed_by(request.user, "catalogue")
    pictures = ProductImage.objects.filter(product=OuterRef("pk"))
    bare = products.exclude(state=Product.State.ARCHIVED).exclude(Exists(pictures))
    address = reverse("seller:catalog_product_changelist")
    return [
        {
            "title": _("Products without picture"),
            "icon": "image",
            "count": bare.count(),
            "url": f"{address}?picture=none",
        },
        {
            "title": _("Drafts"),
            "icon": "edit_note",
            "count": products.filter(state=Product.State.DRAFT).count(),
            "url": f"{address}?state__exact=draft",
        },
    ]


def _sales(request: HttpRequest) -> dict[str, Any]:
    today = localdate()
    first = today - timedelta(days=DAYS - 1)
    parts = SellerOrder.objects.managed_by(request.user, "orders").exclude(state__in=NOT_SOLD)
    by_day = {
        row["day"]: row
        for row in parts.filter(order__paid_at__date__gte=first)
        .annotate(day=TruncDate("order__paid_at"))
        .values("day")
        .annotate(orders=Count("pk"), minor=Sum("total_minor"))
    }
    currency = settings.MARKETPLACE_CURRENCY
    days = []
    for number in range(DAYS):
        day = first + timedelta(days=number)
        row = by_day.get(day, {"orders": 0, "minor": 0})
        days.append({"day": day, "orders": row["orders"], "sales": Money(row["minor"], currency)})
    return {
        "sales_days": days,
        "sales_bars": bars([day["sales"].amount for day in days]),
        "sales_total": Money(sum(day["sales"].amount for day in days), currency),
        "sales_orders": sum(day["orders"] for day in days),
    }


def _checklist(request: HttpRequest) -> list[dict[str, Any]]:
    """What a new shop still needs; empty once everything is done."""
    if not has_duty(request, "settings"):
        return []
    steps = [step for shop in _own_shops(request) for step in _steps(shop)]
    return steps if any(not step["is_done"] for step in steps) else []


def _own_shops(request: HttpRequest) -> QuerySet:
    own = {"shop": OuterRef("pk")}
    return Shop.objects.managed_by(request.user, "settings").annotate(
        has_product=Exists(Variant.objects.filter(**own)),
        has_shipping=Exists(ShippingOption.objects.offered().filter(**own)),
        has_account=Exists(BankAccount.objects.in_use().filter(**own)),
        has_picture=Exists(ProductImage.objects.filter(product__shop=OuterRef("pk"))),
    )


def _steps(shop: Shop) -> list[dict[str, Any]]:
    products = reverse("seller:catalog_product_changelist")
    settings_page = reverse("seller:accounts_shop_change", args=[shop.pk])
    steps = [
        (_("Add a first product"), shop.has_product, reverse("seller:catalog_product_add")),
        (
            _("Say how you ship, and for how much"),
            shop.has_shipping,
            reverse("seller:carts_shippingoption_add"),
        ),
        (_("Write your terms and returns policy"), bool(shop.terms), settings_page),
        (_("Show a picture of what you sell"), shop.has_picture, products),
        (
            _("Enter the bank account you are paid to"),
            shop.has_account,
            reverse("seller:accounts_bankaccount_add"),
        ),
    ]
    return [
        {"title": title, "is_done": is_done, "url": url, "shop": shop}
        for title, is_done, url in steps
    ]
