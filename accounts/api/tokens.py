"""Signing up and in, for programs: `auth/…`."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import mails
from accounts.api.serializers import (
    CredentialsInput,
    PairSerializer,
    RefreshInput,
    RegistrationInput,
)
from accounts.models import User
from accounts.services import registration, second_factors, sessions, sign_in_limits, tokens
from accounts.services.tokens import TokenRefused
from marketflow.core import rate_limits
from marketflow.core.api.permissions import AllowAny


class NotSignedIn(APIException):
    status_code = 401
    default_code = "invalid_credentials"
    default_detail = "Check your e-mail address and password."


class SecondFactorRequired(APIException):
    status_code = 401
    default_code = "second_factor_required"
    default_detail = "This account has a second factor."
    facts = {"fields": {"code": ["Send the code of your app, or a recovery code."]}}


class AuthView(APIView):
    """Open to all: the credentials are in the body, so no header is looked at."""

    authentication_classes: list = []
    permission_classes = [AllowAny]

    def checked(self, serializer_class, request: Request) -> dict:
        serializer = serializer_class(data=request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data


class RegisterView(AuthView):
    @extend_schema(request=RegistrationInput, responses={201: None})
    def post(self, request: Request) -> Response:
        """Sign up. The answer is the same for an address that has an account."""
        rate_limits.count("register", rate_limits.address_of(request))
        values = self.checked(RegistrationInput, request)
        user = registration.sign_up(**values)
        _write_to(request, User.objects.normalize_email(values["email"]), user)
        detail = mails.look_for("Check your mail to confirm your address.")
        return Response({"detail": detail}, status=201)


class TokenView(AuthView):
    @extend_schema(request=CredentialsInput, responses=PairSerializer)
    def post(self, request: Request) -> Response:
        """Sign in: a short access token, and a refresh token that is used once."""
        values = self.checked(CredentialsInput, request)
        email = User.objects.normalize_email(values["email"])
        sign_in_limits.count(request, email)
        user = authenticate(request._request, email=email, password=values["password"])
        if user is None:
            raise NotSignedIn
        if settings.API_NEEDS_CONFIRMED_EMAIL and not _is_confirmed(user):
            raise NotSignedIn("Confirm your e-mail address first.", code="email_unverified")
        _require_second_factor(user, values.get("code", ""))
        sign_in_limits.forgive(request, email)
        update_last_login(None, user)
        pair = tokens.sign_in(user, **sessions.traits(request))
        return Response(PairSerializer(pair).data)


class RefreshView(AuthView):
    @extend_schema(request=RefreshInput, responses=PairSerializer)
    def post(self, request: Request) -> Response:
        """The next pair. An old token sent again after 10 seconds ends its family."""
        values = self.checked(RefreshInput, request)
        try:
            pair = tokens.rotate(values["refresh"])
        except TokenRefused as refused:
            raise NotSignedIn("This token is not accepted. Sign in again.", refused.code) from None
        return Response(PairSerializer(pair).data)


class LogoutView(AuthView):
    @extend_schema(request=RefreshInput, responses={204: None})
    def post(self, request: Request) -> Response:
        """End the family of the refresh token."""
        tokens.sign_out(self.checked(RefreshInput, request)["refresh"])
        return Response(status=204)


def _write_to(request: Request, email: str, user: User | None) -> None:
    """A link to confirm, or word that there is an account: a mail in either case."""
    if user is None:
        get_adapter(request._request).send_account_already_exists_mail(email)
        return
    address = EmailAddress.objects.get(user=user, primary=True)
    address.send_confirmation(request._request, signup=True)


def _require_second_factor(user: User, code: str) -> None:
    """Any factor counts: who has passkeys only signs programs in with a recovery code."""
    if not second_factors.are_on(user):
        return
    if not code or not second_factors.accept_code(user, code):
        raise SecondFactorRequired


def _is_confirmed(user: User) -> bool:
    return user.emailaddress_set.filter(verified=True).exists()
