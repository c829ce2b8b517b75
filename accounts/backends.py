"""Who may sign in: by e-mail address and password, whatever the case it is typed in."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from accounts.models import User

DEMO_DOMAIN = "@demo.test"


class EmailBackend(AuthenticationBackend):
    def authenticate(self, request: HttpRequest | None, **credentials: str) -> User | None:
        email = credentials.get("email") or credentials.get("username") or ""
        email = User.objects.normalize_email(email)
        if not _may_exist(email):
            # The work of a wrong password, so that the clock tells nothing.
            make_password(credentials.get("password"))
            return None
        user = super().authenticate(request, **credentials)
        # allauth also finds people by an address they have not confirmed yet.
        return user if user and user.email == email else None

    def user_can_authenticate(self, user: User) -> bool:
        return _may_exist(user.email) and super().user_can_authenticate(user)


def _may_exist(email: str) -> bool:
    # The demo's people have a printed password: outside a demo they do not exist.
    return settings.DEMO or not email.endswith(DEMO_DOMAIN)
