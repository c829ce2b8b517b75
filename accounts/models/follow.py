from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.querysets import ShopFollowQuerySet


class ShopFollow(models.Model):
    """Somebody wants to hear what is new in a shop; muted, they only keep it in their list."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="follows")
    shop = models.ForeignKey("accounts.Shop", models.CASCADE, related_name="follows")
    is_muted = models.BooleanField(_("muted"), default=False)
    created_at = models.DateTimeField(_("since"), default=now)

    objects = ShopFollowQuerySet.as_manager()

    class Meta:
        verbose_name = _("followed shop")
        verbose_name_plural = _("followed shops")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "shop"], name="followed_once"),
        ]
        indexes = [
            models.Index(
                fields=["shop", "id"], name="followers", condition=models.Q(is_muted=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} follows {self.shop_id}"
