from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.models.outgoing import Outgoing, waiting_index


class Mail(Outgoing):
    """One message to one person about one thing, sent once however often the event is heard."""

    recipient = models.EmailField(_("to"))
    kind = models.CharField(_("kind"), max_length=40)
    # What it is about, with the kind: receivers may run twice, nobody is written to twice.
    dedupe_key = models.CharField(max_length=120)
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True)
    # Where one click ends mails of this kind; blank where nobody can.
    unsubscribe_url = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mail")
        ordering = ["-pk"]
        indexes = [waiting_index("mail_waiting")]
        constraints = [
            models.UniqueConstraint(fields=["recipient", "dedupe_key"], name="written_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.recipient}"
