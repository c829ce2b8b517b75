from __future__ import annotations

import uuid

from django.db import models
from django.utils.timezone import now

from notifications.models.outgoing import Outgoing, waiting_index


class PushSubscriptionQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(user=user) if user.is_authenticated else self.none()


class PushSubscription(models.Model):
    """A browser that somebody lets us wake: where to, and the keys that only it can read."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="push_subscriptions")
    endpoint = models.CharField(max_length=500, unique=True)
    p256dh = models.CharField(max_length=100)
    auth = models.CharField(max_length=40)
    created_at = models.DateTimeField(default=now)

    objects = PushSubscriptionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"a browser of {self.user_id}"


class Push(Outgoing):
    """One notification to one browser."""

    MOST_ATTEMPTS = 5

    subscription = models.ForeignKey(PushSubscription, models.CASCADE, related_name="pushes")
    notification = models.ForeignKey(
        "notifications.Notification", models.CASCADE, related_name="pushes"
    )

    class Meta:
        verbose_name_plural = "pushes"
        indexes = [waiting_index("push_waiting")]
        constraints = [
            models.UniqueConstraint(fields=["subscription", "notification"], name="pushed_once"),
        ]

    def __str__(self) -> str:
        return f"{self.notification_id} → {self.subscription_id}"
