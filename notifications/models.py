"""What people are told. Mail is a row first: it is written once and sent until it is gone."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _


class MailQuerySet(models.QuerySet):
    def waiting(self):
        return self.filter(sent_at=None, due_at__lte=Now(), attempts__lt=Mail.MOST_ATTEMPTS)


class Mail(models.Model):
    """One message to one person about one thing, sent once however often the event is heard."""

    MOST_ATTEMPTS = 10

    recipient = models.EmailField(_("to"))
    kind = models.CharField(_("kind"), max_length=40)
    # What it is about, with the kind: receivers may run twice, nobody is written to twice.
    dedupe_key = models.CharField(max_length=120)
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True)
    created_at = models.DateTimeField(_("written"), default=now)
    due_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mail")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["due_at"], name="mail_waiting", condition=Q(sent_at=None))]
        constraints = [
            models.UniqueConstraint(fields=["recipient", "dedupe_key"], name="written_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.recipient}"
