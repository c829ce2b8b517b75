"""A new password, for programs: `auth/password/…`."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.forms import UserTokenForm
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import mails
from accounts.api.serializers import PasswordChangeInput, ResetConfirmInput, ResetInput
from accounts.api.tokens import AuthView
from accounts.forms.entrance import AskResetForm
from accounts.models import User
from marketflow.core import rate_limits
from marketflow.core.api.permissions import IsAuthenticated


class ResetView(AuthView):
    @extend_schema(request=ResetInput, responses={202: None})
    def post(self, request: Request) -> Response:
        """Send a mail with the way to a new password, or word that there is no account."""
        rate_limits.count("password_reset", rate_limits.address_of(request))
        values = self.checked(ResetInput, request)
        form = AskResetForm({"email": values["email"]})
        if not form.is_valid():
            raise ValidationError({"email": form.errors["email"]})
        form.save(request._request)
        return Response({"detail": mails.look_for("Check your mail.")}, status=202)


class ResetConfirmView(AuthView):
    @extend_schema(request=ResetConfirmInput, responses={204: None})
    def post(self, request: Request) -> Response:
        """Choose the new password by the key of the mail. Every session and token ends."""
        rate_limits.count("password_reset", rate_limits.address_of(request))
        values = self.checked(ResetConfirmInput, request)
        user = _user_of(values["key"])
        _validate("password", values["password"], user)
        _set(request, user, values["password"], told_by="account/email/password_reset")
        return Response(status=204)


class ChangeView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(request=PasswordChangeInput, responses={204: None})
    def post(self, request: Request) -> Response:
        """Change the password. Every session and token of the account ends."""
        serializer = PasswordChangeInput(data=request.data)
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        rate_limits.count("sign_in_account", rate_limits.account_of(request.user.email))
        if not request.user.check_password(values["current_password"]):
            raise ValidationError({"current_password": ["This is not your password."]})
        _validate("new_password", values["new_password"], request.user)
        _set(
            request, request.user, values["new_password"], told_by="account/email/password_changed"
        )
        return Response(status=204)


def _user_of(key: str) -> User:
    uid, _, token = key.partition("-")
    form = UserTokenForm({"uidb36": uid, "key": token})
    if not form.is_valid() or not form.reset_user.is_active:
        raise ValidationError({"key": ["This key is not accepted. Ask for another mail."]})
    return form.reset_user


def _validate(field: str, password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except DjangoValidationError as problem:
        raise ValidationError({field: problem.messages}) from problem


def _set(request: Request, user: User, password: str, *, told_by: str) -> None:
    adapter = get_adapter(request._request)
    adapter.set_password(user, password)
    adapter.send_notification_mail(told_by, user)
