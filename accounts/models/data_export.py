from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.querysets import DataExportQuerySet


class DataExport(models.Model):
    """Everything that is kept about a person, in one file, for a week."""

    class State(models.TextChoices):
        PREPARING = "preparing", _("Preparing")
        READY = "ready", _("Ready")

    KEPT_DAYS = 7

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="data_exports")
    # Name in the private storage; blank until it is made.
    stored_as = models.CharField(max_length=200, blank=True)
    requested_at = models.DateTimeField(db_default=Now())
    ready_at = models.DateTimeField(null=True, blank=True)

    objects = DataExportQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.requested_at:%Y-%m-%d}"

    @property
    def state(self) -> str:
        return self.State.READY if self.ready_at else self.State.PREPARING
