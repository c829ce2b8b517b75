"""`Authorization: Bearer …`: an access token of a person, or an API key."""

from __future__ import annotations

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication

from accounts.models import ApiKey, User
from accounts.services import api_keys, tokens
from accounts.services.tokens import TokenRefused
from marketflow.core import rate_limits
from marketflow.core.api.scopes import SCOPES

REALM = 'Bearer realm="api"'


class KeyAuthentication(BaseAuthentication):
    """An API key acts for its maker, in its one shop, within its scopes (`core.api.scopes`)."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        text = bearer(request)
        if not text.startswith(api_keys.MARK):
            return None
        rate_limits.count("api_key", api_keys.digest_of(text))
        key = api_keys.find(text)
        if key is None:
            raise AuthenticationFailed("This key is not accepted.", code="key_invalid")
        user = key.made_by
        user.api_key = key
        return user, key

    def authenticate_header(self, request: Request) -> str:
        return REALM


class BearerAuthentication(JWTAuthentication):
    """An access token holds until it expires, or until its sign-in is ended."""

    def authenticate(self, request: Request) -> tuple[User, dict[str, object]] | None:
        text = bearer(request)
        if not text:
            return None
        try:
            # Whose it is and whether its family lives is one question to the database.
            return tokens.holder(text)
        except TokenRefused as refused:
            raise AuthenticationFailed("This token is not accepted.", refused.code) from None

    def authenticate_header(self, request: Request) -> str:
        return REALM


def bearer(request: Request) -> str:
    """What follows `Bearer`; blank where there is none, or it is no plain text."""
    scheme, _, text = get_authorization_header(request).partition(b" ")
    if scheme.lower() != b"bearer":
        return ""
    try:
        return text.strip().decode("ascii")
    except UnicodeDecodeError:
        return ""


class KeyScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.api.authentication.KeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        words = [f"- `{scope}`: {meaning}" for scope, meaning in SCOPES.items()]
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "mfk_…",
            "description": "A key of a shop. It needs the scope that the operation names:\n\n"
            + "\n".join(words),
        }


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
