"""Where allauth meets the house: our words, our mails, our limits."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from accounts import mails
from accounts.models import User
from accounts.services import sessions, sign_in_limits

PASSWORD_ADVICE = {
    "password_too_short": _("Choose a longer password: at least 8 characters."),
    "password_too_common": _("Choose a password that fewer people use."),
    "password_too_similar": _("Choose a password that differs from your name and address."),
}

SECOND_FACTOR_MAIL = "account/email/second_factor_changed"
SECOND_FACTOR_CHANGES = {
    "totp_activated": _("An app for codes was added."),
    "totp_deactivated": _("The app for codes was removed."),
    "recovery_codes_generated": _("New recovery codes were made; the old ones are void."),
    "webauthn_added": _("A passkey was added."),
    "webauthn_removed": _("A passkey was removed."),
}


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "duplicate_email": _("This is your address already. Enter another one."),
        "email_password_mismatch": _("Check your e-mail address and password."),
        "enter_current_password": _("Enter the password you use now."),
        "incorrect_password": _("Check your password."),
        "account_inactive": _("This account is closed."),
    }

    def is_ajax(self, request: HttpRequest) -> bool:
        # Pages answer with pages; programs have the API.
        return False

    def is_safe_url(self, url: str) -> bool:
        """Whether `next` may lead there: to this very host, and nowhere else."""
        request = allauth_context.request
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )

    def pre_authenticate(self, request: HttpRequest, **credentials: str) -> None:
        """Count before the hasher runs."""
        sign_in_limits.count(request, credentials.get("email", ""))

    def clean_password(self, password: str, user: User | None = None) -> str:
        try:
            return super().clean_password(password, user)
        except ValidationError as problem:
            raise ValidationError(
                [PASSWORD_ADVICE.get(e.code, e.message) for e in problem.error_list]
            ) from problem

    def set_password(self, user: User, password: str) -> None:
        """A new password ends every session and token of the old one."""
        with transaction.atomic():
            user.set_password(password)
            user.save(update_fields=["password"])
            sessions.end_all(user)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("accounts:security")

    def get_email_verification_redirect_url(self, email_address) -> str:
        if self.request.user.is_authenticated:
            return reverse("accounts:security")
        return reverse("account_login")

    def get_reauthentication_methods(self, user: User) -> list[dict]:
        """The second factor first, for who has one."""
        methods = super().get_reauthentication_methods(user)
        return sorted(methods, key=lambda method: not method["id"].startswith("mfa"))

    def send_mail(self, template_prefix: str, email: str, context: dict) -> None:
        if template_prefix.startswith("mfa/email/"):
            # One mail for all of them: what changed, and what to do if it was somebody else.
            change = SECOND_FACTOR_CHANGES[template_prefix.removeprefix("mfa/email/")]
            template_prefix, context = SECOND_FACTOR_MAIL, context | {"change": change}
        mails.send(template_prefix, to=email, context=context)
