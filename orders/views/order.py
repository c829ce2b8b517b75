"""One order: confirmation, tracking and what can be done with it. And the list of all."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.pages import see_other
from carts.services import baskets
from marketflow.core.errors import Refusal
from marketflow.core.fragments import render_page
from marketflow.core.private_pages import private
from orders.models import Order, Payment, SellerOrder, StateChange
from orders.services import cancelling, disputes, links, rebuying, returns, reviews, timelines
from orders.services.closing import NotCancellable
from orders.views import access
from orders.views.access import of_the_buyer
from orders.views.paying import amounts, why

A_PAGE = 20
# For how long the page says thank you: afterwards it is the page of a parcel on its way.
NEW = timedelta(hours=24)
COURSE = ["pending", "paid", "shipped", "delivered"]
ENDED = ("cancelled", "expired")


@require_safe
@private
def order(request: HttpRequest, number: str) -> HttpResponse:
    if token := request.GET.get("token", ""):
        # Checked once, then kept by the session: the link leaves the address bar and the history.
        found = access.open_by_link(request, number, token) or access.find(request, number)
        return see_other(found) if found else access.nothing_here(request)
    found = access.find(request, number)
    if found is None:
        return access.nothing_here(request)
    context = _context(Order.objects.with_aftercare().get(pk=found.pk))
    return render_page(request, "orders/order.html", "orders/_order.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@of_the_buyer
def cancel(request: HttpRequest, order: Order) -> HttpResponse:
    if request.method != "POST" and order.is_cancellable:
        return render(request, "orders/cancel.html", {"order": order})
    if request.method != "POST":
        messages.error(request, _(NotCancellable.message))
        return see_other(order)
    actor = request.user if request.user.is_authenticated else None
    try:
        cancelling.cancel(order=order, actor=actor)
    except Refusal as refusal:
        messages.error(request, _(refusal.message))
    return see_other(order)


@require_POST
@of_the_buyer
def buy_again(request: HttpRequest, order: Order) -> HttpResponse:
    """Put its items in the cart again, as far as there are any."""
    left_out = rebuying.fill_cart(cart=baskets.find_or_open(request), order=order)
    for line in left_out:
        messages.warning(request, _("%(title)s can't be had now.") % {"title": line.title})
    return baskets.remember(request, see_other("carts:cart"))


@require_POST
@of_the_buyer
def renew_links(request: HttpRequest, order: Order) -> HttpResponse:
    """Whoever has an old link is shut out; this browser stays in."""
    links.renew(order=order)
    access.remember(request, order)
    messages.success(request, _("Old links no longer open this order. A new one is in your mail."))
    return see_other(order)


@require_safe
@private
@login_required
def orders(request: HttpRequest) -> HttpResponse:
    mine = Order.objects.filter(buyer=request.user).prefetch_related(
        "seller_orders__shop", "seller_orders__lines"
    )
    page = Paginator(mine, A_PAGE).get_page(request.GET.get("page"))
    return render(request, "orders/list.html", {"page": page, "orders": list(page)})


def _context(order: Order) -> dict[str, object]:
    parts = sorted(order.seller_orders.all(), key=lambda part: part.pk)
    steps = _steps_taken(parts)
    payments = list(order.payments.all())
    last = payments[0] if payments else None
    is_new = order.paid_at and order.placed_at > now() - NEW
    return {
        "order": order,
        "first_name": order.name.split(" ")[0],
        "is_new": is_new and all(part.state == "paid" for part in parts),
        "is_late": order.state == Order.State.AWAITING_PAYMENT and not order.is_payable,
        "parts": [
            {"part": part, "steps": _course(part, steps[part.pk])} | _choices(order, part)
            for part in parts
        ],
        "timeline": timelines.of_buyer(order),
        "rows": amounts(order),
        "payment": last,
        "why": why(last),
        "is_asking": bool(last and last.state == Payment.State.REQUIRES_ACTION),
        "is_silent": bool(last and last.state in ("created", "processing")),
        "late_money": _money_that_came_late(order, payments),
    }


def _choices(order: Order, part: SellerOrder) -> dict[str, object]:
    """What its buyer may do about it, as far as the page can tell; the services decide."""
    until = returns.deadline(part)
    own = [dispute for dispute in part.disputes.all() if dispute.state == "open"]
    is_quiet = not own
    is_sent = any(line.shipped > line.returned for line in part.lines.all())
    return {
        "can_return": is_sent and (until is None or until > now()),
        "until": until,
        "can_complain": is_quiet and part.state in disputes.DISPUTABLE and part.refundable.amount,
        "can_confirm": is_quiet and part.state in ("shipped", "delivered"),
        # Reviews are signed: a guest has no name here.
        "can_review": order.buyer_id is not None and part.state in reviews.ARRIVED,
        "dispute": own[0] if own else None,
    }


def _money_that_came_late(order: Order, payments: list[Payment]) -> Payment | None:
    """What was captured for an order that was closed already, and is given back."""
    closed = order.state in (Order.State.EXPIRED, Order.State.CANCELLED)
    return next((p for p in payments if closed and p.captured_minor), None)


def _steps_taken(parts: list[SellerOrder]) -> dict[int, dict[str, object]]:
    """When each part came to each state, in one query."""
    taken: dict[int, dict[str, object]] = {part.pk: {} for part in parts}
    changes = StateChange.objects.filter(subject=SellerOrder.SUBJECT, subject_id__in=taken)
    for change in changes:
        taken[change.subject_id][change.dst] = change.changed_at
    return taken


def _course(part: SellerOrder, taken: dict[str, object]) -> list[dict[str, object]]:
    """The steps of a part for the timeline: what was, what is, what is to come."""
    has_ended = part.state in ENDED
    course = [state for state in COURSE if state in taken or not has_ended]
    if has_ended or part.state == "completed":
        course.append(part.state)
    here = course.index(part.state)
    return [
        {
            "label": SellerOrder.State(state).label,
            "at": taken.get(state),
            "state": "current" if n == here else "done" if n < here else "ahead",
        }
        for n, state in enumerate(course)
    ]
