"""The sellers' pages of orders: the queue to ship, one order, packing slips.

They stand in the frame of the sellers' admin and start at the same rows as its lists.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext, ngettext
from unfold.admin import ModelAdmin

from accounts.models import Shop
from marketflow.core.errors import Refusal
from orders.giving_forms import CancelForm, RefundForm
from orders.models import OrderLine, SellerOrder, Shipment
from orders.parcel_forms import ParcelForm, ShipForm
from orders.services import fulfilment, timelines

MOST_ROWS = 50  # Of the queue, and of slips printed at once.
CARRIERS = ["An Post", "DHL", "DPD", "FedEx", "GLS", "Royal Mail", "UPS"]


def queue(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """What is paid for and not sent, oldest first; a parcel each, all with one button."""
    require(model_admin.has_view_permission(request))
    waiting = _parts(request, "orders").to_ship().order_by("order__paid_at", "pk")
    chosen = request.GET.getlist("part")
    if chosen:
        waiting = waiting.filter(pk__in=[pk for pk in chosen if pk.isdecimal()])
    total = waiting.count()
    rows = _rows(request, list(waiting[:MOST_ROWS]))
    if request.method == "POST":
        left = [row for row in rows if not _send(request, row)]
        _tell(request, len(rows) - len(left))
        rows = left
        if not any(row["form"].errors for row in rows):
            return redirect(request.get_full_path() if rows else address("orders_queue"))
    context = {"rows": rows, "total": total, "carriers": CARRIERS, "is_chosen": bool(chosen)}
    status = 422 if request.method == "POST" else 200
    return in_frame(
        model_admin, request, "admin/orders/queue.html", gettext("Orders to ship"), context, status
    )


def part(model_admin: ModelAdmin, request: HttpRequest, pk: str) -> HttpResponse:
    """One shop's part of an order, with what can be done next."""
    require(model_admin.has_view_permission(request))
    found = find_part(request, "orders", pk)
    return show_part(model_admin, request, found)


def show_part(
    model_admin: ModelAdmin, request: HttpRequest, part: SellerOrder, **forms: Any
) -> HttpResponse:
    """The page of `part`, with what may be done; `forms` that were sent stand as they were."""
    context = _about(request, part) | forms
    status = 422 if request.method == "POST" and "estimate" not in forms else 200
    return in_frame(
        model_admin, request, "admin/orders/part.html", part.number, context, status=status
    )


def ship(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Send one parcel, of all that is left or of chosen units."""
    require(model_admin.has_view_permission(request))
    found = find_part(request, "ship", pk)
    form = ShipForm(request.POST, part=found)
    if not form.is_valid():
        return show_part(model_admin, request, found, form=form)
    try:
        with transaction.atomic():
            form.require_unchanged()
            shipment = fulfilment.ship(
                seller_order=found, actor=request.user, **form.cleaned_data["parcel"]
            )
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, gettext("Sent: %(parcel)s.") % {"parcel": shipment})
    return redirect(address("orders_sellerorder_change", found.pk))


def deliver(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    require(model_admin.has_view_permission(request))
    found = find_part(request, "ship", pk)
    try:
        fulfilment.deliver(seller_order=found, actor=request.user)
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, gettext("%(order)s has arrived.") % {"order": found})
    return redirect(address("orders_sellerorder_change", found.pk))


def slips(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Packing slips, a sheet each: those asked for, or all that are to be sent."""
    require(model_admin.has_view_permission(request))
    parts = _parts(request, "orders").order_by("order__paid_at", "pk")
    chosen = [pk for pk in request.GET.getlist("part") if pk.isdecimal()]
    sheets = list(parts.filter(pk__in=chosen) if chosen else parts.to_ship())[:MOST_ROWS]
    if not sheets:
        raise Http404
    return TemplateResponse(request, "admin/orders/slips.html", {"parts": sheets})


def require(is_allowed: bool) -> None:
    """Answer 403 where the role does not allow the page."""
    if not is_allowed:
        raise PermissionDenied


def _parts(request: HttpRequest, duty: str) -> QuerySet:
    lines = OrderLine.objects.order_by("pk")
    parts = SellerOrder.objects.managed_by(request.user, duty).select_related("order", "shop")
    return parts.prefetch_related(Prefetch("lines", lines))


def find_part(request: HttpRequest, duty: str, pk: object) -> SellerOrder:
    """Another shop's order and one that never was are the same: 404."""
    if not str(pk).isdecimal():
        raise Http404
    found = _parts(request, duty).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _rows(request: HttpRequest, parts: list[SellerOrder]) -> list[dict[str, Any]]:
    may_ship = set(Shop.objects.managed_by(request.user, "ship").values_list("pk", flat=True))
    carriers = _last_carriers({part.shop_id for part in parts})
    today = localdate()
    return [
        {
            "part": part,
            "is_late": part.deliver_by is not None and part.deliver_by < today,
            "may_ship": part.shop_id in may_ship,
            "form": ParcelForm(
                request.POST if request.method == "POST" else None,
                prefix=f"p{part.pk}",
                initial={"carrier": carriers.get(part.shop_id, "")},
                part=part,
            ),
        }
        for part in parts
    ]


def _last_carriers(shops: set[int]) -> dict[int, str]:
    """What each shop sent its latest parcel with."""
    used = Shipment.objects.filter(seller_order__shop__in=shops).exclude(carrier="")
    latest = used.order_by("-pk").values_list("seller_order__shop", "carrier")[:200]
    return dict(reversed(list(latest)))


def _send(request: HttpRequest, row: dict[str, Any]) -> bool:
    """Whether the row is done with: its parcel has left."""
    form, part = row["form"], row["part"]
    if not (row["may_ship"] and form.is_valid() and form.is_wanted):
        return False
    try:
        fulfilment.ship(
            seller_order=part,
            carrier=form.cleaned_data["carrier"],
            tracking_number=form.cleaned_data["tracking_number"],
            actor=request.user,
        )
    except Refusal as refusal:
        form.add_error(None, str(refusal.message))
        return False
    return True


def _tell(request: HttpRequest, sent: int) -> None:
    if not sent:
        messages.warning(request, gettext("Nothing was shipped: enter a tracking number."))
        return
    text = ngettext("%(count)d order shipped.", "%(count)d orders shipped.", sent)
    messages.success(request, text % {"count": sent})


def _ship_form(request: HttpRequest, part: SellerOrder) -> ShipForm | None:
    if part.state != SellerOrder.State.PAID or not _may(request, part, "ship"):
        return None
    carriers = _last_carriers({part.shop_id})
    return ShipForm(part=part, initial={"carrier": carriers.get(part.shop_id, "")})


def _about(request: HttpRequest, part: SellerOrder) -> dict[str, Any]:
    may_ship = _may(request, part, "ship")
    may_refund = _may(request, part, "refund")
    is_paid = part.state == SellerOrder.State.PAID
    return {
        "part": part,
        "carriers": CARRIERS,
        "form": _ship_form(request, part),
        "shipments": part.shipments.prefetch_related("lines__line"),
        "refunds": part.refunds.all(),
        "returns": part.returns.all(),
        "disputes": part.disputes.all(),
        "timeline": timelines.of_shop(part),
        "may_deliver": may_ship and part.state == SellerOrder.State.SHIPPED,
        "cancel_form": CancelForm(part=part) if may_refund and is_paid else None,
        "refund_form": RefundForm(part=part) if may_refund and _has_money(part) else None,
    }


def _may(request: HttpRequest, part: SellerOrder, duty: str) -> bool:
    return SellerOrder.objects.managed_by(request.user, duty).filter(pk=part.pk).exists()


def _has_money(part: SellerOrder) -> bool:
    return part.order.paid_at is not None and part.refundable.amount > 0


def address(name: str, *args: object) -> str:
    """Where a page of the sellers' admin is."""
    return reverse(f"seller:{name}", args=args)


def in_frame(
    model_admin: ModelAdmin,
    request: HttpRequest,
    template: str,
    title: str,
    context: dict[str, Any],
    status: int = 200,
) -> TemplateResponse:
    """`template` in the frame of the sellers' admin."""
    request.current_app = model_admin.admin_site.name
    frame = model_admin.admin_site.each_context(request) | {"title": title}
    return TemplateResponse(request, template, frame | context, status=status)
