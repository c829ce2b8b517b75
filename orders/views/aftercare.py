"""After the sale: sending back, reporting a problem, saying that it came. Guests by their link."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.pages import see_other
from catalog.services.pictures import keeping
from marketflow.core import private_files, rate_limits
from marketflow.core.errors import Refusal
from orders.aftercare_forms import ComplaintForm, ReturnForm
from orders.models import Order, Return, ReturnPicture, SellerOrder
from orders.services import disputes, fulfilment, return_pictures, returns
from orders.views.access import find, of_the_buyer

READS_AND_WRITES = ["GET", "HEAD", "POST"]


def about_a_part(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Hand the view the part of this number, if it is one of the caller's order."""

    @of_the_buyer
    @wraps(view)
    def found(request: HttpRequest, order: Order, part: str, *args, **kwargs) -> HttpResponse:
        parts = order.seller_orders.select_related("order", "shop")
        one = parts.prefetch_related(
            "lines__variant__product__images", "lines__variant__image", "shipments"
        ).filter(number=part)
        if not (mine := one.first()):
            raise Http404
        return view(request, order, mine, *args, **kwargs)

    return found


@require_http_methods(READS_AND_WRITES)
@about_a_part
def send_back(request: HttpRequest, order: Order, part: SellerOrder) -> HttpResponse:
    form = ReturnForm(request.POST or None, request.FILES or None, part=part)
    if request.method != "POST" and not form.lines:
        messages.error(request, _(returns.NotReturnable.message))
        return see_other(order)
    if request.method == "POST" and form.is_valid():
        try:
            parcel = _ask_to_return(request, form)
        except Refusal as refusal:
            form.add_error(None, _(str(refusal.message)))
        else:
            return see_other("orders:return", order.number, parcel.uuid)
    context = {"order": order, "part": part, "form": form, "until": returns.deadline(part)}
    return _page(request, "orders/send_back.html", context)


def _ask_to_return(request: HttpRequest, form: ReturnForm) -> Return:
    """Take the pictures in, outside of any transaction, then ask; what is refused leaves none."""
    person, values = _person(request), form.cleaned_data
    if values["pictures"]:
        who = f"user:{person.pk}" if person else rate_limits.address_of(request)
        rate_limits.count("upload", who)
    pictures = return_pictures.take(values["pictures"])
    try:
        with transaction.atomic():
            form.require_unchanged()
            return returns.request(
                part=form.part,
                lines=values["lines"],
                reason=values["reason"],
                pictures=pictures,
                actor=person,
            )
    except BaseException:
        keeping.forget(pictures)
        raise


@require_safe
def return_picture(request: HttpRequest, number: str, parcel: UUID, picture: UUID) -> HttpResponse:
    """A picture of a return: for its buyer, who may be a guest, its shop, and staff."""
    order = find(request, number)
    rows = (
        _return(order, parcel).pictures
        if order
        else ReturnPicture.objects.visible_to(request.user)
    )
    found = get_object_or_404(
        rows, uuid=picture, parcel__uuid=parcel, parcel__seller_order__order__number=number
    )
    return private_files.as_response(
        found.file, content_type="image/jpeg", name=f"{found.uuid}.jpg", is_download=False
    )


@require_safe
@of_the_buyer
def one_return(request: HttpRequest, order: Order, parcel: UUID) -> HttpResponse:
    """What was asked for, what the shop says, what came of it."""
    found = _return(order, parcel)
    return render(request, "orders/return.html", {"order": order, "parcel": found})


@require_POST
@of_the_buyer
def withdraw_return(request: HttpRequest, order: Order, parcel: UUID) -> HttpResponse:
    return _step(
        request,
        order,
        lambda: returns.withdraw(parcel=_return(order, parcel), actor=_person(request)),
    )


@require_http_methods(READS_AND_WRITES)
@about_a_part
def complain(request: HttpRequest, order: Order, part: SellerOrder) -> HttpResponse:
    form = ComplaintForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            disputes.open_by_buyer(part=part, reason=reason, actor=_person(request))
        except Refusal as refusal:
            form.add_error(None, _(str(refusal.message)))
        else:
            messages.success(request, _("The shop is asked to answer. We write to you."))
            return see_other(order)
    return _page(request, "orders/complain.html", {"order": order, "part": part, "form": form})


@require_POST
@about_a_part
def withdraw_complaint(request: HttpRequest, order: Order, part: SellerOrder) -> HttpResponse:
    own = part.disputes.open().by("buyer").select_related("seller_order__order").first()
    if own is None:
        raise Http404
    return _step(request, order, lambda: disputes.withdraw(dispute=own, actor=_person(request)))


@require_http_methods(READS_AND_WRITES)
@about_a_part
def received(request: HttpRequest, order: Order, part: SellerOrder) -> HttpResponse:
    """It came, and all is well: nothing more is expected of the shop."""
    if request.method != "POST":
        return render(request, "orders/received.html", {"order": order, "part": part})
    return _step(
        request, order, lambda: fulfilment.confirm(seller_order=part, actor=_person(request))
    )


def _step(request: HttpRequest, order: Order, take: Callable[[], object]) -> HttpResponse:
    try:
        take()
    except Refusal as refusal:
        messages.error(request, _(str(refusal.message)))
    return see_other(order)


def _return(order: Order, parcel: UUID) -> Return:
    rows = Return.objects.with_contents().filter(seller_order__order=order, uuid=parcel)
    if not (found := rows.first()):
        raise Http404
    return found


def _person(request: HttpRequest) -> User | None:
    return request.user if request.user.is_authenticated else None


def _page(request: HttpRequest, template: str, context: dict[str, object]) -> HttpResponse:
    # What was typed stands there again, with what is wrong about it.
    return render(request, template, context, status=422 if request.method == "POST" else 200)
