"""Somebody's list of what they were told, and what they want to be told."""

from __future__ import annotations

from datetime import date
from itertools import groupby

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import get_default_timezone, localtime, now
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.pages import form_page, see_other
from accounts.services import sessions
from marketflow.core import time_zones
from marketflow.core.private_pages import private
from notifications.forms import PreferencesForm
from notifications.kinds import Channel
from notifications.models import Notification
from notifications.services import inbox as inboxes
from notifications.services import preferences as wishes
from notifications.services.pushing import browsers, vapid

PAGE_SIZE = 24


@require_safe
@login_required
@private
def inbox(request: HttpRequest) -> HttpResponse:
    mine = Notification.objects.visible_to(request.user)
    only_new = request.GET.get("unread") == "1"
    page = Paginator(mine.unread() if only_new else mine, PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    context = {
        "page": page,
        "days": [(day, list(rows)) for day, rows in groupby(page, _day_of)],
        "today": localtime(now(), _zone()).date(),
        "only_new": only_new,
    }
    return render(request, "notifications/inbox.html", context)


@require_safe
@login_required
@private
def open_one(request: HttpRequest, uuid: str) -> HttpResponse:
    """What it is about; that is how it is read."""
    mine = Notification.objects.visible_to(request.user)
    notification = get_object_or_404(mine, uuid=uuid)
    if request.method == "GET":
        inboxes.mark_read(user=request.user, ids=[notification.uuid])
    return see_other(notification.path)


@require_POST
@login_required
def mark_all_read(request: HttpRequest) -> HttpResponse:
    inboxes.mark_read(user=request.user)
    messages.success(request, _("All are marked as read."))
    return see_other("notifications:inbox")


@login_required
@private
def preferences(request: HttpRequest) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = PreferencesForm(data, user=request.user, zone=request.COOKIES.get(time_zones.COOKIE))
    if form.is_valid():
        wishes.save(user=request.user, choices=form.choices(), habits=form.habits())
        messages.success(request, _("Your preferences are saved."))
        return see_other("notifications:preferences")
    context = {"form": form} | _pushes(request)
    return form_page(request, "notifications/preferences.html", context)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@private
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """End the mails of one kind. The signed link is the proof: mail programs have no session.

    Opening it ends nothing, because scanners of mail open every link.
    """
    found = wishes.who_goes(token)
    if found is None:
        raise Http404
    user, kind = found
    is_done = request.method == "POST"
    if is_done:
        wishes.switch_off(user=user, kind=kind.name, channel=Channel.EMAIL)
    context = {"kind": kind, "is_done": is_done}
    return render(request, "notifications/unsubscribe.html", context)


def _pushes(request: HttpRequest) -> dict[str, object]:
    """Of browsers that may be woken; nothing where the market sends no pushes."""
    if not vapid.is_on():
        return {}
    return {
        "server_key": vapid.public_key(),
        "browsers": browsers.of(request.user),
        "here": sessions.this_one(request),
    }


def _zone():
    return time_zones.shown_in() or get_default_timezone()


def _day_of(notification: Notification) -> date:
    return localtime(notification.created_at, _zone()).date()
