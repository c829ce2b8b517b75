"""Who may sign in: by e-mail address and password, whatever the case it is typed in."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings

DEMO_DOMAIN = "@demo.test"


class EmailBackend(AuthenticationBackend):
    def user_can_authenticate(self, user) -> bool:
        # The demo's people have a printed password: outside a demo they do not exist.
        if user.email.endswith(DEMO_DOMAIN) and not settings.DEMO:
            return False
        return super().user_can_authenticate(user)
