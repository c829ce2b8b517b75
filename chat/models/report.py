from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from chat.models.conversation import Conversation, Side
from chat.models.message import Message
from chat.querysets import ReportQuerySet


class Report(models.Model):
    """Somebody asks the marketplace to look at a conversation."""

    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="reports")
    # None where it is about the whole conversation.
    message = models.ForeignKey(
        Message, models.PROTECT, null=True, blank=True, related_name="reports"
    )
    reporter = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    side = models.CharField(_("reported by"), max_length=5, choices=Side)
    reason = models.CharField(_("reason"), max_length=500)
    # The text as it was: its author may have taken it back since.
    quoted = models.TextField(_("text reported"), blank=True)
    created_at = models.DateTimeField(_("reported"), default=now)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    closed_by = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, blank=True, related_name="+"
    )
    decision = models.CharField(_("what was done"), max_length=500, blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        ordering = ["-pk"]
        constraints = [
            # Asked twice, it is one question.
            models.UniqueConstraint(
                fields=["conversation", "reporter"],
                condition=Q(closed_at=None),
                name="one_open_report_each",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.conversation} {self.created_at:%Y-%m-%d}"
