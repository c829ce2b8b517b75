"""Adding, using and removing second factors: allauth's flows under our rules for pages."""

from __future__ import annotations

from allauth.mfa.base import views as base
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.views.entrance import Page


@login_required
def overview(request: HttpRequest) -> HttpResponse:
    factors = Authenticator.objects.filter(user=request.user).order_by("pk")
    by_type = {kind: [one for one in factors if one.type == kind] for kind in Authenticator.Type}
    context = {
        "app": next(iter(by_type["totp"]), None),
        "passkeys": by_type["webauthn"],
        "codes": next(iter(by_type["recovery_codes"]), None),
    }
    return render(request, "mfa/index.html", context)


class SignInCode(Page, base.AuthenticateView):
    pass


class ProveCode(Page, base.ReauthenticateView):
    pass


class AddApp(Page, totp.ActivateTOTPView):
    pass


class RemoveApp(Page, totp.DeactivateTOTPView):
    pass


class ShowCodes(Page, recovery.ViewRecoveryCodesView):
    pass


class NewCodes(Page, recovery.GenerateRecoveryCodesView):
    pass


class AddPasskey(Page, webauthn.AddWebAuthnView):
    pass


class RenamePasskey(Page, webauthn.EditWebAuthnView):
    pass


class RemovePasskey(Page, webauthn.RemoveWebAuthnView):
    pass


class ProvePasskey(Page, webauthn.ReauthenticateWebAuthnView):
    pass


download_codes = recovery.download_recovery_codes
