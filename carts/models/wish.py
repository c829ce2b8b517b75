from __future__ import annotations

from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from carts.querysets import BackInStockRequestQuerySet, WishListItemQuerySet


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


class BackInStockRequest(models.Model):
    """Somebody waits for a variant that is sold out. Told once; asked again, it is another.

    Of who has no account the address is kept until they are told, and no longer. They wait from
    the moment that they confirm it.
    """

    user = models.ForeignKey("accounts.User", models.CASCADE, null=True, related_name="+")
    email = models.EmailField(blank=True)
    # What links bear in place of the address.
    mailbox = models.CharField(max_length=64, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    variant = models.ForeignKey("catalog.Variant", models.CASCADE, related_name="+")
    asked_at = models.DateTimeField(default=now)
    # By the database's clock, as who is told first has a head start by it.
    told_at = models.DateTimeField(null=True, blank=True)

    objects = BackInStockRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request to be told")
        verbose_name_plural = _("requests to be told")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "variant"],
                condition=models.Q(told_at=None),
                name="waits_once_for_a_variant",
            ),
            models.UniqueConstraint(
                fields=["mailbox", "variant"],
                condition=models.Q(told_at=None, user=None),
                name="guest_waits_once_for_a_variant",
            ),
        ]
        indexes = [
            models.Index(
                fields=["variant", "id"], name="waiting_line", condition=models.Q(told_at=None)
            ),
            models.Index(fields=["variant", "told_at"], name="told_of_stock"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id or 'a guest'} waits for {self.variant_id}"
