from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class ShopDraft(models.Model):
    """What somebody has typed of an application for a shop, and not sent yet."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    # By field of the form, as typed: nothing in it has been checked.
    values = models.JSONField(default=dict)
    saved_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"Draft of {self.user_id}"
