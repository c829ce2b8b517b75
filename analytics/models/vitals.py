"""How pages did in visitors' browsers, counted by day. Nothing here is of a person."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class PageVital(models.Model):
    """How often a vital of a page was between the bound below `up_to` and `up_to` on a day (UTC).

    A histogram cannot be computed again, and needs no visit to be kept.
    """

    class Metric(models.TextChoices):
        LCP = "lcp", _("Largest contentful paint")
        INP = "inp", _("Interaction to next paint")
        CLS = "cls", _("Cumulative layout shift")

    class Device(models.TextChoices):
        PHONE = "phone", _("Phones")
        DESKTOP = "desktop", _("Larger screens")

    day = models.DateField(_("day"))
    # The name of its address, such as "product": never the address itself.
    page = models.CharField(_("page"), max_length=100)
    metric = models.CharField(_("vital"), max_length=3, choices=Metric.choices)
    device = models.CharField(_("device"), max_length=7, choices=Device.choices)
    # In milliseconds; of layout shifts in thousandths.
    up_to = models.PositiveIntegerField(_("up to"))
    times = models.PositiveIntegerField(_("times"))

    class Meta:
        verbose_name = _("vital of a page")
        verbose_name_plural = _("vitals of pages")
        ordering = ["-day", "page", "metric", "device", "up_to"]
        constraints = [
            models.UniqueConstraint(
                fields=["day", "page", "metric", "device", "up_to"], name="one_row_a_bucket"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.page} {self.metric} {self.day}"


class ScriptError(models.Model):
    """How often a script of ours failed in the same way on a day (UTC)."""

    day = models.DateField(_("day"))
    message = models.CharField(_("message"), max_length=120)
    module = models.CharField(_("module"), max_length=100)
    line = models.PositiveIntegerField(_("line"))
    times = models.PositiveIntegerField(_("times"))

    class Meta:
        verbose_name = _("error of a script")
        verbose_name_plural = _("errors of scripts")
        ordering = ["-day", "module", "line", "message"]
        constraints = [
            models.UniqueConstraint(
                fields=["day", "module", "line", "message"], name="one_row_an_error"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.module}:{self.line} {self.message}"
