"""allauth's forms in our words."""

from __future__ import annotations

from allauth.account import forms as allauth_forms
from allauth.account.internal.flows.signup import prevent_enumeration
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.words import say, say_email, say_new_password
from accounts.models import User
from accounts.services import registration
from marketflow.core import rate_limits


class SignInForm(allauth_forms.LoginForm):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        say_email(self.fields["login"], autocomplete="username")
        say(self.fields["password"], _("Password"), missing=_("Enter your password"))
        say(self.fields["remember"], _("Keep me signed in"))


class SignUpForm(allauth_forms.SignupForm):
    field_order = ("name", "email", "password1", "wants_news")

    name = forms.CharField(max_length=120)
    wants_news = forms.BooleanField(required=False)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        say(
            self.fields["name"],
            _("Your name"),
            missing=_("Enter your name"),
            autocomplete="name",
        )
        say_email(self.fields["email"])
        say_new_password(self.fields["password1"], _("Password"))
        say(self.fields["wants_news"], _("Send me news of the market, about once a month"))

    def validate_unique_email(self, value: str) -> str:
        # The database decides in `try_save`; asking here would only race with it.
        return value

    def try_save(self, request):
        """The account, or the answer that a known address gets: the same to look at."""
        user = registration.sign_up(
            email=self.cleaned_data["email"],
            password=self.cleaned_data["password1"],
            name=self.cleaned_data["name"],
            wants_news=self.cleaned_data["wants_news"],
        )
        if user is None:
            return None, prevent_enumeration(request, email=self.cleaned_data["email"])
        return user, None


class AskResetForm(allauth_forms.ResetPasswordForm):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        say_email(self.fields["email"])

    def clean_email(self) -> str:
        email = super().clean_email()
        account = rate_limits.account_of(email)
        rate_limits.count("password_reset", account)
        # An address that somebody entered and never confirmed opens nothing.
        address = User.objects.normalize_email(email)
        self.users = [user for user in self.users if user.email == address]
        return email


class ChooseNewPasswordForm(allauth_forms.ResetPasswordKeyForm):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        # Shown by a button instead of typed twice.
        del self.fields["password2"]
        say_new_password(self.fields["password1"], _("New password"))


class ChangePasswordForm(allauth_forms.ChangePasswordForm):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["password2"]
        say(
            self.fields["oldpassword"],
            _("Password you use now"),
            missing=_("Enter the password you use now"),
        )
        say_new_password(self.fields["password1"], _("New password"))


class ChangeEmailForm(allauth_forms.AddEmailForm):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        say_email(self.fields["email"])
        self.fields["email"].label = _("New e-mail address")


class ProvePasswordForm(allauth_forms.ReauthenticateForm):
    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        say(self.fields["password"], _("Password"), missing=_("Enter your password"))
