from __future__ import annotations

import uuid
from urllib.parse import urlsplit

from django.db import models
from django.utils.timezone import now

from accounts.models import BrowserSession
from accounts.services import agents
from notifications.models.outgoing import Outgoing, waiting_index


class PushSubscriptionQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(user=user) if user.is_authenticated else self.none()

    def reachable(self, server_key: str):
        """Those that a push signed by `server_key` may wake: made for it, and still signed in."""
        return self.filter(server_key=server_key, session__in=BrowserSession.objects.alive())


class PushSubscription(models.Model):
    """A browser that somebody lets us wake: where to, and the keys that only it can read.

    It hangs on the sign-in of that browser: who signs out is woken no more.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="push_subscriptions")
    session = models.OneToOneField(
        "accounts.BrowserSession", models.CASCADE, related_name="push_subscription"
    )
    endpoint = models.CharField(max_length=500, unique=True)
    p256dh = models.CharField(max_length=100)
    auth = models.CharField(max_length=40)
    # The key of ours that it was made for: the push service takes no other.
    server_key = models.CharField(max_length=100)
    created_at = models.DateTimeField(default=now)

    objects = PushSubscriptionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"a browser of {self.user_id}"

    @property
    def name(self) -> str:
        return agents.name_of(self.session.agent)

    @property
    def service(self) -> str:
        """Whose push service it is. The rest of the address is as good as a key."""
        return urlsplit(self.endpoint).hostname or ""


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
