from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from treebeard.mp_tree import MP_Node


class Category(MP_Node):
    """A place in the tree. Everything below it is found by one indexed prefix of `path`."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("slug"), max_length=140, unique=True)
    description = models.TextField(_("description"), blank=True)
    # The number in Google's product taxonomy, where the category came from there.
    google_id = models.PositiveIntegerField(null=True, blank=True, unique=True)
    # "A > B > C": what imports and loaders recognise it by.
    full_name = models.CharField(_("full name"), max_length=500, db_index=True, blank=True)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")

    def __str__(self) -> str:
        return self.full_name or self.name

    def get_absolute_url(self) -> str:
        return reverse("category", args=[self.slug])
