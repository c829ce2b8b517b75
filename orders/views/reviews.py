"""Reviews as their author writes, changes and takes them back, and as others object to them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.pages import see_other
from marketflow.core import rate_limits
from marketflow.core.errors import Refusal
from marketflow.core.private_pages import private
from orders.models import Order, OrderLine, Review
from orders.review_forms import ReportForm, ReviewForm
from orders.services import reviews
from orders.views.access import of_the_buyer

READS_AND_WRITES = ["GET", "HEAD", "POST"]
A_PAGE = 10
MOST_WAITING = 20


@require_http_methods(READS_AND_WRITES)
@of_the_buyer
def write(request: HttpRequest, order: Order, line: UUID) -> HttpResponse:
    """A review of one line, or another word about it. What was typed stays in the form."""
    mine = OrderLine.objects.bought_by(request.user)
    found = mine.select_related("review").filter(seller_order__order=order, uuid=line).first()
    if found is None:
        raise Http404
    review = getattr(found, "review", None)
    if refusal := _why_not(found, review):
        messages.error(request, _(str(refusal.message)))
        return see_other(order)
    form = ReviewForm(request.POST or None, initial=_as_it_is(review))
    if request.method == "POST" and form.is_valid() and _save(request, found, review, form):
        messages.success(request, _("Thank you for your review."))
        return see_other(order)
    context = {"order": order, "line": found, "review": review, "form": form}
    context["author_name"] = Review(author=request.user).author_name
    status = 422 if request.method == "POST" else 200
    return render(request, "orders/reviews/write.html", context, status=status)


@require_http_methods(READS_AND_WRITES)
@private
@login_required
def withdraw(request: HttpRequest, review: UUID) -> HttpResponse:
    own = Review.objects.written_by(request.user).with_contents()
    mine = get_object_or_404(own, uuid=review)
    if request.method != "POST":
        return render(request, "orders/reviews/withdraw.html", {"review": mine})
    try:
        reviews.withdraw(review=mine)
    except Refusal as refusal:
        messages.error(request, _(str(refusal.message)))
    else:
        messages.success(request, _("Your review is gone."))
    return see_other("orders:reviews")


@require_http_methods(READS_AND_WRITES)
@private
@login_required
def report(request: HttpRequest, review: UUID) -> HttpResponse:
    shown = get_object_or_404(Review.objects.shown().with_contents(), uuid=review)
    form = ReportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            rate_limits.count("report", f"user:{request.user.pk}")
        except Refusal as refusal:
            form.add_error(None, _(str(refusal.message)))
        else:
            reason = form.cleaned_data["reason"]
            reviews.report(review=shown, reporter=request.user, reason=reason)
            messages.success(request, _("Thank you. Our staff look at it."))
            return see_other(shown.get_absolute_url())
    status = 422 if request.method == "POST" else 200
    context = {"review": shown, "form": form}
    return render(request, "orders/reviews/report.html", context, status=status)


@require_safe
@private
@login_required
def mine(request: HttpRequest) -> HttpResponse:
    """What is still to be said, and what was."""
    waiting = OrderLine.objects.bought_by(request.user).arrived().filter(review=None)
    written = Review.objects.written_by(request.user).with_contents()
    written = written.select_related("line__seller_order__order")
    context = {
        "waiting": waiting.order_by("-pk")[:MOST_WAITING],
        "page": Paginator(written, A_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "orders/reviews/mine.html", context)


def _why_not(line: OrderLine, review: Review | None) -> Refusal | None:
    if review is None and not reviews.is_reviewable(line):
        return reviews.NotDelivered()
    if review is not None and not review.is_editable:
        return reviews.NotEditable()
    return None


def _as_it_is(review: Review | None) -> dict[str, object]:
    if review is None:
        return {}
    return {"rating": review.rating, "title": review.title, "body": review.body}


def _save(request: HttpRequest, line: OrderLine, review: Review | None, form: ReviewForm) -> bool:
    """Whether it was kept; what was refused is said above the form."""
    try:
        if review:
            reviews.edit(review=review, **form.cleaned_data)
        else:
            rate_limits.count("review", f"user:{request.user.pk}")
            reviews.post(line=line, author=request.user, **form.cleaned_data)
    except Refusal as refusal:
        form.add_error(None, _(str(refusal.message)))
        return False
    return True
