from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from chat.querysets import OfAShopQuerySet


class Desk(models.Model):
    """How a shop answers while nobody of it is there."""

    shop = models.OneToOneField("accounts.Shop", models.CASCADE, related_name="desk")
    away_message = models.TextField(
        _("automatic answer"),
        max_length=1000,
        blank=True,
        help_text=_("Sent once a day to a buyer who writes while it is on."),
    )
    is_away = models.BooleanField(
        _("answer automatically"),
        default=False,
        help_text=_("During a vacation of the shop it is on by itself."),
    )

    objects = OfAShopQuerySet.as_manager()

    class Meta:
        verbose_name = _("automatic answer")
        verbose_name_plural = _("automatic answers")

    def __str__(self) -> str:
        return str(self.shop)


class QuickReply(models.Model):
    """A text that a shop writes often."""

    shop = models.ForeignKey("accounts.Shop", models.CASCADE, related_name="quick_replies")
    title = models.CharField(_("name"), max_length=60)
    body = models.TextField(_("text"), max_length=2000)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects = OfAShopQuerySet.as_manager()

    class Meta:
        verbose_name = _("quick reply")
        verbose_name_plural = _("quick replies")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.title
