from __future__ import annotations

import uuid
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager):
    def create_user(self, email: str, password: str | None = None, **fields) -> User:
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email: str) -> User:
        return self.get(email__iexact=email)

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        # One account per address, however it is written.
        return (email or "").strip().lower()


class User(AbstractBaseUser, PermissionsMixin):
    """A person. The e-mail address is the user name."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    date_joined = models.DateTimeField(_("joined"), default=now, editable=False)
    wants_news = models.BooleanField(_("news by e-mail"), default=False)
    # Raised to end every session and token at once.
    session_version = models.PositiveIntegerField(default=1, editable=False)

    # The key by which a program acts for this person in this request; None for the person.
    api_key = None

    objects = UserManager()

    EMAIL_FIELD = USERNAME_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_account_per_email"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def shops(self):
        """Shops this person works for, as a queryset."""
        from accounts.models.shop import Shop

        return Shop.objects.filter(memberships__user=self)

    def get_session_auth_hash(self) -> str:
        return self._session_seal(settings.SECRET_KEY)

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        return map(self._session_seal, settings.SECRET_KEY_FALLBACKS)

    def _session_seal(self, secret: str) -> str:
        # Django compares this with the seal of the session at every request.
        sealed = f"{self.password}|{self.session_version}"
        return salted_hmac(
            "accounts.session", sealed, secret=secret, algorithm="sha256"
        ).hexdigest()

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] or self.email.split("@")[0]
