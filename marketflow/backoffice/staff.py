"""The staff's start page: queues, each with its size and the age of its oldest."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Shop
from catalog.models import ImportJob, ProductImage, SearchMiss
from chat.models import Report
from marketflow.core.models import OutboxEvent
from notifications.models import Mail, Push
from orders.models import Dispute, Order, Payment, Payout, Refund


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    queues = [
        _queue(
            _("Shops to approve"),
            "storefront",
            Shop.objects.filter(state=Shop.State.APPLIED),
            "applied_at",
            "accounts.shop",
            "?state__exact=applied",
        ),
        _queue(
            _("Payments without an end"),
            "payments",
            Payment.objects.open().filter(order__state=Order.State.EXPIRED),
            "created_at",
            "orders.payment",
            "",
        ),
        _queue(
            _("Disputes to decide"),
            "gavel",
            Dispute.objects.open().by(Dispute.Origin.BUYER),
            "opened_at",
            "orders.dispute",
            "?state__exact=open",
        ),
        _queue(
            _("Reported conversations"),
            "flag",
            Report.objects.open(),
            "created_at",
            "chat.report",
            "?state=open",
        ),
        _queue(
            _("Failed refunds"),
            "undo",
            Refund.objects.filter(state=Refund.State.FAILED),
            "created_at",
            "orders.refund",
            "?state__exact=failed",
        ),
        _queue(
            _("Payouts that did not arrive"),
            "account_balance",
            _not_made_good(),
            "created_at",
            "orders.payout",
            "",
        ),
        _queue(
            _("Stuck events"),
            "outbox",
            OutboxEvent.objects.stuck(),
            "created_at",
            "core.outboxevent",
            "?state=stuck",
        ),
        _queue(
            _("Failed mail"),
            "mail",
            Mail.objects.given_up(),
            "created_at",
            "notifications.mail",
            "?state=failed",
        ),
        _queue(
            _("Failed pushes"),
            "notifications",
            Push.objects.given_up(),
            "created_at",
            "notifications.push",
            "?state=failed",
        ),
        _queue(
            _("Failed pictures"),
            "image",
            ProductImage.objects.filter(state=ProductImage.State.FAILED),
            "created_at",
            "catalog.productimage",
            "?state__exact=failed",
        ),
        _queue(
            _("Failed imports"),
            "upload_file",
            ImportJob.objects.filter(state=ImportJob.State.FAILED),
            "created_at",
            "catalog.importjob",
            "?state__exact=failed",
        ),
        _queue(
            _("Searches without result"),
            "search_off",
            SearchMiss.objects.all(),
            "last_at",
            "catalog.searchmiss",
            "",
        ),
    ]
    # A permission that is missing hides the queue.
    context["queues"] = [q for q in queues if request.user.has_perm(q["permission"])]
    if request.user.has_perm("orders.view_order"):
        context["orders"] = Order.objects.aggregate(
            waiting=Count("pk", filter=Q(state=Order.State.AWAITING_PAYMENT)),
            paid=Count("pk", filter=Q(state=Order.State.PAID)),
            completed=Count("pk", filter=Q(state=Order.State.COMPLETED)),
        )
    return context


def _not_made_good() -> QuerySet:
    """Failed and returned payouts that no later one of the shop made good."""
    later = Payout.objects.filter(shop=OuterRef("shop"), pk__gt=OuterRef("pk"), state="paid")
    return Payout.objects.filter(state__in=["failed", "returned"]).exclude(Exists(later))


def _queue(
    title: str, icon: str, rows: QuerySet, since: str, model: str, query: str
) -> dict[str, Any]:
    app, _dot, name = model.partition(".")
    found = rows.order_by().aggregate(count=Count("pk"), since=Min(since))
    return {
        "title": title,
        "icon": icon,
        "permission": f"{app}.view_{name}",
        "url": reverse(f"admin:{app}_{name}_changelist") + query,
        **found,
    }
