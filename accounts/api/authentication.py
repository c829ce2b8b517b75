"""`Authorization: Bearer <access>`."""

from __future__ import annotations

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.tokens import Token

from accounts.backends import EmailBackend
from accounts.models import User
from accounts.services.tokens import VERSION


class BearerAuthentication(JWTAuthentication):
    """An access token holds until it expires, or until its user's sessions are ended."""

    def get_user(self, validated_token: Token) -> User:
        user = super().get_user(validated_token)
        is_current = validated_token.get(VERSION) == user.session_version
        if not is_current or not EmailBackend().user_can_authenticate(user):
            raise InvalidToken
        return user


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
