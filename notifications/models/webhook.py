from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from marketflow.core import sealing
from notifications.webhook_events import EVERYTHING
from notifications.webhook_querysets import (
    WebhookAttemptQuerySet,
    WebhookDeliveryQuerySet,
    WebhookEndpointQuerySet,
)

PURPOSE = "webhook-secret"


class WebhookEndpoint(models.Model):
    """Where a shop's program hears of events; without a shop, one of the marketplace itself."""

    class Off(models.TextChoices):
        BY_HAND = "by_hand", _("Switched off")
        FAILING = "failing", _("Nothing was accepted for three days")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    shop = models.ForeignKey(
        "accounts.Shop",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="webhook_endpoints",
        verbose_name=_("shop"),
    )
    url = models.CharField(_("address"), max_length=500)
    description = models.CharField(_("description"), max_length=200, blank=True)
    # Names of `webhook_events.EVENTS`, or `*`.
    events = models.JSONField(_("events"), default=list)

    # Sealed. The former secret signs beside the new one until its hour.
    secret = models.TextField(editable=False)
    former_secret = models.TextField(blank=True, default="", editable=False)
    former_until = models.DateTimeField(null=True, blank=True, editable=False)

    is_enabled = models.BooleanField(_("on"), default=True)
    off_reason = models.CharField(
        _("why it is off"), max_length=10, choices=Off, blank=True, default=""
    )
    off_at = models.DateTimeField(_("switched off"), null=True, blank=True)

    # How it goes: failures in a row, and since when nothing was accepted.
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    last_success_at = models.DateTimeField(_("last success"), null=True, blank=True)
    # Who sends to it right now, one at a time; whose turn it is; and a pause after failures.
    claim = models.UUIDField(null=True, editable=False)
    claimed_until = models.DateTimeField(db_default=Now(), editable=False)
    rests_until = models.DateTimeField(db_default=Now(), editable=False)
    served_at = models.DateTimeField(null=True, editable=False)

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    created_at = models.DateTimeField(_("created"), default=now, editable=False)

    objects = WebhookEndpointQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.url

    def listens_to(self, event: str) -> bool:
        return EVERYTHING in self.events or event in self.events

    @property
    def state(self) -> str:
        """`on`, `failing` or `off`."""
        if not self.is_enabled:
            return "off"
        return "failing" if self.failing_since else "on"

    def secrets(self, moment: datetime) -> list[str]:
        """What signs at `moment`, the new one first. Raises `sealing.Unreadable`."""
        sealed = [self.secret]
        if self.former_secret and self.former_until and self.former_until > moment:
            sealed.append(self.former_secret)
        return [sealing.unseal(one, purpose=PURPOSE) for one in sealed]


class WebhookDelivery(models.Model):
    """One event for one endpoint: what is said, word for word, and what became of it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Given up")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="deliveries")
    # The same for every try and every copy: what receivers know it by.
    event_id = models.UUIDField(_("event id"), editable=False)
    event = models.CharField(_("event"), max_length=40)
    # What has to be told in order, such as `order:12`; blank where each event stands alone.
    subject = models.CharField(max_length=60, blank=True)
    # The number of the event in the outbox: the order in which things happened.
    position = models.BigIntegerField(default=0)
    # Frozen: bytes that were signed once are sent again as they were.
    body = models.TextField(_("body"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    last_status = models.PositiveSmallIntegerField(_("last answer"), null=True, blank=True)
    last_error = models.CharField(_("last problem"), max_length=300, blank=True)
    # The database's clock: what is due is asked by it too.
    created_at = models.DateTimeField(_("created"), db_default=Now())
    due_at = models.DateTimeField(_("next try"), db_default=Now())
    first_tried_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["endpoint", "due_at"],
                name="webhooks_waiting",
                condition=Q(state="waiting"),
            ),
            models.Index(
                fields=["endpoint", "subject", "position"],
                name="webhooks_in_order",
                condition=Q(state="waiting"),
            ),
            models.Index(fields=["endpoint", "-id"], name="webhooks_of_endpoint"),
            models.Index(fields=["created_at"], name="webhooks_by_age"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "event_id"], name="one_delivery_per_endpoint_and_event"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.event_id}"


class WebhookAttempt(models.Model):
    """One request and its answer, cut short, without the secrets of either side."""

    delivery = models.ForeignKey(WebhookDelivery, models.CASCADE, related_name="tries")
    made_at = models.DateTimeField(_("when"), db_default=Now())
    milliseconds = models.PositiveIntegerField(_("took ms"), default=0)
    url = models.CharField(_("address"), max_length=500)
    request_headers = models.JSONField(_("headers sent"), default=dict)
    status = models.PositiveSmallIntegerField(_("answer"), null=True, blank=True)
    response_headers = models.JSONField(_("headers of the answer"), default=dict)
    response_body = models.TextField(_("body of the answer"), blank=True)
    error = models.CharField(_("problem"), max_length=300, blank=True)

    objects = WebhookAttemptQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook attempt")
        verbose_name_plural = _("webhook attempts")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.status or self.error}"
