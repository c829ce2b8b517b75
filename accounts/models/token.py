from __future__ import annotations

import uuid

from django.db import models
from django.utils.timezone import now


class RefreshFamily(models.Model):
    """One sign-in of a program: the chain of refresh tokens that came of it."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="token_families")
    started_at = models.DateTimeField(default=now)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "refresh families"

    def __str__(self) -> str:
        return f"{self.user_id} since {self.started_at:%Y-%m-%d}"


class RefreshLink(models.Model):
    """A token of the family. `parent` is unique: a token has one successor, whoever asks."""

    family = models.ForeignKey(RefreshFamily, models.CASCADE, related_name="links")
    jti = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    parent = models.OneToOneField(
        "self", models.CASCADE, null=True, blank=True, related_name="successor"
    )
    issued_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return str(self.jti)
