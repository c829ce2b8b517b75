from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from marketflow.core.money import Money
from orders.querysets import RedemptionQuerySet


class Redemption(models.Model):
    """One use of a promotion by an order: by all of it, however many shops it is split over.

    Given back when the order comes to nothing. What it took off stays on the order's lines.
    """

    class State(models.TextChoices):
        USED = "used", _("Used")
        RELEASED = "released", _("Given back")

    promotion = models.ForeignKey(
        "carts.Promotion", models.PROTECT, related_name="redemptions", verbose_name=_("promotion")
    )
    order = models.ForeignKey("orders.Order", models.CASCADE, related_name="redemptions")
    # The number of the account, or the hash of a guest's e-mail address.
    buyer_key = models.CharField(max_length=64)
    # The lowest number that the buyer's other uses leave free: 1 up to the limit per buyer.
    # Null only within the transaction that places the order.
    slot = models.PositiveIntegerField(null=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.USED)
    # The promotion as it was.
    name = models.CharField(_("name"), max_length=80)
    code = models.CharField(_("code"), max_length=40, blank=True)
    currency = models.CharField(max_length=3)
    # Off goods and deliveries; and what the marketplace pays of it.
    discount_minor = models.PositiveBigIntegerField(_("discount"))
    funded_minor = models.PositiveBigIntegerField(_("paid by the marketplace"))
    used_at = models.DateTimeField(_("used"), default=now)
    released_at = models.DateTimeField(_("given back"), null=True, blank=True)

    objects = RedemptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("use of a promotion")
        verbose_name_plural = _("uses of promotions")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["promotion", "order"], name="one_use_per_order"),
            models.UniqueConstraint(
                fields=["promotion", "buyer_key", "slot"],
                condition=Q(state="used"),
                name="one_use_per_slot_of_buyer",
            ),
            models.CheckConstraint(
                condition=Q(funded_minor__lte=F("discount_minor")),
                name="funded_within_the_discount",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.state}"

    @property
    def discount(self) -> Money:
        return Money(self.discount_minor, self.currency)


class RedemptionShare(models.Model):
    """What one use took off one line, or off one shop's delivery, where `order_line` is null.

    Frozen with the order: a statement names by it which promotion took a discount off, and who
    pays it.
    """

    redemption = models.ForeignKey(Redemption, models.CASCADE, related_name="shares")
    seller_order = models.ForeignKey("orders.SellerOrder", models.CASCADE, related_name="shares")
    order_line = models.ForeignKey(
        "orders.OrderLine", models.CASCADE, null=True, related_name="shares"
    )
    discount_minor = models.PositiveBigIntegerField()
    funded_minor = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["redemption", "order_line"], name="one_share_per_line"
            ),
            models.UniqueConstraint(
                fields=["redemption", "seller_order"],
                condition=Q(order_line=None),
                name="one_share_per_delivery",
            ),
            models.CheckConstraint(
                condition=Q(funded_minor__lte=F("discount_minor")), name="funded_within_the_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.redemption_id}: {self.discount_minor}"
