"""What Django says of people, as they sign in and out."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import following, sessions, sign_in_limits


@receiver(user_logged_in)
def note_the_browser(sender: type, request: HttpRequest, user: User, **kwargs: object) -> None:
    if not request.session.session_key:
        # A fresh session has no key before it is saved.
        request.session.save()
    sign_in_limits.forgive(request, user.email)
    sessions.forget_old(user)
    sessions.note(request)


@receiver(user_logged_in)
def follow_what_the_guest_would(sender: type, request: HttpRequest, user: User, **kwargs) -> None:
    if not hasattr(request, "session"):
        return
    shops = following.follow_waiting(request.session, user)
    if shops and hasattr(request, "_messages"):
        names = ", ".join(shop.name for shop in shops)
        messages.info(request, _("You follow %(shop)s.") % {"shop": names})


@receiver(user_logged_out)
def forget_the_browser(sender: type, request: HttpRequest, user: User, **kwargs: object) -> None:
    sessions.forget_this(request)
