from __future__ import annotations

from django.db import models


class ShopNewsQuerySet(models.QuerySet):
    def claimed(self):
        """Lock, passing over what another worker is at. SQLite has one writer and needs none."""
        return self.select_for_update(skip_locked=True)


class ShopNews(models.Model):
    """New items of a shop on one day that its followers are still to be told of.

    Gone once all have been; an item of the same day makes it anew.
    """

    shop = models.ForeignKey("accounts.Shop", models.CASCADE, related_name="+")
    day = models.DateField()
    # The last ShopFollow that was dealt with. They are gone through by primary key.
    told_to = models.BigIntegerField(default=0)

    objects = ShopNewsQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "shop news"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "day"], name="news_of_a_shop_and_day"),
        ]

    def __str__(self) -> str:
        return f"shop {self.shop_id} on {self.day}"
