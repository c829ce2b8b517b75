"""Where allauth's second factors meet the house: secrets encrypted, our words, what needs them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

from allauth.account.internal.flows.reauthentication import suspend_request
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.services import second_factors


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("Check the code, or wait for the next one."),
        "unverified_email": _("Confirm your e-mail address first."),
        "add_email_blocked": _("Remove your second factor before you change the address."),
    }

    def encrypt(self, text: str) -> str:
        return _vault().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _vault().decrypt(encrypted_text.encode()).decode()

    def generate_authenticator_name(self, user: object, type: str) -> str:
        number = user.authenticator_set.filter(type=type).count() + 1
        return ngettext("Passkey", "Passkey %(number)d", number) % {"number": number}


class SecondFactorMiddleware:
    """Pages that move money (`settings.SECOND_FACTOR_PAGES`) ask for the second factor anew.

    Pages that add something ask before they show their form; others when something is sent, which
    goes on by itself once the factor was shown.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable, args: tuple, kwargs: dict
    ) -> HttpResponse | None:
        name = request.resolver_match.view_name
        if not name.startswith(tuple(settings.SECOND_FACTOR_PAGES)):
            return None
        if request.method != "POST" and not name.endswith("_add"):
            return None
        # A form that was not asked for lately is filled in anew: it may hold a password.
        return ask(request, keeps=not name.endswith("_add"))


def ask(request: HttpRequest, *, keeps: bool = True) -> HttpResponse | None:
    """The way to prove oneself, where that is needed; None where the page may go on.

    What was sent is kept and goes on afterwards, unless `keeps` is false.
    """
    user = request.user
    if not user.is_authenticated:
        return None
    if second_factors.is_missing(user):
        messages.warning(
            request, gettext("Where money moves, a second factor is needed. Add one.")
        )
        return redirect("mfa_index")
    if not settings.REQUIRE_MFA and not second_factors.are_on(user):
        return None
    if second_factors.was_shown(request):
        return None
    if not keeps:
        return redirect_to_login(request.get_full_path(), _way(request))
    return suspend_request(request, _way(request))


def _way(request: HttpRequest) -> str:
    """Where the factor is shown: by a code where there are codes."""
    types = set(request.user.authenticator_set.values_list("type", flat=True))
    if types & set(second_factors.CODES):
        return reverse("mfa_reauthenticate")
    return reverse("mfa_reauthenticate_webauthn")


def _vault() -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_key(secret)) for secret in secrets])


def _key(secret: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(f"second-factor:{secret}".encode()).digest())
