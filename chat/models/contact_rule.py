from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ContactRule(models.Model):
    """What counts as leading a sale off the market. Staff edit it; nothing is blocked by it."""

    class Kind(models.TextChoices):
        MAIL = "mail", _("E-mail addresses")
        PHONE = "phone", _("Telephone numbers")
        LINK = "link", _("Links to other sites")
        WORDS = "words", _("Words and phrases")

    kind = models.CharField(_("what"), max_length=5, choices=Kind, unique=True)
    is_active = models.BooleanField(_("look for it"), default=True)
    # Of words: what to look for. Of the others: what is allowed all the same.
    entries = models.TextField(
        _("entries"),
        blank=True,
        help_text=_(
            "One a line. For words: what to look for. For links, addresses and numbers: "
            "what is allowed, such as a site of a carrier."
        ),
    )
    notice = models.CharField(
        _("what the sender is told"),
        max_length=300,
        blank=True,
        help_text=_("Shown to whoever wrote it, and to nobody else."),
    )

    class Meta:
        verbose_name = _("rule for contact details")
        verbose_name_plural = _("rules for contact details")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def phrases(self) -> list[str]:
        return [line.strip().lower() for line in self.entries.splitlines() if line.strip()]
