"""Who may open an order's page: its buyer, and who came by the link that a guest was sent.

A link opens one order, once it was checked, for this browser's session. The session remembers a
digest of the link, so that both end when the order's access key is changed.
"""

from __future__ import annotations

import hashlib
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import constant_time_compare

from marketflow.core.private_pages import View, private
from orders.models import Order

SESSION_KEY = "orders"
MOST_REMEMBERED = 20


def of_the_buyer(view: View) -> View:
    """Hand the view the order of this number if it is the caller's, else answer 404."""

    @private
    @wraps(view)
    def guarded(request: HttpRequest, number: str, *args, **kwargs) -> HttpResponse:
        order = find(request, number)
        if order is None:
            return nothing_here(request)
        return view(request, order, *args, **kwargs)

    return guarded


def find(request: HttpRequest, number: str) -> Order | None:
    """The caller's order. Foreign and unknown ones are both None."""
    order = Order.objects.filter(number=number).first()
    if order is None:
        return None
    if order.buyer_id is not None:
        # Staff look at orders in their admin; here everybody has their own.
        is_own = request.user.is_authenticated and order.buyer_id == request.user.pk
        return order if is_own else None
    return order if is_remembered(request, order) else None


def open_by_link(request: HttpRequest, number: str, token: str) -> Order | None:
    """Let a guest in who brings the order's own link, and remember it in the session."""
    order = Order.objects.filter(number=number, buyer=None).first()
    if order is None or not order.opens_with(token):
        return None
    remember(request, order)
    return order


def remember(request: HttpRequest, order: Order) -> None:
    """This browser may open the order of a guest from now on."""
    if order.buyer_id is not None:
        return
    known = request.session.get(SESSION_KEY, {})
    known.pop(order.number, None)
    recent = dict(list(known.items())[-(MOST_REMEMBERED - 1) :])
    request.session[SESSION_KEY] = recent | {order.number: _digest(order)}


def is_remembered(request: HttpRequest, order: Order) -> bool:
    kept = request.session.get(SESSION_KEY, {}).get(order.number, "")
    return bool(kept) and constant_time_compare(kept, _digest(order))


def nothing_here(request: HttpRequest) -> HttpResponse:
    """The same answer for an order that is somebody else's and for one that never was."""
    return render(request, "orders/nothing_here.html", status=404)


def _digest(order: Order) -> str:
    return hashlib.sha256(order.guest_token().encode()).hexdigest()
