"""Changing and taking back a message, blocking, reporting, and what is agreed about an order."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages as notes
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Shop
from accounts.pages import form_page, see_other, too_many
from chat.forms import CancelForm, EditForm, OfferForm, ParcelForm, ReportForm, ReturnForm
from chat.models import Conversation, Proposal, Side
from chat.services import manners, messaging, proposals
from chat.views.finding import in_conversation, own_message, part_of
from marketflow.core import rate_limits
from marketflow.core.errors import Refusal
from orders.models import SellerOrder

READS_AND_WRITES = ["GET", "HEAD", "POST"]


@require_http_methods(READS_AND_WRITES)
@in_conversation
def edit(request: HttpRequest, conversation: Conversation, seq: int) -> HttpResponse:
    message = own_message(request, conversation, seq)
    form = EditForm(request.POST or None, initial={"body": message.body})
    if request.method == "POST" and form.is_valid():
        try:
            messaging.edit(message=message, author=request.user, **form.cleaned_data)
        except Refusal as refusal:
            # What was typed stays in the form.
            form.add_error("body", _(str(refusal.message)))
        else:
            return _back(conversation, seq)
    context = {"form": form, "conversation": conversation, "message": message}
    return form_page(request, "chat/edit.html", context)


@require_http_methods(READS_AND_WRITES)
@in_conversation
def delete(request: HttpRequest, conversation: Conversation, seq: int) -> HttpResponse:
    message = own_message(request, conversation, seq)
    if request.method == "POST":
        _do(request, lambda: messaging.delete(message=message, author=request.user))
        return _back(conversation, seq)
    context = {"conversation": conversation, "message": message}
    return render(request, "chat/delete.html", context)


@require_POST
@in_conversation
def block(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    manners.block(conversation=conversation, person=request.user)
    notes.success(request, _("You hear nothing more from them until you unblock."))
    return see_other(conversation)


@require_POST
@in_conversation
def unblock(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    manners.unblock(conversation=conversation, person=request.user)
    return see_other(conversation)


@require_http_methods(READS_AND_WRITES)
@in_conversation
def report(request: HttpRequest, conversation: Conversation, seq: int = 0) -> HttpResponse:
    message = get_object_or_404(conversation.messages, seq=seq) if seq else None
    form = ReportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            rate_limits.count("report", f"user:{request.user.pk}")
        except rate_limits.TooMany as refusal:
            return too_many(request, refusal)
        reason = form.cleaned_data["reason"]
        manners.report(
            conversation=conversation, reporter=request.user, reason=reason, message=message
        )
        notes.success(request, _("Thank you. Our staff will look at it."))
        return see_other(conversation)
    context = {"form": form, "conversation": conversation, "message": message}
    return form_page(request, "chat/report.html", context)


# --- about an order


@require_POST
@in_conversation
def offer(request: HttpRequest, conversation: Conversation, part: str) -> HttpResponse:
    found = _part(request, conversation, part, Side.SHOP, duty="refund")
    form = OfferForm(request.POST)
    terms = {"conversation": conversation, "part": found, "author": request.user}
    return _step(
        request,
        conversation,
        form,
        lambda values: proposals.offer_refund(
            amount_minor=values["amount"], reason=values["reason"], **terms
        ),
    )


@require_POST
@in_conversation
def parcel(request: HttpRequest, conversation: Conversation, part: str) -> HttpResponse:
    found = _part(request, conversation, part, Side.SHOP, duty="ship")
    terms = {"conversation": conversation, "part": found, "author": request.user}
    return _step(
        request,
        conversation,
        ParcelForm(request.POST),
        lambda values: proposals.send_parcel(**values, **terms),
    )


@require_POST
@in_conversation
def cancellation(request: HttpRequest, conversation: Conversation, part: str) -> HttpResponse:
    found = _part(request, conversation, part, Side.BUYER)
    terms = {"conversation": conversation, "part": found, "author": request.user}
    return _step(
        request,
        conversation,
        CancelForm(request.POST),
        lambda values: proposals.ask_to_cancel(reason=values["reason"], **terms),
    )


@require_POST
@in_conversation
def send_back(request: HttpRequest, conversation: Conversation, part: str) -> HttpResponse:
    found = _part(request, conversation, part, Side.BUYER)
    form = ReturnForm(request.POST, part=found)
    terms = {"conversation": conversation, "part": found, "author": request.user}
    return _step(
        request,
        conversation,
        form,
        lambda values: proposals.ask_to_return(
            lines=form.lines(), reason=values["reason"], **terms
        ),
    )


@require_POST
@in_conversation
def received(request: HttpRequest, conversation: Conversation, part: str) -> HttpResponse:
    found = _part(request, conversation, part, Side.BUYER)
    terms = {"conversation": conversation, "part": found, "author": request.user}
    _do(request, lambda: proposals.confirm_receipt(**terms))
    return see_other(conversation)


@require_POST
@in_conversation
def decide(request: HttpRequest, conversation: Conversation, seq: int) -> HttpResponse:
    """Accept or decline what the other side proposed; take back what one's own did."""
    rows = Proposal.objects.filter(message__conversation=conversation, message__seq=seq)
    rows = rows.select_related("message__conversation", "parcel")
    proposal = get_object_or_404(rows)
    asks, answers = proposals.sides(proposal)
    side = conversation.side_of(request.user)
    steps: dict[str, tuple[Side, Callable]] = {
        "accept": (answers, proposals.accept),
        "decline": (answers, proposals.decline),
        "withdraw": (asks, proposals.withdraw),
    }
    who, step = steps.get(request.POST.get("answer", ""), (None, None))
    if who != side or (side == Side.SHOP and not _may(request, conversation, "refund")):
        raise Http404
    _do(request, lambda: step(proposal=proposal, actor=request.user))
    return see_other(f"{conversation.get_absolute_url()}#m{seq}")


def _part(
    request: HttpRequest, conversation: Conversation, number: str, side: Side, duty: str = ""
) -> SellerOrder:
    found = part_of(conversation, number)
    may = not duty or _may(request, conversation, duty)
    if found is None or conversation.side_of(request.user) != side or not may:
        raise Http404
    return found


def _may(request: HttpRequest, conversation: Conversation, duty: str) -> bool:
    shops = Shop.objects.managed_by(request.user, duty)
    return shops.filter(pk=conversation.shop_id).exists()


def _step(
    request: HttpRequest, conversation: Conversation, form: Form, step: Callable
) -> HttpResponse:
    """Do it with what was typed; what is wrong with that is said above the conversation."""
    if not form.is_valid():
        for name, errors in form.errors.items():
            label = form.fields[name].label if name in form.fields else ""
            notes.error(request, f"{label}: {errors[0]}" if label else errors[0])
        return see_other(conversation)
    _do(request, lambda: step(form.cleaned_data))
    return see_other(f"{conversation.get_absolute_url()}#write")


def _do(request: HttpRequest, step: Callable) -> None:
    try:
        step()
    except Refusal as refusal:
        notes.error(request, _(str(refusal.message)))


def _back(conversation: Conversation, seq: int) -> HttpResponse:
    return see_other(f"{conversation.get_absolute_url()}#m{seq}")
