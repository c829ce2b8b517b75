from __future__ import annotations

from django.core.cache import cache
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _


class ContactRule(models.Model):
    """What counts as leading a sale off the market. Staff edit it; nothing is blocked by it."""

    # Every message asks for them. Saving one has all processes read anew; a reader that was
    # under way may put back what it read before, for so many seconds.
    KEPT, KEPT_SECONDS = "contact-rules", 5

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

    def save(self, *args, **kwargs) -> None:
        super().save(*args, **kwargs)
        transaction.on_commit(lambda: cache.delete(self.KEPT), robust=True)

    @classmethod
    def in_force(cls) -> list[tuple[str, list[str]]]:
        """The kinds that are looked for, each with its phrases."""
        rules = cache.get(cls.KEPT)
        if rules is None:
            rules = [(rule.kind, rule.phrases) for rule in cls.objects.filter(is_active=True)]
            cache.set(cls.KEPT, rules, cls.KEPT_SECONDS)
        return rules

    @property
    def phrases(self) -> list[str]:
        return [line.strip().lower() for line in self.entries.splitlines() if line.strip()]
