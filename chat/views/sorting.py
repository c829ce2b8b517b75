"""Putting a conversation away, muting it, and saying who of the shop answers it."""

from __future__ import annotations

from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.pages import see_other
from chat.models import Conversation, Side
from chat.services import sorting
from chat.views.finding import in_conversation


@require_POST
@in_conversation
def archive(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    sorting.archive(conversation=conversation, person=request.user)
    notes.success(request, _("Archived. A new message brings it back."))
    return see_other("chat:inbox")


@require_POST
@in_conversation
def unarchive(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    sorting.unarchive(conversation=conversation, person=request.user)
    return see_other(conversation)


@require_POST
@in_conversation
def mute(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    sorting.mute(conversation=conversation, person=request.user, is_muted=True)
    notes.success(request, _("You are told of no new messages here."))
    return see_other(conversation)


@require_POST
@in_conversation
def unmute(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    sorting.mute(conversation=conversation, person=request.user, is_muted=False)
    return see_other(conversation)


@require_POST
@in_conversation
def assign(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    if conversation.side_of(request.user) == Side.BUYER:
        raise Http404
    number = request.POST.get("member", "")
    colleagues = conversation.people(Side.SHOP)
    member = get_object_or_404(colleagues, pk=_number(number)) if number else None
    sorting.assign(conversation=conversation, member=member)
    notes.success(request, _("Saved."))
    return see_other(conversation)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Http404
    return int(text)
