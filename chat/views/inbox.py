"""All conversations of a person, as a buyer and in their shops."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import Shop
from chat.models import Conversation, Message
from chat.views.finding import own

A_PAGE = 20
MOST_FOUND = 50


@require_safe
@own
def inbox(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()[:200]
    choices = _choices(Shop.objects.managed_by(request.user, "orders").exists())
    only = request.GET.get("only", "")
    only = only if only in choices else ""
    mine = Conversation.objects.visible_to(request.user).with_unread(request.user)
    mine = mine.kept(request.user, only)
    page = Paginator(mine.for_lists(), A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "conversations": list(page),
        "only": only,
        "choices": choices,
        "shown": choices[only],
        "words": words,
        "found": _found(request, words) if words else [],
    }
    return render(request, "chat/inbox.html", context)


def _choices(answers: bool) -> dict[str, str]:
    """What may be shown alone, by its value in the address."""
    mine = {"mine": _("Assigned to you")} if answers else {}
    rest = {"archived": _("Archived")}
    return {"": _("All"), "unread": _("Unread"), "orders": _("Orders")} | mine | rest


def _found(request: HttpRequest, words: str) -> list[Message]:
    rows = Message.objects.visible_to(request.user).saying(words)
    rows = rows.select_related("conversation__buyer", "conversation__shop", "author")
    return list(rows.order_by("-created_at", "-pk")[:MOST_FOUND])
