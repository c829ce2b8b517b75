from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now

from accounts.querysets import RefreshFamilyQuerySet


class RefreshFamily(models.Model):
    """One sign-in of a program: the chain of refresh tokens that came of it."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="token_families")
    # What its owner knows it by.
    address = models.CharField(max_length=45, blank=True, db_default="")
    agent = models.CharField(max_length=300, blank=True, db_default="")
    # The database's clock: hosts differ.
    started_at = models.DateTimeField(db_default=Now())
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = RefreshFamilyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "refresh families"

    def __str__(self) -> str:
        return f"{self.user_id} since {self.started_at:%Y-%m-%d}"

    @property
    def mark(self) -> str:
        """What `realtime.revoke` calls it."""
        return f"family:{self.uuid}"


class RefreshLink(models.Model):
    """A token of the family. `parent` is unique: a token has one successor, whoever asks."""

    family = models.ForeignKey(RefreshFamily, models.CASCADE, related_name="links")
    jti = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    parent = models.OneToOneField(
        "self", models.CASCADE, null=True, blank=True, related_name="successor"
    )
    issued_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.jti)
