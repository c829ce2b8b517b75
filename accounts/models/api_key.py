from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.querysets import ApiKeyQuerySet
from marketflow.core.api.scopes import SCOPES


class ApiKey(models.Model):
    """What a program of a shop signs in with. Without a shop it is the marketplace's own.

    It acts for the person who made it, in that one shop alone, as far as its scopes go; and for
    nobody any more when that person has no seat there.
    """

    class State(models.TextChoices):
        IN_USE = "in_use", _("In use")
        EXPIRED = "expired", _("Expired")
        REVOKED = "revoked", _("Revoked")

    SCOPES = list(SCOPES.items())

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    shop = models.ForeignKey(
        "accounts.Shop", models.CASCADE, null=True, blank=True, related_name="api_keys"
    )
    made_by = models.ForeignKey(
        "accounts.User", models.CASCADE, related_name="api_keys", editable=False
    )
    name = models.CharField(_("name"), max_length=80)
    # What people know it by; the rest is nowhere.
    prefix = models.CharField(_("begins with"), max_length=16, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(_("may"), default=list)
    made_at = models.DateTimeField(_("made"), default=now, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(digest=""), name="api_key_has_a_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def actor(self) -> str:
        """Whose `Idempotency-Key` it is."""
        return f"key:{self.pk}"

    @property
    def state(self) -> str:
        # Shown only: whoever signs in is asked for by the database's clock.
        if self.revoked_at:
            return self.State.REVOKED
        is_over = self.expires_at is not None and self.expires_at <= now()
        return self.State.EXPIRED if is_over else self.State.IN_USE
