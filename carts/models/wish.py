from __future__ import annotations

from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from carts.querysets import WishListItemQuerySet


class WishListItem(models.Model):
    """A product somebody keeps an eye on."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="wish_list")
    product = models.ForeignKey("catalog.Product", models.CASCADE, related_name="+")
    added_at = models.DateTimeField(default=now)
    # The lowest price that they saw or were told of. A fall below it is news.
    seen_minor = models.PositiveBigIntegerField(db_default=0)

    objects = WishListItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("wish")
        verbose_name_plural = _("wish list")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "product"], name="wished_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} wishes {self.product_id}"
