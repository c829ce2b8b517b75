from __future__ import annotations

import uuid

from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from catalog.querysets import ProductImageQuerySet

SHOWN = ("waiting", "ready")


class ProductImage(models.Model):
    """A picture in a product's gallery. The upload itself stays private.

    `waiting` has its fallback JPEG (or, for one named in an import, nothing yet) and waits for
    its sizes; `ready` has them all. Only `services.pictures` writes the files.
    """

    class State(models.TextChoices):
        REMOTE = "remote", _("Not fetched yet")
        WAITING = "waiting", _("Sizes to be made")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    product = models.ForeignKey("catalog.Product", models.CASCADE, related_name="images")
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    alt = models.CharField(_("description for those who can't see it"), max_length=250, blank=True)
    # Where an import found it; what a second import recognises it by.
    source_url = models.CharField(max_length=2000, blank=True, editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING, editable=False)
    failure = models.CharField(max_length=200, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    due_at = models.DateTimeField(db_default=Now(), editable=False)

    # Names in the private and the public storage.
    original = models.CharField(max_length=200, blank=True, editable=False)
    fallback = models.CharField(max_length=200, blank=True, editable=False)
    width = models.PositiveIntegerField(null=True, editable=False)
    height = models.PositiveIntegerField(null=True, editable=False)
    # Widths made, by format: {"avif": [160, 320], "webp": [160, 320]}.
    sizes = models.JSONField(default=dict, editable=False)
    # The dominant colour as one of 64 classes: two bits a channel.
    tint = models.CharField(max_length=6, blank=True, editable=False)
    created_at = models.DateTimeField(default=now, editable=False)

    objects = ProductImageQuerySet.as_manager()

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        ordering = ["position", "pk"]
        indexes = [
            models.Index(
                fields=["due_at"],
                name="picture_to_make",
                condition=Q(state__in=["remote", "waiting"]),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "source_url"],
                condition=~Q(source_url=""),
                name="picture_imported_once",
            ),
        ]

    def __str__(self) -> str:
        return self.alt or f"Picture {self.position + 1}"

    @property
    def folder(self) -> str:
        return f"pictures/{self.uuid}"

    @property
    def is_shown(self) -> bool:
        """Whether there is something to draw; pages draw placeholder art where not."""
        return bool(self.fallback) and self.state in SHOWN

    @property
    def fallback_url(self) -> str:
        """The JPEG that every browser can show; empty where there is none."""
        return default_storage.url(self.fallback) if self.is_shown else ""

    def url(self, width: int, format: str = "webp") -> str:
        """The smallest size that is at least `width` wide, or the largest; else the fallback."""
        made = self._widths(format)
        if not made:
            return self.fallback_url
        best = min((w for w in made if w >= width), default=max(made))
        return self._url_of(f"{best}.{format}")

    @property
    def largest_url(self) -> str:
        return self.url(max(self._widths("webp"), default=0))

    def srcset(self, format: str) -> str:
        """`…/160.webp 160w, …/320.webp 320w`; empty where the format was not made."""
        return ", ".join(f"{self._url_of(f'{w}.{format}')} {w}w" for w in self._widths(format))

    @property
    def sources(self) -> list[tuple[str, str]]:
        """Type and srcset for each `<source>`, the smallest files first."""
        formats = [format for format in ("avif", "webp") if self._widths(format)]
        return [(f"image/{format}", self.srcset(format)) for format in formats]

    @property
    def og_url(self) -> str:
        return self._url_of("og.jpg") if self.state == self.State.READY else self.fallback_url

    @property
    def public_names(self) -> list[str]:
        """Every file in the public storage."""
        if not self.fallback:
            return []
        sizes = [f"{w}.{format}" for format, widths in self.sizes.items() for w in widths]
        return [self.fallback, *(f"{self.folder}/{name}" for name in [*sizes, "og.jpg"])]

    def _widths(self, format: str) -> list[int]:
        return self.sizes.get(format, []) if self.state == self.State.READY else []

    def _url_of(self, name: str) -> str:
        return default_storage.url(f"{self.folder}/{name}")
