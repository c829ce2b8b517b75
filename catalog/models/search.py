from __future__ import annotations

from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _


class Synonym(models.Model):
    """Words that mean the same to a search: "sofa" finds "couch". Edited by staff."""

    term = models.CharField(_("people search for"), max_length=60, unique=True)
    means = models.CharField(_("also look for"), max_length=200)

    class Meta:
        verbose_name = _("synonym")
        verbose_name_plural = _("synonyms")
        ordering = ["term"]

    def __str__(self) -> str:
        return f"{self.term} → {self.means}"


class SearchMiss(models.Model):
    """What people searched for and did not find."""

    term = models.CharField(_("searched for"), max_length=200, unique=True)
    times = models.PositiveIntegerField(_("times"), default=1)
    last_at = models.DateTimeField(_("last"), default=now)

    class Meta:
        verbose_name = _("search without result")
        verbose_name_plural = _("searches without result")
        ordering = ["-times", "term"]

    def __str__(self) -> str:
        return f"{self.term} ({self.times})"
