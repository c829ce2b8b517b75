"""Signing up, in and out, and proving an address: allauth's flows under our rules for pages."""

from __future__ import annotations

from allauth.account import views as allauth_views
from allauth.account.models import EmailAddress
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from accounts import mails
from accounts.models import User
from accounts.pages import see_other, too_many
from marketflow.core import rate_limits


class Page:
    """422 for a form with errors, 303 after a POST, 429 in words when a limit is used up."""

    # The limit of `settings.RATE_LIMITS` that a POST counts against, and whose it is.
    limit = ""

    def dispatch(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        try:
            if self.limit and request.method == "POST":
                rate_limits.count(self.limit, self.counted(request))
            response = super().dispatch(request, *args, **kwargs)
        except rate_limits.TooMany as refusal:
            return too_many(request, refusal)
        if request.method == "POST" and response.status_code == 302:
            response.status_code = 303
        return response

    def counted(self, request: HttpRequest) -> str:
        return rate_limits.address_of(request)

    def form_invalid(self, form) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def get_context_data(self, **kwargs) -> dict:
        return super().get_context_data(**kwargs) | {"mails_are_printed": mails.are_printed()}


class OwnPage(Page):
    """A page of somebody signed in: the limit is theirs."""

    limit = "change_account"

    def counted(self, request: HttpRequest) -> str:
        return f"user:{request.user.pk}"


class SignUp(Page, allauth_views.SignupView):
    limit = "register"


class SignIn(Page, allauth_views.LoginView):
    # Counted where the password is checked: accounts.adapter.
    pass


class SignOut(Page, allauth_views.LogoutView):
    pass


class MailSent(Page, allauth_views.EmailVerificationSentView):
    pass


class ConfirmEmail(Page, allauth_views.ConfirmEmailView):
    def post(self, *args, **kwargs) -> HttpResponse:
        confirmation = self.get_object()
        if _belongs_to_another(confirmation.email_address):
            # Between asking and confirming somebody else made it their user name.
            messages.error(self.request, _("This address can't be used. Choose another one."))
            return see_other("account_login")
        return super().post(*args, **kwargs)


class AskReset(Page, allauth_views.PasswordResetView):
    limit = "password_reset"


class ResetSent(Page, allauth_views.PasswordResetDoneView):
    pass


class ChooseNewPassword(Page, allauth_views.PasswordResetFromKeyView):
    limit = "password_reset"


class NewPasswordChosen(Page, allauth_views.PasswordResetFromKeyDoneView):
    pass


class Closed(Page, allauth_views.AccountInactiveView):
    pass


class ChangePassword(OwnPage, allauth_views.PasswordChangeView):
    pass


class ChangeEmail(OwnPage, allauth_views.EmailView):
    pass


class ProvePassword(OwnPage, allauth_views.ReauthenticateView):
    pass


def _belongs_to_another(address: EmailAddress) -> bool:
    return User.objects.filter(email=address.email).exclude(pk=address.user_id).exists()
