"""allauth's forms for second factors, in our words and under our limits."""

from __future__ import annotations

from allauth.mfa.base import forms as base
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.forms.words import say
from accounts.models import User
from accounts.services import second_factors

WRONG = _("Check the code, or wait for the next one.")


class Code:
    """A code counts once, and guesses are counted."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        say(
            self.fields["code"],
            _("Code"),
            missing=_("Enter a code"),
            hint=_("The six digits your app shows, or one of your recovery codes."),
            autocomplete="one-time-code",
            spellcheck="false",
        )

    @transaction.atomic
    def clean_code(self) -> str:
        second_factors.count_attempt(self.user)
        # Two recovery codes used at once must both be spent.
        User.objects.select_for_update().get(pk=self.user.pk)
        code = super().clean_code()
        if not second_factors.use_once(self.user, code):
            raise ValidationError(WRONG)
        return code


class SignInCodeForm(Code, base.AuthenticateForm):
    pass


class ProveCodeForm(Code, base.ReauthenticateForm):
    pass


class AppForm(totp.ActivateTOTPForm):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        say(
            self.fields["code"],
            _("Code"),
            missing=_("Enter the code your app shows"),
            hint=_("The six digits your app shows now."),
            autocomplete="one-time-code",
            inputmode="numeric",
        )

    def clean_code(self) -> str:
        second_factors.count_attempt(self.user)
        return super().clean_code()


class PasskeyForm(webauthn.AddWebAuthnForm):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        say(self.fields["name"], _("Name"), hint=_("By which you know it, such as “Laptop”."))


class PasskeyNameForm(webauthn.EditWebAuthnForm):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        say(self.fields["name"], _("Name"), missing=_("Enter a name"))
