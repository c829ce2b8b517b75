"""Turning pushes on in a browser, and off for any of one's own; following one that moves."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.pages import see_other, too_many
from accounts.services import sessions
from marketflow.core import rate_limits
from marketflow.core.errors import Refusal
from notifications.models import PushSubscription
from notifications.services.pushing import browsers

PARTS = ("endpoint", "p256dh", "auth")


@login_required
@require_POST
def turn_on(request: HttpRequest) -> HttpResponse:
    """What the browser's own `PushManager` made, sent by `mf-push`."""
    subscription = {name: request.POST.get(name, "") for name in PARTS}
    try:
        # Each asks the resolver, as the address of a webhook does.
        rate_limits.count("webhook_address", f"user:{request.user.pk}")
        browsers.require_reachable(**subscription)
        session = sessions.this_one(request)
        browsers.turn_on(user=request.user, session=session, **subscription)
    except rate_limits.TooMany as refusal:
        return too_many(request, refusal)
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("Pushes are on in this browser."))
    return see_other("notifications:preferences")


@csrf_exempt
@require_POST
def move(request: HttpRequest) -> HttpResponse:
    """A browser has changed its subscription. Its worker has no form and no session to show: the
    former address and its secret, which nobody else has, are the proof."""
    subscription = {name: request.POST.get(name, "") for name in PARTS}
    former = {name: request.POST.get(f"former_{name}", "") for name in ("endpoint", "auth")}
    try:
        rate_limits.count("webhook_address", rate_limits.address_of(request))
        browser = browsers.find(**former)
        if browser is None:
            raise Http404
        browsers.require_reachable(**subscription)
        browsers.move(browser, **subscription)
    except rate_limits.TooMany as refusal:
        return too_many(request, refusal)
    except Refusal:
        return HttpResponse(status=422)
    return HttpResponse(status=204)


@login_required
@require_POST
def turn_off(request: HttpRequest, uuid: UUID) -> HttpResponse:
    browser = get_object_or_404(PushSubscription.objects.visible_to(request.user), uuid=uuid)
    browser.delete()
    messages.success(request, _("That browser gets no more pushes."))
    return see_other("notifications:preferences")
