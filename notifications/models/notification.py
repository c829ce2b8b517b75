from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from notifications import kinds


class NotificationQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Somebody's own, without those of kinds that they don't want in the list."""
        return self.filter(user=user, is_shown=True) if user.is_authenticated else self.none()

    def unread(self):
        return self.filter(read_at=None)


class Notification(models.Model):
    """One person was told of one thing. Mails and pushes about it begin here, so none is twice."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="notifications")
    kind = models.CharField(_("kind"), max_length=40)
    # The kind and what it is about: an event may be heard twice, people are told once.
    dedupe_key = models.CharField(max_length=120)
    # What the kind's sentence names, as plain values: it is put into words when it is read.
    facts = models.JSONField(default=dict)
    path = models.CharField(max_length=300)
    is_shown = models.BooleanField(default=True)
    awaits_digest = models.BooleanField(default=False)
    created_at = models.DateTimeField(_("told"), default=now)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "dedupe_key"], name="told_once"),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="inbox"),
            models.Index(
                fields=["user"], name="inbox_unread", condition=Q(read_at=None, is_shown=True)
            ),
            models.Index(fields=["user"], name="for_digest", condition=Q(awaits_digest=True)),
        ]

    def __str__(self) -> str:
        return f"{self.dedupe_key} → {self.user_id}"

    def get_absolute_url(self) -> str:
        """Reading it leads on to what it is about."""
        return reverse("notifications:open", args=[self.uuid])

    @property
    def text(self) -> str:
        """The sentence, in the language of the moment."""
        return kinds.KINDS[self.kind].in_words(self.facts)

    @property
    def icon(self) -> str:
        return kinds.KINDS[self.kind].icon
